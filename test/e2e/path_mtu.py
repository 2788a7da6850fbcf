"""Wires of unequal MTU on the two sides of NAT: with DF the sender learns, without DF the director fragments.

                                     director                          .--- rs1  192.168.11.100
        client ------------------- wan0    lan0 ----------- switch ---<
        192.168.22.50     192.168.22.11    192.168.11.11               '--- rs2  192.168.11.101
                   VIP TCP :80, UDP :5300 → :7

One side carries only 1,400 bytes. Its hosts offer TCP segments for 1,500, as hosts further away would.
"""

import re

from checks import contains, equal, holds
from lab import NatTwoArm, UdpEcho, service
from traffic import DF_ALWAYS, DF_NEVER, dgram, echoed_on, error_of, learns_mtu, upload

TOPOLOGY = NatTwoArm
CLIENT, VIP, RS1 = "192.168.22.50", "192.168.22.11", "192.168.11.100"
SERVICES = [service(f"{VIP}:80", [f"{RS1}:80"]), service(f"{VIP}:5300", [f"{RS1}:7"], protocol="udp")]
NEEDED = "icmp[icmptype] == icmp-unreach and icmp[icmpcode] == 4"


def stored(net, name):
    return (net.nginx["rs1"].html / "upload" / name).read_text()


def datagram_with_df(net):
    """A datagram of 1,470 bytes with DF: fragmentation needed, mtu 1400, from the VIP; what fits arrives"""
    with net.narrow("lan", 1400) as interfaces, UdpEcho(net.rs1, RS1, 7), \
            net.lbd(SERVICES, interfaces=interfaces) as lbd, net.client.capture("eth0", NEEDED) as seen, \
            dgram(net.client, (VIP, 5300), df=DF_ALWAYS) as one:
        learns_mtu(one, 1470, 1400)
        equal(error_of(lambda: one.send(b"x" * 1470)), "EMSGSIZE", "the same datagram again")
        echoed_on(one, 1372, "rs1", "the largest datagram that fits")
        line = seen.wait(lambda packets: packets, "the ICMP message")[0]
        contains(line, f"{VIP} > {CLIENT}: ICMP {VIP} unreachable - need to frag (mtu 1400)", "the message")
        holds(lbd.drops()["too_big"] >= 1, "the drop is not counted as too_big")


def datagram_without_df(net):
    """Without DF it comes in fragments of at most 1,400 bytes, and nobody is told anything"""
    with net.narrow("lan", 1400) as interfaces, UdpEcho(net.rs1, RS1, 7), \
            net.lbd(SERVICES, interfaces=interfaces) as lbd, net.client.capture("eth0", "icmp") as told, \
            net.rs1.capture("eth0", f"udp and src {CLIENT}", "-v") as seen, \
            dgram(net.client, (VIP, 5300), df=DF_NEVER) as one:
        before = lbd.drops()
        echoed_on(one, 1470, "rs1", "1,470 bytes")
        lines = seen.wait(lambda packets: len(packets) >= 2 and packets, "the fragments at rs1")
        sizes = [int(re.search(r"length (\d+)\) ", line)[1]) for line in lines]
        equal(sum(sizes), 1470 + 28 + 20, "bytes of both fragments")
        holds(max(sizes) <= 1400, f"fragments of {sizes} bytes")
        echoed_on(one, 4000, "rs1", "4,000 bytes, in fragments already")
        equal((told.packets(), lbd.drops(before)), ([], {}), "ICMP messages at the client, and drops")


def upload_with_df(net):
    """A curl upload learns the smaller MTU of the servers' side, and is whole"""
    with net.narrow("lan", 1400) as interfaces, net.lbd(SERVICES, interfaces=interfaces), \
            net.client.capture("eth0", NEEDED) as seen:
        content, status = upload(net.client, f"http://{VIP}/upload/learns", 600_000)
        equal((status, stored(net, "learns") == content), ("201", True), "HTTP status, and whether the file is whole")
        contains(seen.wait(lambda packets: packets, "an ICMP message")[0],
                 f"{VIP} > {CLIENT}: ICMP {VIP} unreachable - need to frag (mtu 1400)", "the message")
        contains(net.client.ip(f"route get {VIP}"), "mtu 1400", "the path that the client knows")


def upload_without_df(net):
    """A client that never sets DF: its segments come in fragments, the upload is whole"""
    net.client.sysctl("net.ipv4.ip_no_pmtu_disc=1")
    with net.narrow("lan", 1400) as interfaces, net.lbd(SERVICES, interfaces=interfaces), \
            net.client.capture("eth0", "icmp") as told, \
            net.rs1.capture("eth0", f"src {CLIENT} and ip[6:2] & 0x3fff != 0") as seen:
        content, status = upload(net.client, f"http://{VIP}/upload/without", 60_000)
        equal((status, stored(net, "without") == content), ("201", True), "HTTP status, and whether the file is whole")
        seen.wait(lambda packets: len(packets) >= 2, "fragments at rs1")
        equal(told.packets(), [], "ICMP messages at the client")
    net.client.sysctl("net.ipv4.ip_no_pmtu_disc=0")


def answers_too_big(net):
    """A server's answer that does not fit the clients' side: it learns, from the director's inside address"""
    net.nginx["rs1"].offer(big_file(net), "big")
    with net.narrow("wan", 1400) as interfaces, net.lbd(SERVICES, interfaces=interfaces), \
            net.rs1.capture("eth0", NEEDED) as seen:
        equal(len(net.client.curl(f"http://{VIP}/big")), 600_000, "bytes that came")
        contains(seen.wait(lambda packets: packets, "an ICMP message")[0],
                 f"192.168.11.11 > {RS1}: ICMP {CLIENT} unreachable - need to frag (mtu 1400)", "the message")
        contains(net.rs1.ip(f"route get {CLIENT}"), "mtu 1400", "the path that rs1 knows")


def big_file(net):
    path = net.lab.directory / "big"
    path.write_text("x" * 600_000)
    return path


CASES = [datagram_with_df, datagram_without_df, upload_with_df, upload_without_df, answers_too_big]
