r"""IP-in-IP to servers behind a router, which answer the client themselves.

        client                         director                   router                         .--- rs1  10.1.1.100
        192.168.22.50 -- wan ------- wan0    lan0 ------------ lan0    far0 ------------ far ---<     VIP on lo
                          |  192.168.22.11   192.168.11.11  192.168.11.1  10.1.1.1               '--- rs2  10.1.1.101
                          |  192.168.22.110 (VIP)           192.168.22.1                              VIP on lo
                          '----------------------------------- wan0                          10.1.1.102: nobody
"""

import re
import socket

import frames
from checks import contains, equal, holds
from lab import TunnelBehindRouter, UdpEcho, service, wait_for
from traffic import (DF_ALWAYS, DF_NEVER, IP_MTU_DISCOVER, Wire, answers, dgram, echoed, echoed_on, ended, error_of,
                     late_answer, learns_mtu, path_mtu, udp_ask, upload)

TOPOLOGY = TunnelBehindRouter
CLIENT, VIP, DIRECTOR = "192.168.22.50", "192.168.22.110", "192.168.11.11"
URL = f"http://{VIP}/"
WEB = service(f"{VIP}:80", ["10.1.1.100", "10.1.1.101"], forward="tunnel")
ECHO = service(f"{VIP}:5300", ["10.1.1.100", "10.1.1.101"], forward="tunnel", protocol="udp")
TABLE = """\
TCP  192.168.22.110:80 rr
  -> 10.1.1.100:80                Tunnel  1      0          3         
  -> 10.1.1.101:80                Tunnel  1      0          3         
"""
NEEDED = "icmp[icmptype] == icmp-unreach and icmp[icmpcode] == 4"
# One IP header as tcpdump -v prints it: TOS, TTL, ID, offset, flags, length. A tunnelled packet has two.
HEADER = re.compile(r"\(tos (0x\w+),.*?ttl (\d+), id (\d+), offset (\d+), flags \[([^]]*)].*?length (\d+)\)")


def rr_as_in_the_article(net):
    """Six curls alternate, -Ln says Tunnel, and the servers see the client at the VIP"""
    for nginx in net.nginx.values():
        nginx.mark()
    with net.lbd([WEB]) as lbd:
        equal(answers(net.client, URL, 6), ["rs1", "rs2"] * 3, "the order of answers")
        wait_for(lambda: all(one["active_connections"] == 0 for one in lbd.servers()), 5, "all connections inactive")
        holds(lbd.ctl("ipvsadm", "-Ln").endswith(TABLE), f"ipvsadm -Ln:\n{lbd.ctl('ipvsadm', '-Ln')}")
    for name in ("rs1", "rs2"):
        equal([(request[0], request[2]) for request in net.nginx[name].requests()], [(CLIENT, f"{VIP}:80")] * 3,
              f"client and own address in {name}'s access log")


def replies_bypass_the_director(net):
    """Answers come from the router's MAC; none passes the director; packets_out stays 0"""
    with net.lbd([WEB]) as lbd, net.client.capture("eth0", f"tcp and src {VIP}", "-Qin") as heard, \
            net.wan.capture("director", f"tcp and host {VIP}") as outside, \
            net.router.capture("lan0", f"ip proto 4 or src {VIP}") as inside:
        answers(net.client, URL, 4)
        lines = heard.wait(lambda packets: len(packets) >= 16 and packets, "the answers at the client")
        equal({line.split()[1] for line in lines}, {net.router.mac("wan0")}, "MACs that the answers came from")
        for wire, capture in (("outside", outside), ("inside", inside)):
            lines = capture.wait(lambda packets: ended(packets) >= 4 and packets, f"the clients' last packets {wire}")
            equal([line for line in lines if f"{VIP}.80 >" in line], [], f"answers on the director's wire {wire}")
        equal([(one["packets_out"], one["bytes_out"]) for one in lbd.servers()], [(0, 0)] * 2, "packets and bytes out")


def udp(net):
    """UDP through the tunnel: rr over sockets; the answer comes from the VIP, by the server itself"""
    with UdpEcho(net.rs1, VIP, 5300), UdpEcho(net.rs2, VIP, 5300), net.lbd([ECHO]) as lbd:
        for port, server in ((40000, "rs1"), (40001, "rs2"), (40002, "rs1"), (40000, "rs1")):
            with net.client.socket(socket.SOCK_DGRAM, source=(CLIENT, port)) as one:
                words, source = udp_ask(one, (VIP, 5300))
            equal((words, source), ([server, CLIENT, f"{port}:", "hello"], (VIP, 5300)), "answer")
        equal([one["connections_total"] for one in lbd.servers()], [2, 1], "connections_total")


def outer_header(net):
    """As LVS: the director's address, the inner TTL less one, DSCP and DF of the inner packet; CE outside is ECT(0)"""
    with UdpEcho(net.rs1, VIP, 5300), UdpEcho(net.rs2, VIP, 5300), net.lbd([ECHO]), \
            net.router.capture("lan0", "ip proto 4", "-v") as seen, dgram(net.client, (VIP, 5300)) as one:
        sent = ((0x00, 0x00, DF_ALWAYS), (0xb8, 0xb8, DF_ALWAYS), (0x2a, 0x2a, DF_NEVER), (0xb9, 0xb9, DF_NEVER),
                (0x03, 0x02, DF_NEVER))
        for inner_tos, _, df in sent:
            one.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, inner_tos)
            one.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, df)
            echoed_on(one, 100, "rs1", f"TOS {inner_tos:#x}")
        lines = seen.wait(lambda packets: len(packets) >= len(sent) and packets, "the packets behind the director")
    for line, (inner_tos, outer_tos, df) in zip(lines, sent):
        contains(line, f"{DIRECTOR} > 10.1.1.100: ", "the outer addresses")
        outer, inner = HEADER.findall(line)
        flag = "DF" if df == DF_ALWAYS else "none"
        tos, ttl, ident, _, flags, length = outer
        equal((int(tos, 16), ttl, flags, length), (outer_tos, "63", flag, "148"), "outer TOS, TTL, flags, length")
        equal(ident == "0", df == DF_ALWAYS, f"ID 0 goes with DF, and only with it; ID is {ident}")
        tos, ttl, _, _, flags, length = inner
        equal((int(tos, 16), ttl, flags, length), (inner_tos, "63", flag, "128"), "inner TOS, TTL, flags, length")
        holds("bad cksum" not in line, f"a wrong checksum: {line}")


def uploads(net):
    """60 kB by curl to each server: the segments learn the tunnel's MTU, 1480, and arrive"""
    with net.lbd([WEB]):
        for name in ("rs1", "rs2"):
            content, status = upload(net.client, f"{URL}upload/sixty", 60_000)
            stored = (net.nginx[name].html / "upload/sixty").read_text()
            equal((status, stored == content), ("201", True), f"HTTP status, and whether {name} has it whole")
        contains(net.client.ip(f"route get {VIP}"), "mtu 1480", "the path that the client knows")
    net.client.forget_path_mtu()


def datagrams_learn_the_mtu(net):
    """1,470 bytes with DF: fragmentation needed from the VIP, mtu 1480; the next of that size is EMSGSIZE, less fits"""
    with UdpEcho(net.rs1, VIP, 5300), UdpEcho(net.rs2, VIP, 5300), net.lbd([ECHO]), \
            net.client.capture("eth0", NEEDED) as seen, dgram(net.client, (VIP, 5300), df=DF_ALWAYS) as one:
        equal(path_mtu(one), 1500, "the MTU before")
        one.send(b"x" * 1470)
        wait_for(lambda: path_mtu(one) == 1480, 5, "a path MTU of 1480")
        one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        equal(error_of(lambda: one.send(b"x" * 1470)), "EMSGSIZE", "the same datagram again")
        echoed_on(one, 1452, "rs1", "the largest datagram that fits")
        line = seen.wait(lambda packets: packets, "the ICMP message")[0]
        contains(line, f"{VIP} > {CLIENT}: ICMP {VIP} unreachable - need to frag (mtu 1480)", "the message")
    net.client.forget_path_mtu()


def smaller_mtu_behind_the_router(net):
    """The router's message about the outer packet comes to the client as one about its own, with 20 bytes less"""
    with net.narrow(1400), UdpEcho(net.rs1, VIP, 5300), UdpEcho(net.rs2, VIP, 5300), net.lbd([ECHO]), \
            net.client.capture("eth0", NEEDED, "-v") as seen, \
            dgram(net.client, (VIP, 5300), df=DF_ALWAYS) as one:
        learns_mtu(one, 1452, 1380)
        echoed_on(one, 1352, "rs1", "the largest datagram that fits")
        text = f"{VIP} > {CLIENT}: ICMP {VIP} unreachable - need to frag (mtu 1380)"
        last = seen.wait(lambda packets: [line for line in packets if text in line], text)[-1]
        contains(last, f" > {VIP}.5300: UDP, length 1452", "the packet that it quotes")
        holds("wrong icmp cksum" not in last and "bad cksum" not in last, f"a wrong checksum: {last}")
        with dgram(net.client, (VIP, 5300), df=DF_ALWAYS) as other:  # the client's path, another tunnel
            echoed_on(other, 1352, "rs2", "the same to the other server")


def upload_through_a_smaller_mtu(net):
    """A curl upload finds its way through two smaller MTUs: the tunnel's, then the router's"""
    with net.narrow(1400), net.lbd([WEB]):
        content, status = upload(net.client, f"{URL}upload/narrow", 60_000)
        equal((status, (net.nginx["rs1"].html / "upload/narrow").read_text() == content), ("201", True),
              "HTTP status, and whether the file is whole")
        contains(net.client.ip(f"route get {VIP}"), "mtu 1380", "the path that the client knows")


def without_df(net):
    """Without DF the outer packet is fragmented, not the inner one; 3,000 and 8,000 bytes and back intact"""
    with UdpEcho(net.rs1, VIP, 5300), UdpEcho(net.rs2, VIP, 5300), net.lbd([ECHO]), \
            net.client.capture("eth0", "icmp") as told, net.router.capture("lan0", "ip proto 4", "-v") as seen:
        with dgram(net.client, (VIP, 5300), df=DF_NEVER) as one:
            echoed_on(one, 1470, "rs1", "1,470 bytes")
        lines = seen.wait(lambda packets: len(packets) >= 2 and packets, "the fragments behind the director")
        outer = [HEADER.search(line).groups() for line in lines]
        equal([(offset, flags, length) for *_, offset, flags, length in outer],
              [("0", "+", "1500"), ("1480", "none", "38")], "offset, flags, length of the outer packets")
        equal(len({ident for _, _, ident, *_ in outer}), 1, "one ID for both")
        for port, server in ((41000, "rs2"), (41001, "rs1")):
            with net.client.socket(socket.SOCK_DGRAM, source=(CLIENT, port)) as one:
                for size in (3000, 8000):
                    echoed(one, (VIP, 5300), size, server, f"{size} bytes")
        equal(told.packets(), [], "ICMP messages at the client")


def time_to_live(net):
    """TTL 1 to the VIP: time exceeded from the VIP; TTL 2 dies in the tunnel, at the router: heard, too"""
    with UdpEcho(net.rs1, VIP, 5300), UdpEcho(net.rs2, VIP, 5300), net.lbd([ECHO]), \
            net.client.capture("eth0", "icmp", "-v") as seen:
        for ttl in (1, 2):
            with dgram(net.client, (VIP, 5300)) as one:
                one.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
                one.send(b"hello")
                equal(error_of(lambda: one.recv(100)), "EHOSTUNREACH", f"the client's error with TTL {ttl}")
            line = seen.wait(lambda packets: len(packets) >= ttl and packets[-1], f"the message for TTL {ttl}")
            contains(line, f"{VIP} > {CLIENT}: ICMP time exceeded in-transit", f"the message for TTL {ttl}")
            contains(line, f"> {VIP}.5300: UDP, length 5", "the packet that it quotes")
            holds("wrong icmp cksum" not in line, f"a wrong checksum: {line}")


def no_such_server(net):
    """Nobody at the tunnel's end: the router's host unreachable comes to the client as one about the VIP"""
    with net.lbd([service(f"{VIP}:5300", ["10.1.1.102"], forward="tunnel", protocol="udp")]), \
            net.client.capture("eth0", "icmp") as seen, dgram(net.client, (VIP, 5300), timeout=10) as one:
        one.send(b"hello")
        equal(error_of(lambda: one.recv(100)), "EHOSTUNREACH", "the client's error")
        message = seen.wait(lambda packets: packets and packets[0], "the message")
        contains(message, f"{VIP} > {CLIENT}: ICMP host {VIP} unreachable", "the message")


def errors_from_the_client(net):
    """The client's port unreachable goes through the tunnel to the flow's server; so does one with 8 bytes"""
    with net.lbd([ECHO]), net.rs2.capture("tunl0", "icmp", "-v") as seen:
        for server in (net.rs1, net.rs2):
            heard = late_answer(net.client, server, (VIP, 5300), (VIP, 5300))
            equal(heard, "ECONNREFUSED", f"what {server.name} hears")
        message = f"{CLIENT} > {VIP}: ICMP {CLIENT} udp port"
        seen.wait(lambda packets: packets and message in packets[0], "the message at rs2")
        equal(len(seen.packets()), 1, "messages at rs2")
        with UdpEcho(net.rs1, VIP, 5300), UdpEcho(net.rs2, VIP, 5300), \
                Wire(net.client, net.director.mac("wan0")) as wire:
            for port, server in ((42000, "rs1"), (42001, "rs2")):
                with net.client.socket(socket.SOCK_DGRAM, source=(CLIENT, port)) as one:
                    equal(udp_ask(one, (VIP, 5300))[0][0], server, "server")
                quote = frames.ipv4(VIP, CLIENT, frames.UDP, frames.udp(VIP, CLIENT, 5300, port, b"x" * 80))[:28]
                wire.send(frames.ipv4(CLIENT, VIP, frames.ICMP, frames.icmp_error(3, 13, quote)))
            line = seen.wait(lambda packets: len(packets) >= 2 and packets[1], "the message with 8 bytes at rs2")
            contains(line, f"{VIP}.5300 > {CLIENT}.42001: UDP, length 80", "the packet that it quotes, as it was")
            contains(line, "ttl 63", "TTL")
            equal(len(seen.packets()), 2, "messages at rs2")


CASES = [rr_as_in_the_article, replies_bypass_the_director, udp, outer_header, uploads, datagrams_learn_the_mtu,
         smaller_mtu_behind_the_router, upload_through_a_smaller_mtu, without_df, time_to_live, no_such_server,
         errors_from_the_client]
