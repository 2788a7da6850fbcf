"""What a service can ask for beside a scheduler: clients that keep their server, limits, one-packet UDP, every port.

                                     director                          .--- rs1  192.168.11.100
        client ------------------- wan0    lan0 ----------- switch ---<
        192.168.22.50     192.168.22.11    192.168.11.11               '--- rs2  192.168.11.101
                              VIP :80
"""

import contextlib
import socket

from checks import contains, equal, holds, refused
from lab import NatTwoArm, UdpEcho, service, wait_for
from traffic import answers, ask, connect, udp_ask

TOPOLOGY = NatTwoArm
URL = "http://192.168.22.11/"
VIP = "192.168.22.11"
RS1, RS2 = "192.168.11.100:80", "192.168.11.101:80"
# Nothing of a connection outlives it for long, so that a hold ends soon after it.
SOON = {"tcp": 5, "tcp_fin": 1, "tcp_close_wait": 1, "tcp_time_wait": 1}


def clients_keep_their_server(net):
    """persistence_timeout: a client's next connections go where its first one went, and ipvsadm shows why"""
    web = service("192.168.22.11:80", [RS1, RS2], name="web", persistence_timeout=300)
    with net.lbd([web]) as lbd:
        first = answers(net.client, URL, 1)
        equal(answers(net.client, URL, 5), first * 5, "the same client's answers")
        listed = [line.split() for line in lbd.ctl("ipvsadm", "-Lnc").splitlines() if "ASSURED" in line]
        server = RS1 if first == ["rs1"] else RS2
        equal([line[3:] for line in listed], [["192.168.22.50:0", "192.168.22.11:80", server]], "ipvsadm -Lnc")
        contains(lbd.ctl("ipvsadm", "-Ln"), "TCP  192.168.22.11:80 rr persistent 300", "ipvsadm -Ln")
        equal(sum(one["persistent_clients"] for one in lbd.servers()), 1, "persistent clients")
        lbd.ctl("set", "server", "web", server, "weight", "0")
        equal(answers(net.client, URL, 2), first * 2, "answers of the quiesced server")
        lbd.ctl("set", "service", "web", "expire_quiescent_template", "true")
        other = "rs2" if first == ["rs1"] else "rs1"
        equal(answers(net.client, URL, 2), [other] * 2, "answers when a quiesced server is left")
        lbd.ctl("delete", "server", "web", RS2 if other == "rs2" else RS1)
        lbd.ctl("set", "server", "web", server, "weight", "1")
        equal(answers(net.client, URL, 2), first * 2, "answers after its server was deleted")


def holds_end(net):
    """After persistence_timeout without a connection the scheduler chooses anew"""
    web = service("192.168.22.11:80", [RS1, RS2], persistence_timeout=1)
    with net.lbd([web], timeouts=SOON) as lbd:
        first = answers(net.client, URL, 1)
        # A hold whose connection lives is prolonged for up to a minute: here until that has ended.
        wait_for(lambda: "192.168.22.50:0" not in lbd.ctl("ipvsadm", "-Lnc"), 75, "the client's hold to end")
        holds(answers(net.client, URL, 1) != first, "rr's next server was not chosen")


def every_port_of_a_vip(net):
    """Port 0: every port that no other service has, to the server's same port, for one client one server"""
    every = service("192.168.22.11:0", ["192.168.11.100", "192.168.11.101"], name="every", persistence_timeout=60)
    single = service("192.168.22.11:8080", [RS2], name="single")
    with net.lbd([every, single]) as lbd:
        first = answers(net.client, URL, 1)
        equal(answers(net.client, URL, 3), first * 3, "port 80")
        refused(lambda: connect(net.client, VIP, 81), "port 81, which its server has closed")
        equal(answers(net.client, "http://192.168.22.11:8080/", 2), ["rs2"] * 2, "the port of another service")
        equal(lbd.drops().get("closed_port", 0), 0, "ports that lbd called closed")
        contains(net.client.run("ping", "-c", "1", "-W", "3", VIP).stdout, "1 received", "ping of the VIP")


def connections(lbd):
    """Of the first server, active and inactive: those that count at its threshold."""
    one = lbd.servers()[0]
    return one["active_connections"] + one["inactive_connections"]


def thresholds_are_exact(net):
    """upper_threshold connections and not one more; again below three quarters of it, or the lower one"""
    web = service("192.168.22.11:80", [{"address": RS1, "upper_threshold": 4}], name="web")
    with net.lbd([web], timeouts=SOON) as lbd, contextlib.ExitStack() as open_ones:
        held = [open_ones.enter_context(connect(net.client, VIP, 80)) for _ in range(4)]
        for one in held:
            equal(ask(one), "rs1", "a connection below the threshold")
        refused(lambda: connect(net.client, VIP, 80), "a fifth connection")
        held[0].close()
        wait_for(lambda: connections(lbd) == 3, 10, "the first one to be forgotten")
        refused(lambda: connect(net.client, VIP, 80), "with three left, which is three quarters")
        held[1].close()
        wait_for(lambda: connections(lbd) == 2, 10, "the second one to be forgotten")
        with connect(net.client, VIP, 80) as again:
            equal(ask(again), "rs1", "with two left")
        lbd.ctl("add", "server", "web", RS2, "upper_threshold", "2", "lower_threshold", "1")
        contains(lbd.ctl("ipvsadm", "-Ln", "--thresholds"), "192.168.11.101:80            2          1", "--thresholds")


def datagrams_by_themselves(net):
    """one_packet: each datagram has the next server, no connection remains, and answers come from the VIP"""
    dns = service("192.168.22.11:53", ["192.168.11.100:53", "192.168.11.101:53"], protocol="udp", name="dns",
                  one_packet=True)
    with UdpEcho(net.rs1, net.rip1, 53), UdpEcho(net.rs2, net.rip2, 53), net.lbd([dns]) as lbd:
        with net.client.socket(socket.SOCK_DGRAM) as asking:
            heard = [udp_ask(asking, (VIP, 53)) for _ in range(6)]
        equal([words[0] for words, _ in heard], ["rs1", "rs2"] * 3, "servers")
        equal({source for _, source in heard}, {(VIP, 53)}, "sources of the answers")
        equal(lbd.json("show", "info")["connections"]["entries"], 0, "connections")
        equal([(one["connections_total"], one["packets_in"], one["packets_out"]) for one in lbd.servers()],
              [(3, 3, 3)] * 2, "counters")
        contains(lbd.ctl("ipvsadm", "-Ln"), "UDP  192.168.22.11:53 rr ops", "ipvsadm -Ln")


def every_scheduler_serves(net):
    """Each scheduler by its name, changed while running: it serves, and those that hash keep to one server"""
    with net.lbd([service("192.168.22.11:80", [(RS1, 2), (RS2, 1)], name="web")]) as lbd:
        for name in "rr wrr lc wlc sed nq sh mh dh fo ovf lblc twos".split():
            lbd.ctl("set", "service", "web", "scheduler", name)
            served = answers(net.client, URL, 6)
            holds(set(served) <= {"rs1", "rs2"}, f"{name}: {served}")
            if name in ("sh", "mh", "dh", "lblc", "fo", "ovf"):
                equal(len(set(served)), 1, f"{name}: servers of one client")
        lbd.ctl("set", "service", "web", "scheduler", "sh")
        lbd.ctl("set", "service", "web", "scheduler_options", '{"port": true, "fallback": true}')
        equal(set(answers(net.client, URL, 24)), {"rs1", "rs2"}, "servers by the client's port")
        contains(lbd.ctl("ipvsadm", "-Ln"), "TCP  192.168.22.11:80 sh (sh-fallback,sh-port)", "ipvsadm -Ln")


CASES = [clients_keep_their_server, every_port_of_a_vip, thresholds_are_exact, datagrams_by_themselves,
         every_scheduler_serves, holds_end]
