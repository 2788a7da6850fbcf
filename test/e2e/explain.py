"""explain: what it says of a packet is what the packet then meets.

                                     director                          .--- rs1  192.168.11.100
        client ------------------- wan0    lan0 ----------- switch ---<
        192.168.22.50     192.168.22.11    192.168.11.11               '--- rs2  192.168.11.101
                              VIP :80
"""

import re
import socket

import frames
from checks import contains, equal, holds, refused
from lab import NatTwoArm, UdpEcho, service, spread, wait_for
from traffic import Wire, ask, connect, reset, udp_ask

TOPOLOGY = NatTwoArm
CLIENT, VIP = "192.168.22.50", "192.168.22.11"
RS1, RS2 = "192.168.11.100:80", "192.168.11.101:80"
NAMES = {"192.168.11.100": "rs1", "192.168.11.101": "rs2"}

# No connection ends while a case compares: loads would change between two questions.
LONG = {"tcp_close": 600, "tcp_time_wait": 600}


def explained(lbd, client_port, port=80, protocol="tcp"):
    return lbd.json("explain", protocol, f"{CLIENT}:{client_port}", f"{VIP}:{port}")


def chosen(told):
    return next((one["server"] for one in told["servers"] if one["chosen"]), None)


def name_of(server):
    return NAMES[server.partition(":")[0]]


def every_scheduler_is_foretold(net):
    """For each scheduler: the server that explain names serves the connection, asked twice or not, and is shown then"""
    with net.lbd([service(f"{VIP}:80", [(RS1, 2), (RS2, 1)], name="web")], timeouts=LONG) as lbd:
        source_port = 20000
        for name in "rr wrr lc wlc sed nq sh mh dh fo ovf lblc".split():
            lbd.ctl("set", "service", "web", "scheduler", name)
            for _ in range(4):
                source_port += 1
                told = explained(lbd, source_port)
                equal(explained(lbd, source_port), told, f"{name}: the same question again")
                equal(told["outcome"], "new", f"{name}: outcome")
                with connect(net.client, VIP, 80, source_port) as connection:
                    equal(ask(connection), name_of(chosen(told)), f"{name}: who serves, of {told}")
                    now = explained(lbd, source_port)
                    equal((now["outcome"], now["connection"]["server"], now["connection"]["state"], now["worker"]),
                          ("connection", chosen(told), "ESTABLISHED", told["worker"]), f"{name}: what is explained then")
                    if source_port % 2:
                        reset(connection)


def the_way_is_foretold(net):
    """Rewrite, next hop with its MAC, and MTU, for both directions of a connection"""
    with net.lbd([service(f"{VIP}:80", [RS1], name="web")]) as lbd, connect(net.client, VIP, 80) as connection:
        equal(ask(connection), "rs1", "who serves")
        port = connection.getsockname()[1]
        there = explained(lbd, port)
        equal({key: there["rewrite"][key] for key in ("forward", "source", "destination")},
              {"forward": "nat", "source": f"{CLIENT}:{port}", "destination": RS1}, "rewrite towards the server")
        equal([there["next_hop"][key] for key in ("interface", "address", "mac", "link_mtu")],
              ["lan", "192.168.11.100", net.rs1.mac("eth0"), 1500], "next hop towards the server")
        back = lbd.json("explain", "tcp", RS1, f"{CLIENT}:{port}")
        equal({key: back["rewrite"][key] for key in ("forward", "source", "destination")},
              {"forward": "nat", "source": f"{VIP}:80", "destination": f"{CLIENT}:{port}"}, "rewrite towards the client")
        equal([back["next_hop"][key] for key in ("interface", "address", "mac")],
              ["wan", CLIENT, net.client.mac("eth0")], "next hop towards the client")


def refusals_are_foretold(net):
    """No server, a full one, a closed port, an address that is nobody's: named with the counter that then rises"""
    web = service(f"{VIP}:80", [{"address": RS1, "upper_threshold": 1}, {"address": RS2, "weight": 0}], name="web")
    with net.lbd([web]) as lbd:
        with connect(net.client, VIP, 80) as one:
            equal(ask(one), "rs1", "who serves")
            told = explained(lbd, 20001)
            equal((told["outcome"], told["drop"]), ("refused", "no_server"), "with the only server full")
            contains(told["servers"][0]["why"], "full: has 1, upper threshold 1", "why not rs1")
            contains(told["servers"][1]["why"], "weight 0", "why not rs2")
            before = lbd.drops()
            refused(lambda: connect(net.client, VIP, 80, 20001), "a connection that was to be refused")
            equal(lbd.drops(before), {"no_server": 1}, "drops")
        told = explained(lbd, 20002, 81)
        equal((told["outcome"], told["drop"]), ("refused", "closed_port"), "port 81")
        contains(told["why_service"], "web (tcp:80)", "why no service")
        before = lbd.drops()
        refused(lambda: connect(net.client, VIP, 81, 20002), "port 81")
        equal(lbd.drops(before), {"closed_port": 1}, "drops")
        holds(explained(lbd, 20003, 80, "udp")["drop"] == "closed_port", "udp, which web has not")
        bad = lbd.ask("explain", "tcp", "192.168.22.50", f"{VIP}:80")
        equal((bad.returncode, bad.stdout), (1, ""), "without a client's port")
        contains(bad.stderr, "192.168.22.50", "what was wrong")


def a_full_table_is_foretold(net):
    """No room for another connection: told beforehand as table_full, counted so, and logged; with room again it opens"""
    services = [service(f"{VIP}:80", [RS1, RS2], name="web"), service(f"{VIP}:9", ["192.168.11.100:9"], protocol="udp")]
    # Several workers have some more than the capacity, so that each has its share.
    datagrams = [frames.ipv4(CLIENT, VIP, frames.UDP, frames.udp(CLIENT, VIP, 21000 + i, 9, b"")) for i in range(2000)]
    with net.lbd(services, connections={"capacity": 4}, timeouts={"udp": 8}) as lbd, \
            Wire(net.client, net.director.mac("wan0")) as wire:
        equal(explained(lbd, 20001)["outcome"], "new", "outcome with an empty table")

        def told_when_filled():
            wire.send(*datagrams)
            told = explained(lbd, 20001)
            return told["outcome"] == "refused" and told

        told = wait_for(told_when_filled, 10, "a table without room")
        equal(told["drop"], "table_full", "why")
        if spread.workers == 1:  # of several one gives another what it can spare: the next try may get in
            # What answers came in behind the datagrams: none of them is left to be counted.
            net.client.run("ping", "-c", "3", "-i", "0.2", "-W", "3", VIP)
            before = lbd.drops()
            refused(lambda: connect(net.client, VIP, 80, 20001), "a connection for which there is no room")
            equal(lbd.drops(before), {"table_full": 1}, "drops")
        wait_for(lambda: re.search(r"table of connections is full: no room for \d+ more, 0 that were closing or "
                                   r"only begun gave way; capacity is 4\n", lbd.log()), 5,
                 "the log")
        wait_for(lambda: explained(lbd, 20001)["outcome"] == "new", 20, "room for one more")
        with connect(net.client, VIP, 80, 20001) as one:
            ask(one)


def a_flood_of_syns_is_told(net):
    """Half-open connections that a full table takes back for newer ones are counted and logged"""
    stranger = "192.168.22.77"
    # Eight workers hold some 400 entries, whatever the capacity.
    syns = [frames.ipv4(stranger, VIP, frames.TCP, frames.tcp(stranger, VIP, 21000 + i, 80, 0x02)) for i in range(1000)]
    with net.lbd([service(f"{VIP}:80", [RS1, RS2], name="web")], connections={"capacity": 4}) as lbd, \
            Wire(net.client, net.director.mac("wan0")) as wire:
        equal(lbd.json("show", "info")["connections"]["reclaimed"], 0, "reclaimed in the beginning")
        wire.send(*syns)
        wait_for(lambda: lbd.json("show", "info")["connections"]["reclaimed"] >= 100, 10, "a hundred that gave way")
        wait_for(lambda: re.search(r"table of connections is full: (no room for \d+ more, )?"
                                   r"\d+ that were closing or only begun gave way",
                                   lbd.log()), 5, "the log")
        contains(lbd.ctl("show", "metrics"), "lbd_connections_reclaimed_total ", "the metrics")


def a_clients_hold_is_foretold(net):
    """A client that holds to a server: explain names the hold, and what a deleted server's client gets instead"""
    web = service(f"{VIP}:80", [RS1, RS2], name="web", persistence_timeout=300)
    with net.lbd([web]) as lbd:
        equal(explained(lbd, 20001)["held"], None, "before its first connection")
        with connect(net.client, VIP, 80) as one:
            first = ask(one)
        server = RS1 if first == "rs1" else RS2
        told = explained(lbd, 20002)
        equal((told["held"], chosen(told)), (server, server), "afterwards")
        lbd.ctl("delete", "server", "web", server)
        told = explained(lbd, 20003)
        with connect(net.client, VIP, 80, 20003) as other:
            equal(ask(other), name_of(chosen(told)), "who serves without that server")


def datagrams_are_foretold(net):
    """UDP: the server of a new client, before its datagram comes"""
    dns = service(f"{VIP}:53", ["192.168.11.100:53", "192.168.11.101:53"], protocol="udp", name="dns")
    with UdpEcho(net.rs1, net.rip1, 53), UdpEcho(net.rs2, net.rip2, 53), net.lbd([dns]) as lbd:
        for source_port in range(20001, 20005):
            told = explained(lbd, source_port, 53, "udp")
            with net.client.socket(socket.SOCK_DGRAM, source=(CLIENT, source_port)) as asking:
                words, _ = udp_ask(asking, (VIP, 53))
            equal(words[0], name_of(chosen(told)), "who serves")
            equal(explained(lbd, source_port, 53, "udp")["connection"]["server"], chosen(told), "the connection's server")


CASES = [every_scheduler_is_foretold, the_way_is_foretold, refusals_are_foretold, a_full_table_is_foretold,
         a_flood_of_syns_is_told, a_clients_hold_is_foretold, datagrams_are_foretold]
