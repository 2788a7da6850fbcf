"""Frames that no honest host sends, from a raw socket: each dropped under its reason, and the service goes on.

                                     director                          .--- rs1  192.168.11.100
        client ------------------- wan0    lan0 ----------- switch ---<
        192.168.22.50     192.168.22.11    192.168.11.11               '--- rs2  192.168.11.101
                             VIP :80, :53
"""

import random
import socket

import frames
from checks import Failed, equal, holds
from lab import NatTwoArm, TimedOut, service, wait_for
from traffic import answers

TOPOLOGY = NatTwoArm
CLIENT, VIP = "192.168.22.50", "192.168.22.11"
SERVICES = [service(f"{VIP}:80", ["192.168.11.100:80", "192.168.11.101:80"]),
            service(f"{VIP}:53", ["192.168.11.100:53"], protocol="udp")]
EACH = 50  # frames of a kind: fewer than any ring holds
FOREIGN = "02:00:00:00:00:77"


def kinds(director_mac, client_mac):
    """(what, drop reason, frame) of each kind."""
    syn = frames.tcp(CLIENT, VIP, 50000, 80)
    datagram = frames.udp(CLIENT, VIP, 50000, 53, b"x" * 24)

    def ip(payload, protocol=frames.TCP, **faults):
        return frames.ethernet(director_mac, client_mac, frames.ipv4(CLIENT, VIP, protocol, payload, **faults))

    return [
        ("wrong IP checksum", "bad_ip_checksum", ip(syn, wrong_by=1)),
        ("TCP header cut to 10 bytes", "bad_transport_header", ip(syn[:10])),
        ("UDP header cut to 4 bytes", "bad_transport_header", ip(datagram[:4], frames.UDP)),
        ("TCP header of 3 words", "bad_transport_header", ip(syn[:12] + b"\x30" + syn[13:])),
        ("UDP length beyond the packet", "bad_transport_header",
         ip(datagram[:4] + b"\x04\0" + datagram[6:], frames.UDP)),
        ("IP length beyond the frame", "truncated", ip(syn, total_length=400)),
        ("IP header cut to 10 bytes", "truncated",
         frames.ethernet(director_mac, client_mac, frames.ipv4(CLIENT, VIP, frames.TCP, syn)[:10])),
        ("IP length below its header", "bad_ip_header", ip(syn, total_length=10)),
        ("IP header of 4 words", "bad_ip_header", ip(syn, words=4)),
        ("IP version 7", "bad_ip_header", ip(syn, version=7)),
        ("source 127.0.0.1", "bad_source", frames.ethernet(director_mac, client_mac, frames.ipv4(
            "127.0.0.1", VIP, frames.TCP, frames.tcp("127.0.0.1", VIP, 50000, 80)))),
        ("fragment of 29 bytes, and more to come", "bad_fragment",
         ip(datagram[:29], frames.UDP, fragment=frames.MORE_FRAGMENTS)),
        ("fragment that ends beyond 65,535", "bad_fragment", ip(datagram, frames.UDP, fragment=0x1fff)),
        ("VLAN tag", "vlan", frames.tagged(ip(syn))),
        ("another host's MAC", "foreign_mac",
         frames.ethernet(FOREIGN, client_mac, frames.ipv4(CLIENT, VIP, frames.TCP, syn))),
        ("IP in a multicast frame", "not_for_us",
         frames.ethernet("01:00:5e:00:00:05", client_mac, frames.ipv4(CLIENT, VIP, frames.TCP, syn))),
        ("unknown ethertype", "unknown_ethertype", frames.ethernet(director_mac, client_mac, b"x" * 50, 0x88b5)),
        ("ARP cut to 10 bytes", "bad_arp",
         frames.ethernet(director_mac, client_mac, b"\0\1\x08\0\6\4\0\1xx", frames.ARP)),
    ]


def each_kind_has_its_reason(net):
    """Every broken frame is counted, under the reason that fits; lbd survives, forgets no buffer, and answers curl"""
    raw = net.client.socket(socket.SOCK_RAW, family=socket.AF_PACKET)
    raw.bind(("eth0", 0))
    with raw, net.lbd(SERVICES) as lbd:
        equal(answers(net.client, f"http://{VIP}/", 2), ["rs1", "rs2"], "answers before")
        buffers = lbd.buffers()
        broken = kinds(net.director.mac("wan0"), net.client.mac("eth0"))
        for what, reason, frame in broken:
            before = lbd.drops()
            for _ in range(EACH):
                raw.send(frame)
            try:
                wait_for(lambda: lbd.drops(before).get(reason, 0) >= EACH, 5, what)
            except TimedOut as late:
                raise Failed(f"{what}: expected {EACH} drops under {reason}, got {lbd.drops(before)}") from late
            equal(lbd.drops(before)[reason], EACH, f"{what}: drops under {reason}")
            equal(answers(net.client, f"http://{VIP}/", 2), ["rs1", "rs2"], f"answers after: {what}")
        leaked = lbd.buffers() - buffers
        holds(leaked < EACH, f"{leaked} more buffers in use than before the broken frames")
        equal([one["connections_total"] for one in lbd.servers()], [len(broken) + 1] * 2,
              "connections_total: curls and no broken frame")


def noise_by_the_thousand(net):
    """20,000 random frames, half of them nearly right: lbd drops the most, lives on and answers"""
    dice = random.Random(7)
    head = frames.mac(net.director.mac("wan0")) + frames.mac(net.client.mac("eth0"))
    valid = frames.ipv4(CLIENT, VIP, frames.TCP, frames.tcp(CLIENT, VIP, 50001, 80, 0x10))
    raw = net.client.socket(socket.SOCK_RAW, family=socket.AF_PACKET)
    raw.bind(("eth0", 0))
    with raw, net.lbd(SERVICES) as lbd:
        for number in range(20000):
            body = bytearray(valid if number % 2 else dice.randbytes(dice.randrange(1, 200)))
            for _ in range(dice.randrange(4)):
                body[dice.randrange(len(body))] = dice.randrange(256)
            raw.send(head + b"\x08\x00" + body[:dice.randrange(1, len(body) + 1)])
        wait_for(lambda: sum(lbd.drops().values()) > 5000, 10, "more than 5,000 drops")
        equal(sorted(answers(net.client, f"http://{VIP}/", 2)), ["rs1", "rs2"], "answers afterwards")


CASES = [each_kind_has_its_reason, noise_by_the_thousand]
