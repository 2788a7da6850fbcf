"""The article's NAT cluster: which real server gets which connection, and what the tables say about it.

                                     director                          .--- rs1  192.168.11.100
        client ------------------- wan0    lan0 ----------- switch ---<
        192.168.22.50     192.168.22.11    192.168.11.11               '--- rs2  192.168.11.101
                              VIP :80
"""

import re

from checks import contains, equal, holds, refused
from lab import NatTwoArm, service, wait_for
from traffic import answers, ask, connect, udp_ask_once

TOPOLOGY = NatTwoArm
URL = "http://192.168.22.11/"
RS1, RS2 = "192.168.11.100:80", "192.168.11.101:80"
ARTICLE = """\
IP Virtual Server version 1.2.1 (size=65536)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  192.168.22.11:80 wlc
  -> 192.168.11.100:80            Masq    2      0          26        
  -> 192.168.11.101:80            Masq    1      0          13        
"""


def web(scheduler, weight1, weight2):
    return service("192.168.22.11:80", [(RS1, weight1), (RS2, weight2)], scheduler=scheduler, name="web")


def wlc_as_in_the_article(net):
    """39 curls under wlc 2:1 come out as rs1 rs2 rs1…, and -Ln prints the article's table to the letter"""
    for nginx in net.nginx.values():
        nginx.mark()
    with net.lbd([web("wlc", 2, 1)]) as lbd:
        equal(answers(net.client, URL, 39), ["rs1", "rs2", "rs1"] * 13, "the order of answers")
        wait_for(lambda: all(one["active_connections"] == 0 for one in lbd.servers()), 5, "all connections inactive")
        equal(lbd.ctl("ipvsadm", "-Ln"), ARTICLE, "ipvsadm -Ln")
    for name, count in (("rs1", 26), ("rs2", 13)):
        seen = net.nginx[name].requests()
        equal(len(seen), count, f"requests in {name}'s access log")
        equal({request[0] for request in seen}, {"192.168.22.50"}, f"clients that {name} saw")


def rr_alternates(net):
    """rr: strictly one after the other, whatever the weights"""
    with net.lbd([web("rr", 5, 1)]):
        equal(answers(net.client, URL, 10), ["rs1", "rs2"] * 5, "the order of answers")


def wrr_exact_share(net):
    """wrr 3:1: every four connections in a row are three for rs1 and one for rs2"""
    with net.lbd([web("wrr", 3, 1)]):
        got = answers(net.client, URL, 24)
    for start in range(0, 24, 4):
        equal(sorted(got[start:start + 4]), ["rs1", "rs1", "rs1", "rs2"], f"cycle {start // 4} of {got}")


def lc_counts_active_connections(net):
    """lc: held connections count; after those of rs1 are closed, rs1 catches up"""
    with net.lbd([web("lc", 1, 1)]) as lbd:
        held = [connect(net.client, "192.168.22.11", 80) for _ in range(4)]
        equal([ask(one) for one in held], ["rs1", "rs2", "rs1", "rs2"], "servers of held connections")
        equal([one["active_connections"] for one in lbd.servers()], [2, 2], "active connections")
        held[0].close()
        held[2].close()
        wait_for(lambda: [one["active_connections"] for one in lbd.servers()] == [0, 2], 5, "two inactive on rs1")
        more = [connect(net.client, "192.168.22.11", 80) for _ in range(3)]
        equal([ask(one) for one in more], ["rs1", "rs1", "rs2"], "servers of the next three")
        for one in held + more:
            one.close()


def weight_zero_gets_nothing(net):
    """Weight 0 takes no new connection, under the article's schedulers"""
    for scheduler in ("rr", "wrr", "lc", "wlc"):
        with net.lbd([web(scheduler, 0, 1)]) as lbd:
            equal(answers(net.client, URL, 4), ["rs2"] * 4, f"{scheduler}: answers")
            equal([one["connections_total"] for one in lbd.servers()], [0, 4], f"{scheduler}: connections_total")


def all_weights_zero_refuse(net):
    """No server to be had: ICMP port unreachable from the VIP, for TCP and UDP; counted as no_server"""
    services = [web("rr", 0, 0), service("192.168.22.11:53", [("192.168.11.100:53", 0)], protocol="udp")]
    with net.lbd(services) as lbd, net.client.capture("eth0", "icmp or tcp[tcpflags] & tcp-rst != 0") as seen:
        refused(lambda: connect(net.client, "192.168.22.11", 80), "TCP with all weights 0")
        refused(lambda: udp_ask_once(net.client, "192.168.22.11", 53), "UDP with all weights 0")
        lines = seen.wait(lambda packets: len(packets) >= 2 and packets, "two ICMP messages")
        for line, port in zip(lines, ("tcp port 80", "udp port 53")):
            contains(line, f"192.168.22.11 > 192.168.22.50: ICMP 192.168.22.11 {port} unreachable", "refusal")
        equal(lbd.drops()["no_server"], 2, "drops for no_server")


def counters_agree_with_the_wire(net):
    """Packets and bytes per server are what the client's wire carried, both ways; active ones are counted"""
    expression = "tcp port 80 and host 192.168.22.11"
    with net.lbd([web("rr", 1, 1)]) as lbd, net.client.capture("eth0", expression, "-v") as wire:
        answers(net.client, URL, 6)
        with connect(net.client, "192.168.22.11", 80) as held:
            equal(ask(held), "rs1", "server of the held connection")
            wait_for(lambda: [(one["active_connections"], one["inactive_connections"]) for one in lbd.servers()]
                     == [(1, 3), (0, 3)], 5, "one active connection, on rs1")
        wire.wait(lambda packets: totals(lbd) == sums(packets), "lbd's totals to equal the capture's")
        equal([one["connections_total"] for one in lbd.servers()], [4, 3], "connections_total")
        holds(all(one["packets_in"] > 0 and one["packets_out"] > 0 for one in lbd.servers()), "both servers counted")
        equal({(one["state"], one["health"]) for one in lbd.servers()}, {("ready", "unchecked")}, "state and health")
        equal([one["address"] for one in lbd.servers()], [RS1, RS2], "order of servers")


def totals(lbd):
    keys = ("packets_in", "packets_out", "bytes_in", "bytes_out")
    return tuple(sum(one[key] for one in lbd.servers()) for key in keys)


def sums(packets):
    """(packets to the VIP, packets from it, bytes to it, bytes from it), bytes as IP counts them.

    Of connections that opened meanwhile: an earlier case's client may still send its FIN again."""
    client, vip = r"192\.168\.22\.50\.(\d+)", r"192\.168\.22\.11\.80"

    def find(pattern):
        return [(int(found[1]), found[2]) for found in (re.search(pattern, line) for line in packets) if found]

    length = r"proto TCP \(6\), length (\d+)\) "
    opened = {port for _, port in find(length + f"{client} > {vip}: Flags \\[S\\]")}
    inward, outward = ([size for size, port in find(length + way) if port in opened]
                       for way in (f"{client} > {vip}:", f"{vip} > {client}:"))
    return len(inward), len(outward), sum(inward), sum(outward)


CASES = [wlc_as_in_the_article, rr_alternates, wrr_exact_share, lc_counts_active_connections,
         weight_zero_gets_nothing, all_weights_zero_refuse, counters_agree_with_the_wire]
