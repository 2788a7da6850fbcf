"""ipvsadm's commands change a running director, as the article's scripts and ipvsadm's own would have it.

                                     director                          .--- rs1  192.168.11.100
        client ------------------- wan0    lan0 ----------- switch ---<
        192.168.22.50     192.168.22.11    192.168.11.11               '--- rs2  192.168.11.101
                              VIP :80
"""

import os

from checks import equal, holds
from lab import NatTwoArm, run, service
from traffic import answers, ask, connect

TOPOLOGY = NatTwoArm
URL = "http://192.168.22.11/"
# lvs_nat.sh, but for the lines about the kernel.
ARTICLE = """\
IPVSADM=ipvsadm
$IPVSADM -C
$IPVSADM -A -t 192.168.22.11:80 -s wrr
$IPVSADM -a -t 192.168.22.11:80 -r 192.168.11.100:80 -m -w 2
$IPVSADM -a -t 192.168.22.11:80 -r 192.168.11.101:80 -m -w 1
"""
SAVED = """\
-A -t 192.168.22.11:80 -s wrr
-a -t 192.168.22.11:80 -r 192.168.11.100:80 -m -w 2
-a -t 192.168.22.11:80 -r 192.168.11.101:80 -m -w 1
"""


def shell(lbd, script):
    """Runs a script that finds lbd's ipvsadm by its name."""
    programs = lbd.lab.programs.lbctl.parent
    environment = dict(os.environ, LBD_SOCKET=str(lbd.socket), PATH=f"{programs}:{os.environ['PATH']}")
    return run(["sh", "-e", "-c", script], env=environment, timeout=20).stdout


def article_script(net):
    """The article's NAT script makes the cluster out of nothing; run again, it makes the same one"""
    with net.lbd([]) as lbd:
        for _ in range(2):
            equal(shell(lbd, ARTICLE), "", "what the script prints")
            equal(lbd.ctl("ipvsadm", "-Sn"), SAVED, "ipvsadm -Sn")
            for _ in range(2):
                equal(sorted(answers(net.client, URL, 3)), ["rs1", "rs1", "rs2"], "a cycle of wrr 2:1")


def servers_come_and_go(net):
    """-a, -e, -d and -E act at once on new connections; an open one stays with its server to its end"""
    with net.lbd([]) as lbd:
        shell(lbd, ARTICLE)
        lbd.ctl("ipvsadm", *"-d -t 192.168.22.11:80 -r 192.168.11.101:80".split())
        equal(answers(net.client, URL, 3), ["rs1"] * 3, "answers without rs2")
        with connect(net.client, "192.168.22.11", 80) as held:
            equal(ask(held), "rs1", "the connection that is held")
            lbd.ctl("ipvsadm", *"-a -t 192.168.22.11:80 -r 192.168.11.101:80 -m".split())
            lbd.ctl("ipvsadm", *"-e -t 192.168.22.11:80 -r 192.168.11.100:80 -m -w 0".split())
            equal(answers(net.client, URL, 3), ["rs2"] * 3, "answers with rs1 at weight 0")
            lbd.ctl("ipvsadm", *"-d -t 192.168.22.11:80 -r 192.168.11.100:80".split())
            equal(ask(held), "rs1", "the held connection after its server was deleted")
        lbd.ctl("ipvsadm", *"-E -t 192.168.22.11:80 -s rr".split())
        equal(lbd.ctl("ipvsadm", *"-Ln -t 192.168.22.11:80".split()).splitlines()[2], "TCP  192.168.22.11:80 rr",
              "the service after -E")


def saved_and_restored(net):
    """-S, -C and -R in a pipe give the same cluster back; a document with a mistake changes nothing"""
    with net.lbd([]) as lbd:
        shell(lbd, ARTICLE)
        saved = shell(lbd, 'saved=$(ipvsadm -S -n); ipvsadm -C; ipvsadm -Sn; echo "$saved" | ipvsadm -R; ipvsadm -Sn')
        equal(saved, SAVED, "nothing after -C, and what was restored")
        equal(sorted(answers(net.client, URL, 3)), ["rs1", "rs1", "rs2"], "a cycle of wrr 2:1")
        wrong = lbd.ask("ipvsadm", "-R", stdin="-C\n-A -t 192.168.22.11:80 -s nosuch\n")
        equal((wrong.returncode, wrong.stdout, wrong.stderr),
              (255, "", "line 2: Scheduler or persistence engine not found (-A -t 192.168.22.11:80 -s nosuch)\n"),
              "a document with an unknown scheduler")
        equal(lbd.ctl("ipvsadm", "-Sn"), SAVED, "the table after it")


def restored_as_a_whole(net):
    """A document that begins with -C and brings all back is no change: names, the sorry server, drained ones stay"""
    web = service("192.168.22.11:80", ["192.168.11.100:80", "192.168.11.101:80"], name="web",
                  sorry_server={"address": "192.168.11.101:81"})
    with net.lbd([web]) as lbd:
        lbd.ctl("set", "server", "web", "192.168.11.101:80", "state", "drain")
        before = lbd.json("show", "config")
        shell(lbd, "(echo -C; ipvsadm -Sn) | ipvsadm -R")
        equal(lbd.json("show", "config"), before, "the configuration after it")
        equal(answers(net.client, URL, 2), ["rs1", "rs1"], "answers with rs2 drained")


def timeouts_and_counters(net):
    """--set and -Z, seen in --timeout and --stats"""
    with net.lbd([]) as lbd:
        shell(lbd, ARTICLE)
        lbd.ctl("ipvsadm", "--set", "300", "0", "30")
        equal(lbd.ctl("ipvsadm", "-L", "--timeout"), "Timeout (tcp tcpfin udp): 300 120 30\n", "timeouts")
        answers(net.client, URL, 3)
        holds(lbd.servers()[0]["connections_total"] == 2, "rs1's connections before -Z")
        lbd.ctl("ipvsadm", "-Z")
        equal([one["connections_total"] for one in lbd.servers()], [0, 0], "connections after -Z")


def article_mistakes(net):
    """What exists already and what does not is said in ipvsadm's words, with its exit status"""
    with net.lbd([]) as lbd:
        shell(lbd, ARTICLE)
        for line, text in (("-A -t 192.168.22.11:80 -s rr", "Service already exists"),
                           ("-a -t 192.168.22.11:80 -r 192.168.11.100:80 -m", "Destination already exists"),
                           ("-a -t 192.168.22.11:81 -r 192.168.11.100:80 -m", "Service not defined"),
                           ("-d -t 192.168.22.11:80 -r 192.168.11.102:80", "No such destination")):
            result = lbd.ask("ipvsadm", *line.split())
            equal((result.returncode, result.stdout, result.stderr), (255, "", text + "\n"), f"ipvsadm {line}")
        # The checks of the configuration hold for commands too.
        result = lbd.ask("ipvsadm", *"-a -t 192.168.22.11:80 -r 10.99.0.1:80 -g".split())
        equal((result.returncode, len(result.stderr.splitlines())), (255, 1), "a DR server beyond a router")
        equal(lbd.ctl("ipvsadm", "-Sn"), SAVED, "the table after all that")


CASES = [article_script, servers_come_and_go, saved_and_restored, restored_as_a_whole, timeouts_and_counters,
         article_mistakes]
