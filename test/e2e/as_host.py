"""The director as a host on its wires: ARP, ping, closed ports, packets for others.

                                     director                          .--- rs1  192.168.11.100
        client ------------------- wan0    lan0 ----------- switch ---<
        192.168.22.50     192.168.22.11    192.168.11.11               '--- rs2  192.168.11.101
                   VIPs :80 on 192.168.22.11, 192.168.22.110 and 10.9.9.9
"""

from checks import contains, equal, holds, refused
from lab import NatTwoArm, service
from traffic import connect, ping, udp_ask_once

TOPOLOGY = NatTwoArm
RS1 = "192.168.11.100:80"
SERVICES = [service(f"{vip}:80", [RS1]) for vip in ("192.168.22.11", "192.168.22.110", "10.9.9.9")]
GRATUITOUS = "arp and arp[14:4] = arp[24:4]"  # sender's address = target's address


def answers_ping(net):
    """Ping: the director's addresses and VIPs, from both sides, with small, large and fragmented packets"""
    net.client.ip("route replace 10.9.9.9 via 192.168.22.11")
    with net.lbd(SERVICES):
        for host in (net.client, net.rs1):
            for address in ("192.168.22.11", "192.168.11.11", "192.168.22.110", "10.9.9.9"):
                for size in ("1", "1472", "3000"):
                    contains(ping(host, address, "-s", size), "2 received", f"ping {address} from {host.name}")


def answers_arp(net):
    """arping: each side hears its own interface's MAC for addresses and VIPs, and nothing for a stranger's address"""
    with net.lbd(SERVICES):
        for host, device in ((net.client, "wan0"), (net.rs1, "lan0")):
            for address in ("192.168.22.11", "192.168.11.11", "192.168.22.110", "10.9.9.9"):
                heard = host.run("arping", "-c", "1", "-w", "2", "-I", "eth0", address, check=False).stdout
                contains(heard.lower(), net.director.mac(device), f"arping {address} from {host.name}")
            stranger = host.run("arping", "-c", "1", "-w", "1", "-I", "eth0", "192.168.22.77", check=False)
            holds(stranger.returncode != 0, f"192.168.22.77 was answered:\n{stranger.stdout}")


def announces_itself(net):
    """Gratuitous ARP at start: addresses and VIPs where their prefix is, a VIP of no prefix on all interfaces"""
    with net.client.capture("eth0", GRATUITOUS) as outside, net.rs1.capture("eth0", GRATUITOUS) as inside, \
            net.lbd(SERVICES):
        for capture, device, own, others in (
                (outside, "wan0", ("192.168.22.11 ", "192.168.22.110 ", "10.9.9.9 "), ("192.168.11.11 ",)),
                (inside, "lan0", ("192.168.11.11 ", "10.9.9.9 "), ("192.168.22.11 ", "192.168.22.110 "))):
            for address in own:
                heard = capture.wait(lambda packets, wanted=address: [line for line in packets if wanted in line + " "],
                                     f"a gratuitous ARP for {address}on {device}")
                contains(heard[0], f"{net.director.mac(device)} > ff:ff:ff:ff:ff:ff", "its frame")
            for line in capture.packets():
                holds(not any(address in line for address in others), f"announced on {device}, too: {line}")


def closed_ports_refuse(net):
    """A port of the VIP without service: RST for TCP, ICMP port unreachable for UDP; both counted"""
    with net.lbd(SERVICES) as lbd, net.client.capture("eth0", "icmp or tcp[tcpflags] & tcp-rst != 0") as seen:
        refused(lambda: connect(net.client, "192.168.22.11", 81), "TCP port 81")
        refused(lambda: udp_ask_once(net.client, "192.168.22.11", 53), "UDP port 53")
        lines = seen.wait(lambda packets: len(packets) >= 2 and packets, "the refusals")
        contains(lines[0], "192.168.22.11.81 > 192.168.22.50.", "refusal of TCP")
        contains(lines[0], "Flags [R.]", "refusal of TCP")
        contains(lines[1], "192.168.22.11 > 192.168.22.50: ICMP 192.168.22.11 udp port 53 unreachable", "of UDP")
        equal(lbd.drops()["closed_port"], 2, "drops for closed_port")


def forwards_for_others(net):
    """A packet for another host is routed, as with ip_forward=1: ping and HTTP to a server itself, TTL less one"""
    net.nginx["rs1"].mark()
    with net.lbd(SERVICES):
        contains(ping(net.client, "192.168.11.100"), "ttl=63", "ping of rs1 through the director")
        contains(ping(net.rs2, "192.168.22.50"), "ttl=63", "ping of the client from rs2")
        contains(ping(net.client, "192.168.11.100", "-s", "3000"), "2 received", "fragmented ping of rs1")
        equal(net.client.curl("http://192.168.11.100/"), "rs1rs1rs1", "rs1 by its own address")
    equal([request[0] for request in net.nginx["rs1"].requests()], ["192.168.22.50"], "the client that rs1 saw")


def ttl_runs_out(net):
    """A packet that arrives with TTL 1 for a host behind the director: time exceeded, from its near address"""
    with net.lbd(SERVICES) as lbd:
        contains(ping(net.client, "192.168.11.100", "-t", "1"), "From 192.168.22.11 icmp_seq=1 Time to live exceeded",
                 "ping -t 1 from the client")
        contains(ping(net.rs1, "192.168.22.50", "-t", "1"), "From 192.168.11.11 icmp_seq=1 Time to live exceeded",
                 "ping -t 1 from rs1")
        holds(lbd.drops()["ttl_expired"] >= 2, "the drops are not counted as ttl_expired")
        contains(ping(net.client, "192.168.11.100", "-t", "2"), "2 received", "ping -t 2")


def no_route(net):
    """A destination that no route covers: network unreachable, counted"""
    net.client.ip("route replace 10.77.0.0/16 via 192.168.22.11")
    with net.lbd(SERVICES) as lbd:
        contains(ping(net.client, "10.77.0.1"), "From 192.168.22.11 icmp_seq=1 Destination Net Unreachable", "ping")
        holds(lbd.drops()["no_route"] >= 1, "the drop is not counted as no_route")


CASES = [answers_ping, answers_arp, announces_itself, closed_ports_refuse, forwards_for_others, ttl_runs_out,
         no_route]
