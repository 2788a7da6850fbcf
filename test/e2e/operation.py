"""lbd and lbctl as an operator meets them while lbd runs: the socket, its commands, signals, the end.

                                     director                          .--- rs1  192.168.11.100
        client ------------------- wan0    lan0 ----------- switch ---<
        192.168.22.50     192.168.22.11    192.168.11.11               '--- rs2  192.168.11.101
                              VIP :80
"""

import grp
import json
import os
import re
import signal
import socket
import stat
import subprocess

import frames
from checks import Failed, contains, equal, holds
from lab import Capture, NatTwoArm, run, service, spread, wait_for
from traffic import Wire, answers

TOPOLOGY = NatTwoArm
WEB = service("192.168.22.11:80", ["192.168.11.100:80", "192.168.11.101:80"], name="web")
SHOWS = ("info", "services", "health", "connections", "interfaces", "neighbours", "workers", "drops", "config", "metrics")


def sockets(net, *levels_and_modes):
    """The `control` object with one socket per (level, mode)."""
    return {"sockets": [{"path": str(net.lab.directory / f"{level}.sock"), "level": level, "mode": mode}
                        for level, mode in levels_and_modes]}


def everything_is_shown(net):
    """Each show that help names answers as text and as JSON, with the keys of the contract; none of these is missing"""
    with net.lbd([WEB]) as lbd:
        answers(net.client, "http://192.168.22.11/", 2)
        shows = {one["command"]: one["json"] for one in lbd.json("help", "show")["commands"]}
        equal({f"show {what}" for what in SHOWS} - shows.keys(), set(), "what help does not name")
        for words, has_json in shows.items():
            contains(lbd.ctl("help"), words, "help")
            holds(lbd.ctl(*words.split()).strip(), f"{words} prints nothing")
            if has_json:
                holds(lbd.json(*words.split()), f"{words} json is empty")
        info = lbd.json("show", "info")
        for key in ("version", "uptime_seconds", "workers", "connections", "mbufs", "drops"):
            holds(key in info, f"show info json has no {key}: {info}")
        equal(info["workers"], spread.workers, "workers")
        worker = lbd.json("show", "workers")["workers"][0]
        holds({"lcore", "busy", "connections", "packets", "handed_over", "steering"} <= worker.keys(),
              f"show workers json lacks keys: {worker}")
        contains(lbd.ctl("show", "neighbours"), net.rs1.mac("eth0"), "show neighbours")
        contains(lbd.ctl("show", "interfaces"), net.director.mac("wan0"), "show interfaces")


def shown_config_starts_lbd(net):
    """What `show config json` prints is a file that lbd accepts"""
    with net.lbd([WEB]) as lbd:
        printed = net.lab.directory / "printed.json"
        printed.write_text(lbd.ctl("show", "config", "json"))
        checked = run([net.lab.programs.lbd, "--check", "--config", printed], check=False)
        equal((checked.returncode, json.loads(printed.read_text())["services"][0]["name"]), (0, "web"),
              f"--check of the printed file: {checked.stderr}")


def ordinary_tools_speak_to_the_socket(net):
    """socat is enough; LBD_SOCKET and the name ipvsadm work; errors are one line, with exit status 1"""
    with net.lbd([WEB]) as lbd:
        by_socat = run(["socat", "-", f"UNIX-CONNECT:{lbd.socket}"], stdin="show services\n").stdout
        equal(by_socat.splitlines()[0], lbd.ctl("show", "services").splitlines()[0], "show services by socat")
        environment = dict(os.environ, LBD_SOCKET=str(lbd.socket))
        ipvsadm = net.lab.programs.lbctl.with_name("ipvsadm")
        equal(run([ipvsadm, "-Ln"], env=environment).stdout, lbd.ctl("ipvsadm", "-Ln"), "ipvsadm by its own name")
        contains(run([net.lab.programs.lbctl, "help"], env=environment).stdout, "show services", "LBD_SOCKET, help")
        wrong = lbd.ask("shwo", "services")
        equal((wrong.returncode, wrong.stdout, len(wrong.stderr.splitlines())), (1, "", 1), "a wrong command")
        by_socat = run(["socat", "-", f"UNIX-CONNECT:{lbd.socket}"], stdin="shwo services\n").stdout
        holds(by_socat.startswith("error: ") and by_socat.count("\n") == 1, f"the error as sent: {by_socat!r}")


def levels_and_modes(net):
    """Each socket has its mode and group; one of level read shows everything and changes nothing"""
    control = sockets(net, ("admin", "0600"), ("read", "0666"))
    control["sockets"][1]["group"] = "nosuchgroup"
    refused = net.lab.directory / "refused.json"
    refused.write_text(json.dumps(net.configuration([WEB], control=control)))
    checked = run([net.lab.programs.lbd, "--check", "--config", refused], check=False)
    contains(checked.stderr, "/control/sockets/1/group: found", "--check of a group that is not")
    control["sockets"][1]["group"] = grp.getgrgid(1).gr_name
    with net.lbd([WEB], control=control) as lbd:
        equal([os.stat(entry["path"]).st_gid for entry in control["sockets"]], [os.getegid(), 1], "groups")
        for entry in control["sockets"]:
            mode = os.stat(entry["path"]).st_mode
            holds(stat.S_ISSOCK(mode), f"{entry['path']} is no socket")
            equal(f"{stat.S_IMODE(mode):04o}", entry["mode"], f"mode of {entry['path']}")
        looking = control["sockets"][1]["path"]
        equal(lbd.ask("ipvsadm", "-Ln", socket=looking).stdout, lbd.ctl("ipvsadm", "-Ln"), "ipvsadm -Ln, level read")
        changing = lbd.ask("ipvsadm", "-C", socket=looking)
        holds(changing.returncode != 0 and changing.stderr.strip(), "ipvsadm -C was not refused, level read")
        equal([one["name"] for one in lbd.json("show", "services")["services"]], ["web"], "services after it")


def changes_are_logged(net):
    """Each change through the socket is one line of the log, with who asked and whether it was refused; all lines have a
    time and a level"""
    with net.lbd([WEB]) as lbd:
        who = f"socket {lbd.socket}: user {os.getuid()}: "
        lbd.ctl("set", "server", "web", "192.168.11.100:80", "weight", "7")
        lbd.ctl("ipvsadm", "-e", "-t", "192.168.22.11:80", "-r", "192.168.11.101:80", "-m", "-w", "3")
        lbd.ask("delete", "server", "web", "192.168.11.109:80")
        lbd.ctl("show", "services")
        lbd.ctl("reload")
        log = lbd.log()
        for line in ("set server web 192.168.11.100:80 weight 7\n",
                     "ipvsadm -e -t 192.168.22.11:80 -r 192.168.11.101:80 -m -w 3\n",
                     "delete server web 192.168.11.109:80: refused: web has no server 192.168.11.109:80\n",
                     "reload\n"):
            contains(log, who + line, "the log")
        contains(log, "change: server 192.168.11.100:80 of web: weight 7 becomes 1", "what the file made different")
        strange = [line for line in log.splitlines() if not re.match(r"\d{4}-\d\d-\d\dT\S+Z (error|warning|notice): ", line)]
        equal(strange, [], "lines that are no lines of lbd's log")
        holds("show services" not in log, f"what only looks is logged: {log}")


def half_a_table_is_not_applied(net):
    """A client that goes away amid `ipvsadm -R` leaves the services as they were, and a line in the log"""
    with net.lbd([WEB]) as lbd:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(lbd.socket))
            client.sendall(b"ipvsadm -R\n-C\n-A -t 192.168.22.11:81 -s rr\n")
        wait_for(lambda: "the client went away" in lbd.log(), 5, "the log to say that the client went away")
        equal([one["name"] for one in lbd.json("show", "services")["services"]], ["web"], "services after it")


def killed_before_its_answer(net):
    """lbctl fails with status 2 when lbd is killed over its document, though silence would mean success"""
    lbd = net.lbd([WEB])
    lbctl = subprocess.Popen([net.lab.programs.lbctl, "--socket", lbd.socket, "ipvsadm", "-R"], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    lbctl.stdin.write("-A -t 192.168.22.11:81 -s rr\n")
    lbctl.stdin.flush()
    lbd.ctl("help")  # by now lbd has, as a rule, read the line
    lbd.process.send(signal.SIGSTOP)
    lbctl.stdin.close()
    lbctl.stdin = None
    lbd.process.send(signal.SIGKILL)
    printed, error = lbctl.communicate(timeout=10)
    equal(lbd.process.wait(10), -signal.SIGKILL, "lbd's exit status")
    equal((lbctl.returncode, printed), (2, ""), f"lbctl's status and output, with {error!r}")
    contains(error, "lbd hung up before the end of its answer", "lbctl's message")


def closed_descriptors(net):
    """Without standard input or output lbctl and ipvsadm do what they were told, and mix up nothing"""
    def shell(words, timeout=5):
        script = f'exec "$LBCTL" --socket "$SOCKET" {words}'
        return subprocess.run(["sh", "-c", script], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
                              env={**os.environ, "LBCTL": str(net.lab.programs.lbctl), "SOCKET": str(lbd.socket)})

    with net.lbd([WEB]) as lbd:
        for number, closed in enumerate((">&-", "<&- >&-", "<&- >&- 2>&-"), 2):
            equal(shell(f"set server web 192.168.11.100:80 weight {number} {closed}").returncode, 0, f"exit status with {closed}")
            equal(lbd.servers()[0]["weight"], number, f"the weight with {closed}")
        equal(shell("ipvsadm -A -t 192.168.22.11:81 >&-").returncode, 0, "exit status of ipvsadm -A")
        before = lbd.json("show", "config")
        holds(shell("plan - <&-").returncode != 0, "an empty document is a configuration")
        equal(shell("ipvsadm -R <&-").returncode, 0, "exit status of ipvsadm -R")
        equal(lbd.json("show", "config"), before, "the configuration")


def lbctl_without_daemon(net):
    """Nobody answers: exit status 2 and one line that names the socket"""
    nobody = net.lab.directory / "nobody.sock"
    result = run([net.lab.programs.lbctl, "--socket", nobody, "show", "info"], check=False)
    equal((result.returncode, result.stdout, len(result.stderr.splitlines())), (2, "", 1), "lbctl without daemon")
    contains(result.stderr, str(nobody), "its message")


def link_down_and_up(net):
    """A wire that is unplugged is seen as down; when it comes back the director announces itself there"""
    def link():
        return next(one["link"] for one in lbd.json("show", "interfaces")["interfaces"] if one["name"] == "wan")

    with net.lbd([WEB]) as lbd:
        wait_for(lambda: link() == "up", 5, "wan to be up")
        net.client.ip("link set eth0 down")
        wait_for(lambda: link() == "down", 5, "wan to be down")
        contains(lbd.log(), "interface wan: link is down", "the log")
        contains(lbd.ctl("show", "metrics"), 'lbd_interface_up{interface="wan"} 0', "show metrics")
        before = len(lbd.log())
        with Capture(net.client, "any", "arp") as arp:
            net.client.ip("link set eth0 up")
            net.client.ip("route add 192.168.11.0/24 via 192.168.22.11")  # went with the link
            wait_for(lambda: link() == "up", 5, "wan to be up again")
            arp.wait(lambda packets: any("192.168.22.11 tell 192.168.22.11" in one or "192.168.22.11 is-at" in one
                                         for one in packets), "an announcement of the VIP")
        contains(lbd.log()[before:], "interface wan: link is up", "the log")
        equal(answers(net.client, "http://192.168.22.11/", 2), ["rs1", "rs2"], "answers afterwards")


def lost_before_lbd(net):
    """What finds lbd's receive rings full is counted as rx_missed: no packet is lost without a trace"""
    def received():
        one = next(one for one in lbd.json("show", "interfaces")["interfaces"] if one["name"] == "wan")
        return one["rx_packets"], one["rx_missed"]

    sent = 20000
    with net.lbd([WEB]) as lbd, Wire(net.client, net.director.mac("wan0")) as wire:
        equal(answers(net.client, "http://192.168.22.11/", 2), ["rs1", "rs2"], "answers")
        before = received()
        ends = "192.168.22.50", "192.168.22.11"
        packet = frames.ipv4(*ends, frames.UDP, frames.udp(*ends, 9, 9, b""))
        lbd.process.send(signal.SIGSTOP)
        try:
            wire.send(*[packet] * sent)
        finally:
            lbd.process.send(signal.SIGCONT)
        wait_for(lambda: sum(received()) >= sum(before) + sent, 10, f"{sent} packets to be accounted for")
        holds(received()[1] > before[1], "nothing was missed: this case tests nothing")


def metrics_over_http(net):
    """control.metrics serves OpenMetrics text, the same facts as `show metrics`"""
    control = sockets(net, ("admin", "0600")) | {"metrics": "127.0.0.1:9105"}
    with net.lbd([WEB], control=control) as lbd:
        answers(net.client, "http://192.168.22.11/", 2)
        served = net.director.curl("http://127.0.0.1:9105/metrics", "-i")
        contains(served.lower(), "content-type: application/openmetrics-text", "HTTP header")
        equal(served.rstrip().splitlines()[-1], "# EOF", "last line")
        names = {line.split("{")[0].split(" ")[0] for line in lbd.ctl("show", "metrics").splitlines()
                 if line and not line.startswith("#")}
        holds(names, "show metrics prints no sample")
        equal(lbd.ctl("show", "metrics").splitlines()[-1], "# EOF", "last line of show metrics")
        for name in names:
            contains(served, f"\n{name}", "metrics over HTTP")


def end_by_signal(net):
    """SIGTERM and SIGINT: exit status 0, the socket is gone, no XDP program stays on the devices"""
    for number in (signal.SIGTERM, signal.SIGINT):
        with net.lbd([WEB]) as lbd:
            answers(net.client, "http://192.168.22.11/", 1)
            for device in net.devices:
                contains(net.director.ip(f"-d link show {device}"), "xdp", f"{device} while lbd runs")
            lbd.process.send(number)
            equal(lbd.process.wait(10), 0, f"exit status after {signal.Signals(number).name}")
            holds(not lbd.socket.exists(), f"{lbd.socket} is still there")
            for device in net.devices:
                holds("xdp" not in net.director.ip(f"-d link show {device}"), f"XDP is still on {device}")


def sighup_is_survived(net):
    """SIGHUP is logged, and lbd goes on"""
    with net.lbd([WEB]) as lbd:
        before = len(lbd.log())
        lbd.process.send(signal.SIGHUP)
        wait_for(lambda: "SIGHUP" in lbd.log()[before:], 5, "SIGHUP in the log")
        equal(answers(net.client, "http://192.168.22.11/", 2), ["rs1", "rs2"], "answers afterwards")


def after_kill_9(net):
    """Killed by SIGKILL, lbd starts again on what it left: socket file and XDP programs"""
    killed = net.lbd([WEB])
    killed.process.send(signal.SIGKILL)
    equal(killed.process.wait(10), -signal.SIGKILL, "exit status")
    holds(killed.socket.exists(), "the socket file does not outlive SIGKILL: this case tests nothing")
    with net.lbd([WEB]):
        equal(answers(net.client, "http://192.168.22.11/", 2), ["rs1", "rs2"], "answers of the second lbd")


def ready_for_systemd(net):
    """READY=1 goes to NOTIFY_SOCKET when the control socket answers; reloads, whose the VIPs are, and a watchdog's signs
    of life go there, too"""
    path = net.lab.directory / "notify.sock"
    configuration = net.lab.directory / "ready.json"
    configuration.write_text(json.dumps(net.configuration([WEB])))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(path))
        systemd.settimeout(30)

        def heard(line):
            while line not in (message := systemd.recv(4096).decode().splitlines()):
                pass
            return message

        lbd = net.director.spawn(net.lab.programs.lbd, "--config", configuration, log="lbd-ready.log",
                                 env=dict(os.environ, NOTIFY_SOCKET=str(path), WATCHDOG_USEC="900000"))
        try:
            equal(heard("READY=1")[1:], ["STATUS=forwarding"], "what it says besides")
            lbctl = [net.lab.programs.lbctl, "--socket", net.lab.directory / "lbd.sock"]
            equal(run([*lbctl, "show", "info"], check=False).returncode, 0, "lbctl right after READY=1")
            heard("WATCHDOG=1")
            heard("WATCHDOG=1")
            for text in (configuration.read_text(), "{"):
                configuration.write_text(text)
                lbd.send(signal.SIGHUP)
                heard("RELOADING=1")
                heard("READY=1")
            told = run([*lbctl, "show", "info"]).stdout
            holds(re.search(r"^reload +\S+, refused: .*line 1", told, re.M), f"show info: {told}")
        finally:
            status = lbd.stop()
    if status != 0:
        raise Failed(f"lbd ended with status {status}")


CASES = [everything_is_shown, shown_config_starts_lbd, ordinary_tools_speak_to_the_socket, levels_and_modes,
         changes_are_logged, half_a_table_is_not_applied, killed_before_its_answer, closed_descriptors,
         lbctl_without_daemon,
         link_down_and_up, lost_before_lbd, metrics_over_http,
         end_by_signal, sighup_is_survived, after_kill_9, ready_for_systemd]
