"""What real servers start themselves leaves with the director's address, and its answers find back.

        web ------------- router ---------.              director                    .--- rs1  192.168.11.100
        203.0.113.80   203.0.113.1         >- switch -- wan0    lan0 ---- switch ---<
                       192.168.22.1       |    192.168.22.11    192.168.11.11        '--- rs2  192.168.11.101
        client  192.168.22.50 ------------'        (VIP)

The router knows no way to 192.168.11.0/24: nothing comes back that the director has not masqueraded.
"""

import collections
import concurrent.futures
import re
import socket

from checks import contains, equal, holds
from lab import NatOutward, UdpEcho, service, wait_for
from traffic import (DF_ALWAYS, answers, connect, dgram, echoed, error_of, learns_mtu, ping, reset, udp_ask,
                     udp_ask_once, upload)

TOPOLOGY = NatOutward
VIP, RS1, WEB, CLIENT = "192.168.22.11", "192.168.11.100", "203.0.113.80", "192.168.22.50"
SERVICE = service(f"{VIP}:80", ["192.168.11.100:80", "192.168.11.101:80"])


def masquerading(net, **more):
    """lbd with the article's rule, and a service on the same address. `more` belongs to the rule."""
    return net.lbd([SERVICE], masquerade=[{"source": "192.168.11.0/24", "interface": "wan", **more}],
                   timeouts={"tcp_close": 1})


def own_curl(net):
    """A server's own curl: the web server sees the director, at a port of the rule; the service there goes on"""
    net.nginx["web"].mark()
    with masquerading(net) as lbd:
        for _ in range(5):
            for server in (net.rs1, net.rs2):
                equal(server.curl(f"http://{WEB}/"), "webwebweb", f"what {server.name} fetched")
        equal(answers(net.client, f"http://{VIP}/", 4), ["rs1", "rs2"] * 2, "answers of the service")
        listed = lbd.json("show", "connections", "service", "masquerade")["connections"]
        equal({(one["client"], one["service"]) for one in listed}, {(f"{WEB}:80", "masquerade")}, "masqueraded connections")
        equal(len(listed), 10, "masqueraded connections")
        table = lbd.ctl("ipvsadm", "-Lnc").splitlines()[2:]
        equal([line.split()[4] for line in table], [f"{VIP}:80"] * 4, f"virtual addresses of ipvsadm's table\n{table}")
    requests = net.nginx["web"].requests()
    equal([request[0] for request in requests], [VIP] * 10, "clients that the web server saw")
    ports = [int(request[1]) for request in requests]
    holds(all(1024 <= port <= 32767 for port in ports), f"ports out of 1024 to 32767: {ports}")


def one_port_on_both_servers(net):
    """Both servers use one source port towards one address: both connections work, side by side"""
    with masquerading(net), connect(net.rs1, WEB, 80, 43000) as first, connect(net.rs2, WEB, 80, 43000) as second:
        for one in (first, second, first):
            one.sendall(b"GET / HTTP/1.1\r\nHost: web\r\n\r\n")
            contains(one.recv(65536).decode(), "webwebweb", "answer")


def large_transfers(net):
    """600 kB up and down, by content"""
    with masquerading(net):
        content, status = upload(net.rs1, f"http://{WEB}/upload/large", 600_000)
        equal(status, "201", "HTTP status of the upload")
        holds(net.rs2.curl(f"http://{WEB}/upload/large") == content, "what rs2 fetched is not what rs1 stored")


def udp_out(net):
    """UDP from both servers, small and in fragments: the echo sees the director, and its answers come back intact"""
    with UdpEcho(net.web, WEB, 7), masquerading(net):
        for server in (net.rs1, net.rs2):
            with server.socket(socket.SOCK_DGRAM) as one:
                words, source = udp_ask(one, (WEB, 7))
                equal((words[0], words[1], source), ("web", VIP, (WEB, 7)), f"answer to {server.name}")
                holds(1024 <= int(words[2].rstrip(":")) <= 32767, f"source port {words[2]}")
                for size in (1400, 3000):
                    echoed(one, (WEB, 7), size, "web", f"{size} bytes from {server.name}")


def pings_side_by_side(net):
    """Six pings at once, of which two have the same identifier on two servers: each hears its own answers"""
    with masquerading(net), net.web.capture("eth0", "icmp[icmptype] == icmp-echo") as seen, \
            concurrent.futures.ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(ping, server, WEB, "-e", str(ident)) for server in (net.rs1, net.rs2)
                for ident in (77, 1000 if server is net.rs1 else 2000, 3000)]
        for job in jobs:
            contains(job.result(), "2 packets transmitted, 2 received, 0% packet loss", "a ping")
        lines = seen.wait(lambda packets: len(packets) >= 12 and packets, "12 echo requests at the web server")
    count = collections.Counter(re.search(r" (\S+) > \S+ ICMP echo request, id (\d+)", line).groups() for line in lines)
    equal({source for source, _ in count}, {VIP}, "sources of the echo requests")
    equal(list(count.values()), [2] * 6, f"requests by identifier, {count}")


def pings_in_and_out(net):
    """The director answers pings to its own address while servers ping out; a large one goes out in fragments"""
    with masquerading(net):
        contains(ping(net.rs1, WEB, "-s", "3000"), "2 received", "a ping of 3,000 bytes from rs1")
        contains(ping(net.web, VIP), "2 received", "a ping of the director from outside")
        contains(ping(net.rs1, "192.168.11.11"), "2 received", "a ping of the director from rs1")
        contains(ping(net.rs1, VIP), "2 received", "a ping of the masquerade's own address from rs1")


def traceroute_out(net):
    """TTL 1, 2 and 3 from a server: the director's inside address, the router, the web server; by ping and by UDP"""
    with UdpEcho(net.web, WEB, 7), masquerading(net):
        contains(ping(net.rs1, WEB, "-t", "1"), "From 192.168.11.11 icmp_seq=1 Time to live exceeded", "ping -t 1")
        contains(ping(net.rs1, WEB, "-t", "2"), "From 192.168.22.1 icmp_seq=1 Time to live exceeded", "ping -t 2")
        contains(ping(net.rs1, WEB, "-t", "3"), "2 received", "ping -t 3")
        for ttl, expected in ((1, "EHOSTUNREACH"), (2, "EHOSTUNREACH"), (3, b"web ")):
            with dgram(net.rs1, (WEB, 7)) as one:
                one.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
                one.send(b"hello")
                equal(error_of(lambda: one.recv(4)), expected, f"a datagram with TTL {ttl}")


def traceroute_in(net):
    """TTL 1 and 2 from the client to a server's own address: the director's outside address, then the server"""
    with masquerading(net):
        contains(ping(net.client, RS1, "-t", "1"), f"From {VIP} icmp_seq=1 Time to live exceeded", "ping -t 1")
        contains(ping(net.client, RS1, "-t", "2"), "2 received", "ping -t 2")


def errors_find_back(net):
    """The web server's port unreachable refuses the server that sent; the quote is the server's own packet"""
    with masquerading(net), net.rs2.capture("eth0", "icmp", "-v") as seen:
        for server in (net.rs1, net.rs2):
            equal(error_of(lambda one=server: udp_ask_once(one, WEB, 9)), "ECONNREFUSED", f"what {server.name} hears")
        line = seen.wait(lambda packets: packets, "the message at rs2")[0]
        contains(line, f"{WEB} > 192.168.11.101: ICMP {WEB} udp port 9 unreachable", "the message at rs2")
        contains(line, "192.168.11.101.", "the packet that it quotes")
        holds("wrong icmp cksum" not in line and "bad cksum" not in line, f"a wrong checksum: {line}")
        equal(len(seen.packets()), 1, "messages at rs2")


def path_mtu_out(net):
    """A smaller MTU behind the router: a server learns it by its datagrams and by an upload, which is whole"""
    net.router.ip("route change 203.0.113.0/24 dev web0 src 203.0.113.1 mtu 1300")
    with masquerading(net):
        with dgram(net.rs1, (WEB, 7), df=DF_ALWAYS) as one:
            learns_mtu(one, 1470, 1300)
        content, status = upload(net.rs2, f"http://{WEB}/upload/narrow", 60_000)
        equal((status, (net.nginx["web"].html / "upload/narrow").read_text() == content), ("201", True),
              "HTTP status, and whether the file is whole")
        contains(net.rs2.ip(f"route get {WEB}"), "mtu 1300", "the path that rs2 knows")
    net.router.ip("route change 203.0.113.0/24 dev web0 src 203.0.113.1")
    for server in (net.rs1, net.rs2):
        server.forget_path_mtu()


def ports_run_out(net):
    """Four ports: the fifth connection to one address and port fails, counted and logged once; another port is free"""
    with masquerading(net, ports="40000-40003") as lbd:
        held = [connect(net.rs1, WEB, 80) for _ in range(4)]
        for server in (net.rs1, net.rs2):
            with server.socket(socket.SOCK_STREAM, timeout=1) as fifth:
                holds(error_of(lambda one=fifth: one.connect((WEB, 80))) is not None, f"{server.name} has a fifth port")
        wait_for(lambda: lbd.drops()["no_masquerade_port"] >= 2, 5, "drops under no_masquerade_port")
        said = [line for line in lbd.log().splitlines() if "masquerade" in line and "port" in line]
        equal(len(said), 1, f"lines about ports of the masquerade in the log: {said}")
        with connect(net.rs2, WEB, 8080) as other:
            other.sendall(b"GET / HTTP/1.1\r\nHost: web\r\n\r\n")
            contains(other.recv(65536).decode(), "webwebweb", "answer of another port of the web server")
        for one in held:
            reset(one)
        wait_for(lambda: error_of(lambda: connect(net.rs2, WEB, 80).close()) is None, 20, "a port to be free again")


CASES = [own_curl, one_port_on_both_servers, large_transfers, udp_out, pings_side_by_side, pings_in_and_out,
         traceroute_out, traceroute_in, errors_find_back, path_mtu_out, ports_run_out]
