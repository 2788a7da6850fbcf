"""ICMP errors about connections, through NAT: each reaches whoever must hear it, with the quote translated.

                                     director                          .--- rs1  192.168.11.100
        client ------------------- wan0    lan0 ----------- switch ---<
        192.168.22.50     192.168.22.11    192.168.11.11               '--- rs2  192.168.11.101
                   VIP UDP :5300 → :7, :5301 → :9 (closed)

What DR and tunnel do with them is in dr.py and tunnel.py; routers' messages about path MTUs are in path_mtu.py.
"""

import contextlib
import socket

import frames
from checks import contains, equal, holds, refused
from lab import NatTwoArm, UdpEcho, service, wait_for
from traffic import Wire, dgram, error_of, late_answer, udp_ask, udp_ask_once

TOPOLOGY = NatTwoArm
CLIENT, VIP, RS1, RS2 = "192.168.22.50", "192.168.22.11", "192.168.11.100", "192.168.11.101"
ECHO = service(f"{VIP}:5300", [f"{RS1}:7", f"{RS2}:7"], protocol="udp", name="echo")
CLOSED = service(f"{VIP}:5301", [f"{RS1}:9"], protocol="udp", name="closed")


def right(line):
    """tcpdump -v finds no fault with a message's checksums, the quoted header's included."""
    holds("wrong icmp cksum" not in line and "bad cksum" not in line, f"a wrong checksum: {line}")


def quote(source, destination, source_port, destination_port, bytes_of_it=8):
    """The beginning of a UDP packet of 108 bytes, as an ICMP error quotes it."""
    whole = frames.ipv4(source, destination, frames.UDP,
                        frames.udp(source, destination, source_port, destination_port, b"x" * 80))
    return whole[:20 + bytes_of_it]


def about(sender, receiver, kind, code, quoted):
    return frames.ipv4(sender, receiver, frames.ICMP, frames.icmp_error(kind, code, quoted))


@contextlib.contextmanager
def two_flows(net):
    """lbd, and one UDP flow to each server: from client port 42000 to rs1, from 42001 to rs2."""
    with UdpEcho(net.rs1, RS1, 7), UdpEcho(net.rs2, RS2, 7), net.lbd([ECHO]) as lbd:
        for port, server in ((42000, "rs1"), (42001, "rs2")):
            with net.client.socket(socket.SOCK_DGRAM, source=(CLIENT, port)) as one:
                equal(udp_ask(one, (VIP, 5300))[0][0], server, f"server of port {port}")
        yield lbd


def closed_port_of_a_server(net):
    """A real server's port unreachable: the client is refused, by the VIP and about its own packet"""
    with net.lbd([CLOSED]), net.client.capture("eth0", "icmp", "-v") as seen:
        refused(lambda: udp_ask_once(net.client, VIP, 5301), "rs1's closed port")
        line = seen.wait(lambda packets: packets, "the ICMP message")[0]
    contains(line, f"{VIP} > {CLIENT}: ICMP {VIP} udp port 5301 unreachable", "the message")
    contains(line, f"> {VIP}.5301: UDP, length 5", "the packet that it quotes")
    right(line)


def closed_port_of_the_client(net):
    """The client's port unreachable, about an answer that came too late: the server is refused"""
    with net.lbd([ECHO]):
        for server, address in ((net.rs1, RS1), (net.rs2, RS2)):
            heard = late_answer(net.client, server, (VIP, 5300), (address, 7))
            equal(heard, "ECONNREFUSED", f"what {server.name} hears")


def short_quotes(net):
    """8 bytes of the quoted packet are enough: from the client's side to the server of that flow, and to no other"""
    with two_flows(net), Wire(net.client, net.director.mac("wan0")) as wire, \
            net.rs1.capture("eth0", "icmp", "-v") as at_rs1, net.rs2.capture("eth0", "icmp", "-v") as at_rs2:
        for port, address, seen in ((42000, RS1, at_rs1), (42001, RS2, at_rs2)):
            for kind, code, text in ((3, 3, f"ICMP {CLIENT} udp port {port} unreachable"),
                                     (3, 1, f"ICMP host {CLIENT} unreachable"),
                                     (11, 0, "ICMP time exceeded in-transit")):
                wire.send(about(CLIENT, VIP, kind, code, quote(VIP, CLIENT, 5300, port)))
                line = seen.wait(lambda packets, wanted=text: [one for one in packets if wanted in one], text)[0]
                contains(line, f"{CLIENT} > {address}: {text}", f"the message of type {kind}")
                contains(line, f"{address}.7 > {CLIENT}.{port}: UDP, length 80", "the packet that it quotes")
                contains(line, "ttl 63", "TTL")
                right(line)
        equal((len(at_rs1.packets()), len(at_rs2.packets())), (3, 3), "ICMP messages at rs1 and rs2")


def from_a_router_at_the_servers(net):
    """An error of another sender on the servers' side comes to the client from the VIP, with its quote as sent"""
    with two_flows(net), Wire(net.rs1, net.director.mac("lan0")) as wire, \
            net.client.capture("eth0", "icmp", "-v") as seen:
        for size in (8, 88):
            wire.send(about("192.168.11.77", CLIENT, 3, 10, quote(CLIENT, RS1, 42000, 7, size)))
            line = seen.wait(lambda packets, number=size: packets[number > 8:], f"the message with {size} bytes")[0]
            contains(line, f"{VIP} > {CLIENT}: ICMP host {VIP} unreachable - admin prohibited", "the message")
            contains(line, f"{CLIENT}.42000 > {VIP}.5300: UDP, length 80", "the packet that it quotes")
            right(line)


def about_nothing(net):
    """Errors about a connection that there is not: counted as icmp_unrelated, from both sides; nothing is forwarded"""
    with two_flows(net) as lbd, Wire(net.client, net.director.mac("wan0")) as outside, \
            Wire(net.rs1, net.director.mac("lan0")) as inside, \
            net.client.capture("eth0", "icmp", "-Qin") as at_client, \
            net.rs1.capture("eth0", "icmp", "-Qin") as at_rs1, net.rs2.capture("eth0", "icmp", "-Qin") as at_rs2:
        before = lbd.drops()
        outside.send(about(CLIENT, VIP, 3, 3, quote(VIP, CLIENT, 5300, 42077)),   # no such client port
                     about(CLIENT, VIP, 3, 3, quote(VIP, CLIENT, 9999, 42000)),   # no such service
                     about(CLIENT, VIP, 3, 3, quote(CLIENT, VIP, 42000, 5300)))   # the wrong direction
        inside.send(about(RS1, VIP, 3, 3, quote(VIP, RS1, 42000, 7)))
        wait_for(lambda: sum(lbd.drops(before).values()) >= 4, 5, "4 drops")
        equal(lbd.drops(before), {"icmp_unrelated": 4}, "drops")
        outside.send(about(CLIENT, VIP, 3, 3, quote(VIP, CLIENT, 5300, 42000)))
        at_rs1.wait(lambda packets: packets, "the one message about a connection")
        equal((len(at_rs1.packets()), at_rs2.packets(), at_client.packets()), (1, [], []),
              "ICMP messages at rs1, rs2 and the client")


def time_to_live(net):
    """TTL 1 to the VIP: time exceeded, from the VIP; TTL 1 from a server: from the director's inside address"""
    with UdpEcho(net.rs1, RS1, 7), net.lbd([service(f"{VIP}:5300", [f"{RS1}:7"], protocol="udp")]) as lbd, \
            net.client.capture("eth0", "icmp", "-v") as outside, net.rs1.capture("eth0", "icmp", "-v") as inside:
        with dgram(net.client, (VIP, 5300)) as one:
            one.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 1)
            one.send(b"hello")
            equal(error_of(lambda: one.recv(100)), "EHOSTUNREACH", "the client's error")
        line = outside.wait(lambda packets: packets, "the message to the client")[0]
        contains(line, f"{VIP} > {CLIENT}: ICMP time exceeded in-transit", "the message to the client")
        right(line)
        net.rs1.sysctl("net.ipv4.ip_default_ttl=1")
        with net.client.socket(socket.SOCK_DGRAM) as one:
            one.sendto(b"hello", (VIP, 5300))
            line = inside.wait(lambda packets: packets, "the message to rs1")[0]
        net.rs1.sysctl("net.ipv4.ip_default_ttl=64")
        contains(line, f"192.168.11.11 > {RS1}: ICMP time exceeded in-transit", "the message to rs1")
        contains(line, f"{RS1}.7 > {CLIENT}.", "the packet that it quotes, as rs1 sent it")
        right(line)
        equal(lbd.drops()["ttl_expired"], 2, "drops for ttl_expired")


CASES = [closed_port_of_a_server, closed_port_of_the_client, short_quotes, from_a_router_at_the_servers, about_nothing,
         time_to_live]
