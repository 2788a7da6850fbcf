"""BIRD or FRR, which announces a VIP to a router, the client's host, while the VIP attracts traffic. Hosts: see pair."""

import contextlib

from checks import contains, equal, holds
from health_support import check as check_soon
from lab import Bird, DirectorPair, Frr, service, wait_for
from pair import CLIENT, EXAMPLES, SERVERS, WEB
from traffic import answers

TOPOLOGY = DirectorPair
ROUTER = """\
log stderr all;
router id 192.168.22.50;
protocol device { scan time 2; }
protocol kernel { ipv4 { import none; export all; }; }
protocol bgp director {
  local 192.168.22.50 as 65000;
  neighbor 192.168.22.11 as 65001;
  connect retry time 1;
  ipv4 { import all; export none; };
}
"""
ANYCAST, SPARE = "203.0.113.80", "203.0.113.81"


def with_bird(host):
    text = (EXAMPLES / "bird.conf").read_text()
    return Bird(host, text.replace("neighbor 192.168.22.1 as 65000;", f"neighbor {CLIENT} as 65000;\n  connect retry time 1;"))


def with_frr(host):
    text = (EXAMPLES / "frr.conf").read_text()
    neighbour = f" neighbor {CLIENT} remote-as 65000\n"
    return Frr(host, text.replace("192.168.22.1 ", f"{CLIENT} ").replace(
        neighbour, f"{neighbour} neighbor {CLIENT} timers connect 1\n"))


@contextlib.contextmanager
def announcing(net, speaker=with_bird, **more):
    """A director that may announce two services' VIPs to a router, the client's host, and has not yet: (lbd, learned)"""
    announced = [service(f"{ANYCAST}:80", SERVERS, name="anycast", announce=True, **more),
                 service(f"{SPARE}:80", SERVERS[:1], name="spare", announce=True)]
    with net.lbd_on(net.director, [WEB, *announced]) as lbd, speaker(net.director), Bird(net.client, ROUTER) as router:
        wait_for(lambda: "Established" in router.ask("show", "protocols"), 30, "BGP over the twin")
        yield lbd, lambda vip=ANYCAST: vip in net.client.ip("route")


def bird_follows(net):
    """BGP over the twin: a router learns a VIP while its service has a server, and loses it without, or in standby"""
    with announcing(net) as (lbd, learned):
        holds(not learned(), "a standby's VIP was announced")
        lbd.ctl("set", "vips", "active")
        wait_for(learned, 10, "the router to learn the VIP")
        equal(answers(net.client, f"http://{ANYCAST}/", 4), ["rs1", "rs2"] * 2, "answers by the learned route")
        wait_for(lambda: learned(SPARE), 10, "the router to learn the other VIP")
        for name in ("anycast", "spare"):
            lbd.ctl("set", "server", name, SERVERS[0], "state", "drain")
        wait_for(lambda: not learned(SPARE), 10, "the router to lose the VIP with its only server")
        holds(learned(), "the VIP that has another server was withdrawn too")
        lbd.ctl("set", "server", "anycast", SERVERS[1], "state", "drain")
        wait_for(lambda: not learned(), 10, "the router to lose the VIP with its last server")
        lbd.ctl("set", "server", "anycast", SERVERS[0], "state", "ready")
        wait_for(learned, 10, "the VIP to be back")
        lbd.ctl("set", "vips", "standby")
        wait_for(lambda: not learned(), 10, "the router to lose a standby's VIP")


def bird_follows_the_quorum(net):
    """The router loses the VIP when health checks by the twin find a server dead that the quorum needs, and has it back"""
    with announcing(net, health_check=check_soon("http"), quorum=2) as (lbd, learned):
        lbd.ctl("set", "vips", "active")
        wait_for(learned, 10, "the router to learn the VIP")
        net.nginx["rs1"].stop()
        try:
            wait_for(lambda: not learned(), 10, "the router to lose the VIP with the quorum")
            contains(lbd.ctl("show", "health", "anycast"), "lost", "show health")
        finally:
            net.nginx["rs1"].start()
        wait_for(learned, 10, "the VIP to be back")


def frr_follows(net):
    """The same by FRR, which announces nothing else that stands on the twin"""
    with announcing(net, with_frr) as (lbd, learned):
        holds(not learned(), "a standby's VIP was announced")
        lbd.ctl("set", "vips", "active")
        wait_for(lambda: learned() and learned(SPARE), 10, "the router to learn the VIPs")
        equal([line.split()[0] for line in net.client.ip("route").splitlines() if "bird" in line], [ANYCAST, SPARE],
              "learned routes")
        equal(answers(net.client, f"http://{ANYCAST}/", 4), ["rs1", "rs2"] * 2, "answers by the learned route")
        lbd.ctl("set", "server", "spare", SERVERS[0], "state", "drain")
        wait_for(lambda: not learned(SPARE), 10, "the router to lose the VIP with its only server")
        lbd.ctl("set", "vips", "standby")
        wait_for(lambda: not learned(), 10, "the router to lose a standby's VIP")


CASES = [bird_follows, bird_follows_the_quorum, frr_follows]
