"""The second half of tools/demo: hosts, lbd, curl and tables. Run that, not this."""

import argparse
import pathlib
import signal
import sys
import textwrap

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lab import (DrOneWire, Lab, NatTwoArm, Programs, TimedOut, TunnelBehindRouter,  # noqa: E402
                 records, service, wait_for)

NAT_TABLE = """\
TCP  192.168.22.11:80 wlc
  -> 192.168.11.100:80            Masq    2      0          26        
  -> 192.168.11.101:80            Masq    1      0          13        
"""
DR_TABLE = """\
TCP  192.168.11.110:80 rr
  -> 192.168.11.100:80            Route   1      0          3         
  -> 192.168.11.101:80            Route   1      0          3         
"""


TUNNEL_TABLE = """\
TCP  192.168.22.110:80 rr
  -> 10.1.1.100:80                Tunnel  1      0          3         
  -> 10.1.1.101:80                Tunnel  1      0          3         
"""
NAT_SERVER = """\
ip route replace default via 192.168.11.11
"""
DR_SERVER = """\
ip address add 192.168.11.110/32 dev lo
sysctl net.ipv4.conf.lo.arp_ignore=1 net.ipv4.conf.lo.arp_announce=2 \\
       net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
"""
TUNNEL_SERVER = """\
modprobe ipip                    # this lab: tools/lab/unwrap.py tunl0, as not every kernel has ipip
ip link set tunl0 up
ip address add 192.168.22.110/32 dev lo
sysctl net.ipv4.conf.tunl0.rp_filter=0 net.ipv4.conf.all.rp_filter=0
"""


class Unexpected(Exception):
    """lbd did something else than the article shows."""


class Scene:
    """One of the article's clusters: what runs, and what must come out."""

    def __init__(self, title, topology, drawing, the_service, set_up, order, shown, table):
        self.title = title
        self.topology = topology
        self.drawing = drawing
        self.service = the_service
        self.set_up = set_up  # what made each of the real servers one
        self.order = order  # of all answers
        self.shown = shown  # so many of them on the screen
        self.table = table

    @property
    def vip(self):
        return self.service["address"].removesuffix(":80")


SCENES = {
    "nat": Scene(
        "LVS/NAT: wlc, weights 2 and 1", NatTwoArm, r"""
                         director                         .--- rs1 192.168.11.100
    client --------- wan0       lan0 --------- switch ---<
    192.168.22.50    .22.11 VIP .11.11                    '--- rs2 192.168.11.101
""",
        service("192.168.22.11:80", [("192.168.11.100:80", 2), ("192.168.11.101:80", 1)], scheduler="wlc"),
        NAT_SERVER, ["rs1rs1rs1", "rs2rs2rs2", "rs1rs1rs1"] * 13, 6, NAT_TABLE),
    "dr": Scene(
        "LVS/DR: rr", DrOneWire, r"""
    client   192.168.11.50  ---.              .--- rs1 192.168.11.100, VIP on lo
                                >-- switch --<
    director 192.168.11.11  ---'              '--- rs2 192.168.11.101, VIP on lo
             192.168.11.110 VIP
""",
        service("192.168.11.110:80", ["192.168.11.100:80", "192.168.11.101:80"], scheduler="rr", forward="dr"),
        DR_SERVER, ["rs1rs1rs1", "rs2rs2rs2"] * 3, 6, DR_TABLE),
    "tunnel": Scene(
        "LVS/TUN: rr", TunnelBehindRouter, r"""
    client            director                router                 .--- rs1 10.1.1.100, VIP on lo
    .22.50 -- wan --- wan0   lan0 ----------- lan0   far0 --- far --<
               |      .22.11 192.168.11.11    .11.1  10.1.1.1        '--- rs2 10.1.1.101, VIP on lo
               |      192.168.22.110 VIP      |
               '----------------------------- wan0   answers go this way
""",
        service("192.168.22.110:80", ["10.1.1.100:80", "10.1.1.101:80"], scheduler="rr", forward="tunnel"),
        TUNNEL_SERVER, ["rs1rs1rs1", "rs2rs2rs2"] * 3, 6, TUNNEL_TABLE),
}


def say(text=""):
    print(text, flush=True)


def prompt(host, command):
    say(f"[root@{host} ~]# {command}")


def play(scene, net, lbd):
    """The servers' set-up, curls, then the table; raises Unexpected at the first difference."""
    say("On each real server:\n")
    say(textwrap.indent(scene.set_up, "    "))
    for number, expected in enumerate(scene.order):
        got = net.client.curl(f"http://{scene.vip}/")
        if number < scene.shown:
            prompt("client", f"curl {scene.vip}")
            say(got)
        elif number == scene.shown:
            say(f"… and {len(scene.order) - scene.shown} more, in the same order")
        if got != expected:
            raise Unexpected(f"answer {number + 1} is {got!r}, not {expected!r}")

    def table():
        return lbd.ctl("ipvsadm", "-Ln")

    say()
    try:
        wait_for(lambda: table().endswith(scene.table), 5, "the table")
    except TimedOut:
        raise Unexpected(f"the table is\n{table()}and should end with\n{scene.table}") from None
    finally:
        prompt("director", "lbctl ipvsadm -Ln")
        say(table())


def show(name, keep):
    scene = SCENES[name]
    say(f"== {scene.title} ==\n{scene.drawing}")
    with Lab(Programs(), outlive=keep) as lab:
        net = scene.topology(lab)
        lbd = net.lbd([scene.service])
        try:
            play(scene, net, lbd)
            if keep:
                lab.keep(demo=name)
                explain(name, scene, net, lbd)
            else:
                lbd.stop()
        except Exception:
            say(f"---- lbd's log ----\n{lbd.log()}")
            raise
    say(f"{name}: as in the article\n")


def explain(name, scene, net, lbd):
    """What to do with a demo that goes on."""
    lbctl = f"{lab_path(net.lab.programs.lbctl)} --socket {lbd.socket}"
    say(f"""It goes on running. To play with it:

  ip netns exec {net.client.namespace} curl http://{scene.vip}/
  {lbctl} help
  {lbctl} show services
  {lbctl} ipvsadm -Ln --stats
  ip netns exec {net.rs1.namespace} tcpdump -eni eth0 tcp port 80
  less {lbd.file}    # the file that lbd runs with
  less {lbd.process.log}

  tools/demo stop    # ends it
""")


def lab_path(path):
    """Short if the shell stands in the repository's root."""
    here = pathlib.Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def stop():
    kept = [record for record in records.read_all() if record["kept"]]
    for record in kept:
        records.remove(record["tag"], record["directory"])
        say(f"ended: {record['notes']['demo']} ({record['tag']})")
    if not kept:
        say("no demo is running")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("what", nargs="?", choices=[*SCENES, "stop"])
    options.add_argument("--keep", action="store_true")
    chosen = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if chosen.what == "stop":
        stop()
        return 0
    if missing := Programs().missing():
        print(f"demo: error: {' and '.join(missing)}: not there; run tools/demo without --no-build", file=sys.stderr)
        return 1
    try:
        for name in [chosen.what] if chosen.what else SCENES:
            show(name, chosen.keep)
    except Exception as error:
        print(f"demo: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
