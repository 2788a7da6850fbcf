"""Datagrams and segments in fragments, through NAT: honest ones arrive whole, the others are counted.

                                     director                          .--- rs1  192.168.11.100
        client ------------------- wan0    lan0 ----------- switch ---<
        192.168.22.50     192.168.22.11    192.168.11.11               '--- rs2  192.168.11.101
                        VIP UDP :5300 → :7,  TCP :80

DR and tunnel have their own case in dr.py and tunnel.py.
"""

import contextlib
import itertools
import re
import socket
import struct

import frames
from checks import equal, holds
from lab import NatTwoArm, UdpEcho, service, wait_for
from traffic import Wire, answers, echoed, noise

TOPOLOGY = NatTwoArm
CLIENT, VIP, RS1 = "192.168.22.50", "192.168.22.11", "192.168.11.100"
PORT = 5300
SERVICES = [service(f"{VIP}:80", ["192.168.11.100:80", "192.168.11.101:80"]),
            service(f"{VIP}:{PORT}", ["192.168.11.100:7"], protocol="udp", name="echo")]
ids = itertools.count(0x4000)


class Sender:
    """A client's UDP socket that sends fragments by hand, and hears the answers as any socket does."""

    def __init__(self, net, wire, port):
        self._wire = wire
        self._port = port
        self._socket = net.client.socket(socket.SOCK_DGRAM, source=(CLIENT, port))

    def datagram(self, text):
        return frames.udp(CLIENT, VIP, self._port, PORT, text.encode())

    def cut(self, text, size=1480):
        """The fragments of a datagram, not sent yet."""
        return frames.fragments(CLIENT, VIP, frames.UDP, self.datagram(text), size, next(ids))

    def send(self, *packets):
        self._wire.send(*packets)

    def hears(self, text, what):
        answer, source = self._socket.recvfrom(65536)
        words = answer.decode().split(" ")
        equal((words[0], words[3] == text, source), ("rs1", True, (VIP, PORT)), f"{what}: server, data intact, source")

    def exchange(self, text="hello"):
        """One datagram and its answer: what was sent before it has met its fate, too."""
        self.send(*self.cut(text))
        self.hears(text, "a whole datagram")


@contextlib.contextmanager
def echo_service(net, *ports):
    """lbd with its services, an echo behind VIP:5300, and a Sender for each client port."""
    with UdpEcho(net.rs1, RS1, 7), net.lbd(SERVICES) as lbd, Wire(net.client, net.director.mac("wan0")) as wire:
        senders = [Sender(net, wire, port) for port in ports]
        senders[0].exchange()
        yield lbd, *senders


def large_datagrams(net):
    """1,473 to 8,000 bytes and back in fragments, intact; rr and the flow's server as for small ones"""
    both = service(f"{VIP}:{PORT}", ["192.168.11.100:7", "192.168.11.101:7"], protocol="udp")
    with UdpEcho(net.rs1, RS1, 7), UdpEcho(net.rs2, "192.168.11.101", 7), net.lbd([both]) as lbd:
        sockets = [net.client.socket(socket.SOCK_DGRAM, source=(CLIENT, 40000 + i)) for i in range(4)]
        for size in (1473, 3000, 10, 8000, 3000):
            for i, one in enumerate(sockets):
                echoed(one, (VIP, PORT), size, ("rs1", "rs2")[i % 2], f"{size} bytes from socket {i}")
        equal([one["connections_total"] for one in lbd.servers()], [2, 2], "connections_total")
        for one in sockets:
            one.close()


def every_order(net):
    """Three fragments in all six orders; two datagrams' fragments mixed: one answer each"""
    with echo_service(net, 41000, 41001) as (_, first, second):
        for order in itertools.permutations(range(3)):
            text = noise(3500)
            parts = first.cut(text)
            first.send(*(parts[i] for i in order))
            first.hears(text, f"order {order}")
        one, other = noise(3500), noise(3500)
        for parts in zip(reversed(first.cut(one)), second.cut(other)):
            first.send(*parts)
        first.hears(one, "mixed, in reverse order")
        second.hears(other, "mixed, in order")


def sizes_and_id_stay(net):
    """As in LVS, fragments leave in the size in which they came, with their ID, TTL less one"""
    with echo_service(net, 41010) as (_, one), net.rs1.capture("eth0", f"udp and src {CLIENT}", "-v") as seen:
        text = noise(2500)
        parts = one.cut(text, 1000)
        one.send(*reversed(parts))
        one.hears(text, "three fragments of 1,000 bytes")
        lines = seen.wait(lambda packets: len(packets) >= 3 and packets, "the fragments at rs1")
    found = [re.search(r"ttl (\d+), id (\d+), offset (\d+), flags \[([^]]*)].* length (\d+)\) ", line).groups()
             for line in lines]
    ident = str(struct.unpack("!H", parts[0][4:6])[0])
    equal(found, [("63", ident, "0", "+", "1020"), ("63", ident, "1000", "+", "1020"),
                  ("63", ident, "2000", "none", "528")], "TTL, ID, offset, flags and length at rs1")


def tcp_in_fragments(net):
    """A SYN that comes in two fragments, the second one first, opens a connection"""
    whole, ident = frames.tcp(CLIENT, VIP, 41020, 80), next(ids)
    with echo_service(net, 41021) as (lbd, one), \
            net.client.capture("eth0", "tcp src port 80 and dst port 41020", "-Qin") as heard:
        one.send(frames.fragment(CLIENT, VIP, frames.TCP, whole, 16, 20, ident),
                 frames.fragment(CLIENT, VIP, frames.TCP, whole, 0, 16, ident))
        heard.wait(lambda packets: [line for line in packets if "Flags [S.]" in line], "the server's SYN+ACK")
        equal([server["connections_total"] for server in lbd.servers()], [1, 0], "connections_total")


def overlapping_ones(net):
    """A fragment that overlaps another in part: counted as fragment_overlap, nothing of the datagram is forwarded"""
    with echo_service(net, 41030) as (lbd, one), net.rs1.capture("eth0", f"udp and src {CLIENT}") as seen:
        for again in ((1472, 2952), (1472, 1488)):
            before = lbd.drops()
            whole, ident = one.datagram(noise(3500)), next(ids)
            one.send(*(frames.fragment(CLIENT, VIP, frames.UDP, whole, begin, end, ident)
                       for begin, end in ((0, 1480), again, (1480, 2960), (2960, len(whole)))))
            one.exchange()
            holds(lbd.drops(before).get("fragment_overlap", 0) >= 1, f"bytes {again}: drops are {lbd.drops(before)}")
        lines = seen.wait(lambda packets: len(packets) >= 2 and packets, "the whole datagrams at rs1")
    equal([line for line in lines if not line.endswith("UDP, length 5")], [], "forwarded, but the whole datagrams")


def repeated_ones(net):
    """The same fragment twice, or a part of it: counted as fragment_repeated, the datagram arrives once"""
    with echo_service(net, 41040) as (lbd, one):
        before = lbd.drops()
        text = noise(3500)
        parts = one.cut(text)
        one.send(parts[0], parts[0], parts[2], parts[2], parts[1])
        one.hears(text, "a datagram with repeated fragments")
        whole, ident = one.datagram(text), next(ids)
        one.send(*(frames.fragment(CLIENT, VIP, frames.UDP, whole, begin, end, ident)
                   for begin, end in ((0, 1480), (8, 16), (0, 1472), (1480, 2960), (800, 2000), (2960, len(whole)))))
        one.hears(text, "a datagram with parts of fragments")
        one.exchange()
        equal(lbd.drops(before), {"fragment_repeated": 5}, "drops")


def bad_ones(net):
    """Fragments that no datagram can have: counted as bad_fragment at once"""
    with echo_service(net, 41050) as (lbd, one):
        whole = one.datagram(noise(3500))

        def packet(data, fragment):
            return frames.ipv4(CLIENT, VIP, frames.UDP, data, fragment=fragment, identification=next(ids))

        for what, bad in (("not a multiple of 8", packet(whole[:1479], frames.MORE_FRAGMENTS)),
                          ("beyond 65,535", packet(whole[:1400], 0x1fff)),
                          ("empty, with more to come", packet(b"", frames.MORE_FRAGMENTS | 10))):
            before = lbd.drops()
            one.send(bad)
            one.exchange()
            equal(lbd.drops(before), {"bad_fragment": 1}, what)


def missing_ones(net):
    """Datagrams that lack a fragment are given up after 30 s: each fragment counted, the client told, no buffer forgotten"""
    with echo_service(net, 41060) as (lbd, one), net.rs1.capture("eth0", f"udp and src {CLIENT}") as seen, \
            net.client.capture("eth0", "icmp[0] == 11 and icmp[1] == 1", "-Qin") as told:
        buffers, before = lbd.buffers(), lbd.drops()
        for missing in (0, 1, 2) * 10:
            parts = one.cut(noise(3500))
            del parts[missing]
            one.send(*parts)
        one.exchange()
        equal(lbd.drops(before), {}, "drops while the others may still come")
        wait_for(lambda: lbd.drops(before).get("fragment_timeout", 0) >= 60, 45, "60 drops under fragment_timeout")
        equal(lbd.drops(before), {"fragment_timeout": 60}, "drops")
        told.wait(lambda packets: len(packets) == 20, "11/1 for the datagrams of which the first fragment came")
        one.exchange()
        # net_af_xdp keeps what it has sent until it sends again: the answers, where another worker sends the rest.
        wait_for(lambda: lbd.buffers() <= buffers + 20, 5, "the fragments' 60 buffers to be free")
        lines = seen.wait(lambda packets: len(packets) >= 2 and packets, "the whole datagrams at rs1")
    equal([line for line in lines if not line.endswith("UDP, length 5")], [], "forwarded, but the two whole datagrams")


def flood_of_first_fragments(net):
    """More unfinished datagrams than lbd keeps: the oldest are counted as fragments_full, whole ones get through"""
    with echo_service(net, 41070) as (lbd, one):
        first = frames.udp(CLIENT, VIP, 41071, PORT, b"x" * 24)

        def flooded():
            for number in range(2000):
                one.send(frames.ipv4(CLIENT, VIP, frames.UDP, first, fragment=frames.MORE_FRAGMENTS,
                                     identification=(flooded.sent + number) & 0xffff))
            flooded.sent += 2000
            return lbd.drops()["fragments_full"] > 0

        flooded.sent = 0
        wait_for(flooded, 20, "drops under fragments_full")
        one.exchange(noise(3500))
        equal(answers(net.client, f"http://{VIP}/", 4), ["rs1", "rs2"] * 2, "answers during the flood")
        one.exchange()


CASES = [large_datagrams, every_order, sizes_and_id_stay, tcp_in_fragments, overlapping_ones, repeated_ones, bad_ones,
         missing_ones, flood_of_first_fragments]
