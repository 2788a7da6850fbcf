r"""The article's DR cluster: the director changes MAC addresses and TTL, the servers answer the client themselves.

        client  192.168.11.50 ---.              .--- rs1  192.168.11.100, VIP on lo
                                  >-- switch --<
        director 192.168.11.11 --'              '--- rs2  192.168.11.101, VIP on lo
         lan0    192.168.11.110 (VIP)
"""

import re
import socket

import frames
from checks import contains, equal, holds, refused
from lab import DrOneWire, UdpEcho, service, wait_for
from traffic import Wire, answers, ask, connect, echoed, ended, error_of, late_answer, reset, udp_ask

TOPOLOGY = DrOneWire
VIP = "192.168.11.110"
URL = f"http://{VIP}/"
ARTICLE = """\
IP Virtual Server version 1.2.1 (size=65536)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  192.168.11.110:80 rr
  -> 192.168.11.100:80            Route   1      0          3         
  -> 192.168.11.101:80            Route   1      0          3         
"""


def web(scheduler="rr", weight1=1, weight2=1):
    return service(f"{VIP}:80", [("192.168.11.100", weight1), ("192.168.11.101", weight2)], scheduler=scheduler,
                   forward="dr")


def rr_as_in_the_article(net):
    """Six curls alternate, and -Ln prints the article's table to the letter"""
    for nginx in net.nginx.values():
        nginx.mark()
    with net.lbd([web()]) as lbd:
        equal(answers(net.client, URL, 6), ["rs1", "rs2"] * 3, "the order of answers")
        wait_for(lambda: all(one["active_connections"] == 0 for one in lbd.servers()), 5, "all connections inactive")
        equal(lbd.ctl("ipvsadm", "-Ln"), ARTICLE, "ipvsadm -Ln")
    for name in ("rs1", "rs2"):
        equal([(request[0], request[2]) for request in net.nginx[name].requests()],
              [("192.168.11.50", f"{VIP}:80")] * 3, f"client and own address in {name}'s access log")


def wrr_two_to_one(net):
    """wrr 2:1, as the article goes on: every three connections in a row are two for rs1 and one for rs2"""
    with net.lbd([web("wrr", 2, 1)]):
        got = answers(net.client, URL, 18)
    for start in range(0, 18, 3):
        equal(sorted(got[start:start + 3]), ["rs1", "rs1", "rs2"], f"cycle {start // 3} of {got}")


def replies_bypass_the_director(net):
    """Answers reach the client in frames of the servers' own MACs; none passes the director; packets_out stays 0"""
    with net.lbd([web()]) as lbd, net.client.capture("eth0", f"tcp and src {VIP}", "-Qin") as heard, \
            net.switch.capture("director", f"tcp and host {VIP}") as passed:
        answers(net.client, URL, 4)
        frames = heard.wait(lambda packets: len(packets) >= 16 and packets, "the answers at the client")
        sources = {line.split()[1] for line in frames}
        equal(sources, {net.rs1.mac("eth0"), net.rs2.mac("eth0")}, "MACs that the answers came from")
        lines = passed.wait(lambda packets: ended(packets) >= 2 * 4 and packets, "the clients' last packets, in and out")
        equal([line for line in lines if f"{VIP}.80 >" in line], [], "answers on the director's wire")
        equal([(one["packets_out"], one["bytes_out"]) for one in lbd.servers()], [(0, 0)] * 2, "packets and bytes out")
        holds(all(one["packets_in"] >= 8 for one in lbd.servers()), "packets_in are not all counted")


def only_macs_and_ttl_change(net):
    """What a server receives: the director's MAC as source, TTL less exactly one, checksum right, the rest as sent"""
    flow = f"tcp and dst {VIP} and dst port 80"
    with net.lbd([web()]), net.client.capture("eth0", flow, "-v", "-S") as sent, \
            net.rs1.capture("eth0", flow, "-v", "-S") as received:
        answers(net.client, URL, 1)
        before = sent.wait(lambda packets: len(packets) >= 5 and packets, "the client's packets")
        after = received.wait(lambda packets: len(packets) >= len(before) and packets, "the server's packets")
    equal([content(line, 63) for line in after], [content(line, 64) for line in before], "packets without MAC and TTL")
    for line in after:
        contains(line, f"{net.director.mac('lan0')} > {net.rs1.mac('eth0')}", "MAC addresses at rs1")
        holds("bad cksum" not in line and "incorrect" not in line, f"a wrong checksum: {line}")


def content(line, ttl):
    """A line of tcpdump -v without time and MAC addresses, and its TTL, which must be `ttl`, replaced."""
    contains(line, f"ttl {ttl},", "TTL")
    return re.sub(r"^.*ethertype", "", line).replace(f"ttl {ttl},", "ttl T,")


def udp(net):
    """UDP over DR: rr over sockets; the answer comes from the VIP, by the server itself"""
    with UdpEcho(net.rs1, VIP, 53), UdpEcho(net.rs2, VIP, 53), \
            net.lbd([service(f"{VIP}:53", ["192.168.11.100", "192.168.11.101"], forward="dr", protocol="udp")]) as lbd:
        for port, server in ((40000, "rs1"), (40001, "rs2"), (40002, "rs1"), (40000, "rs1")):
            with net.client.socket(socket.SOCK_DGRAM, source=("192.168.11.50", port)) as one:
                words, source = udp_ask(one, (VIP, 53))
            equal((words, source), ([server, "192.168.11.50", f"{port}:", "hello"], (VIP, 53)), "answer")
        equal([one["connections_total"] for one in lbd.servers()], [2, 1], "connections_total")


def large_datagrams(net):
    """3,000 and 8,000 bytes and back, in fragments both ways, intact; the flow's server stays the same"""
    with UdpEcho(net.rs1, VIP, 53), UdpEcho(net.rs2, VIP, 53), \
            net.lbd([service(f"{VIP}:53", ["192.168.11.100", "192.168.11.101"], forward="dr", protocol="udp")]):
        for port, server in ((40010, "rs1"), (40011, "rs2")):
            with net.client.socket(socket.SOCK_DGRAM, source=("192.168.11.50", port)) as one:
                for size in (3000, 10, 8000):
                    echoed(one, (VIP, 53), size, server, f"{size} bytes")


def errors_from_the_client(net):
    """The client's port unreachable reaches the flow's server as it was sent: with a full quote, and with 8 bytes"""
    client, echo = "192.168.11.50", (VIP, 7)
    with net.lbd([service(f"{VIP}:7", ["192.168.11.100", "192.168.11.101"], forward="dr", protocol="udp")]), \
            net.rs2.capture("eth0", f"icmp and src {client}", "-v") as seen:
        for server in (net.rs1, net.rs2):
            equal(late_answer(net.client, server, echo, echo), "ECONNREFUSED", f"what {server.name} hears")
        with UdpEcho(net.rs1, *echo), UdpEcho(net.rs2, *echo), Wire(net.client, net.director.mac("lan0")) as wire:
            for port, server in ((42000, "rs1"), (42001, "rs2")):
                with net.client.socket(socket.SOCK_DGRAM, source=(client, port)) as one:
                    equal(udp_ask(one, echo)[0][0], server, "server")
                quote = frames.ipv4(VIP, client, frames.UDP, frames.udp(VIP, client, 7, port, b"x" * 80))[:28]
                wire.send(frames.ipv4(client, VIP, frames.ICMP, frames.icmp_error(3, 13, quote)))
            line = seen.wait(lambda packets: len(packets) >= 2 and packets[1], "the message with 8 bytes at rs2")
        contains(line, f"{VIP}.7 > {client}.42001: UDP, length 80", "the packet that it quotes, as it was")
        contains(line, "ttl 63", "TTL")
        equal(len(seen.packets()), 2, "messages at rs2")


def client_port_reuse(net):
    """The director sees only the client's half; a SYN after its RST is a new connection at once"""
    with net.lbd([web()]) as lbd:
        for turn in range(4):
            with connect(net.client, VIP, 80, 42000) as one:
                equal(ask(one), ("rs1", "rs2")[turn % 2], f"connection {turn}")
                reset(one)
        equal([one["connections_total"] for one in lbd.servers()], [2, 2], "connections_total")


def one_mac_for_the_vip(net):
    """Only the director answers ARP for the VIP, though both servers have it on lo"""
    with net.lbd([web()]):
        heard = net.client.run("arping", "-c", "3", "-I", "eth0", VIP).stdout.lower()
    macs = set(re.findall(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", heard))
    equal(macs, {net.director.mac("lan0")}, "MACs that answered for the VIP")


def server_that_refuses(net):
    """rs2 without nginx: every second curl fails with status 7, as in the article"""
    with net.lbd([web()]):
        net.nginx["rs2"].stop()
        try:
            equal(answers(net.client, URL, 1), ["rs1"], "first answer")
            refused(lambda: connect(net.client, VIP, 80), "rs2 without nginx")
            equal(answers(net.client, URL, 1), ["rs1"], "third answer")
        finally:
            net.nginx["rs2"].start()


def restart_breaks_nothing(net):
    """mh with sloppy_tcp: after a restart every connection goes on with its server; without sloppy_tcp it is reset"""
    for sloppy in (True, False):
        hashed = {**web("mh"), "scheduler_options": {"port": True}, "sloppy_tcp": sloppy}
        held = []
        try:
            with net.lbd([hashed]):
                held = [connect(net.client, VIP, 80) for _ in range(12)]
                servers = [ask(one) for one in held]
                equal(set(servers), {"rs1", "rs2"}, "the servers of twelve connections")
            with net.lbd([hashed]) as lbd:
                before = lbd.drops()
                if sloppy:
                    equal([ask(one) for one in held], servers, "who answers after the restart")
                    equal([ask(one, close=True) for one in held], servers, "who answers the last requests")
                    equal(lbd.drops(), before, "drops")
                    for one in held:
                        one.close()
                    wait_for(lambda: sum(one["active_connections"] for one in lbd.servers()) == 0, 5, "all to be closed")
                else:
                    equal(error_of(lambda: ask(held[0])), "ECONNRESET", "a connection of the lbd before")
                    equal(lbd.drops()["not_a_syn"], before["not_a_syn"] + 1, "not_a_syn")
        finally:
            for one in held:
                one.close()


CASES = [rr_as_in_the_article, wrr_two_to_one, replies_bypass_the_director, only_macs_and_ttl_change, udp,
         large_datagrams, errors_from_the_client, client_port_reuse, one_mac_for_the_vip, server_that_refuses,
         restart_breaks_nothing]
