"""Single flows through NAT: UDP, mapped ports, reused ports, servers that refuse or do not answer.

                                     director                          .--- rs1  192.168.11.100
        client ------------------- wan0    lan0 ----------- switch ---<
        192.168.22.50     192.168.22.11    192.168.11.11               '--- rs2  192.168.11.101
                              (VIP)                                         192.168.11.102: nobody
"""

import errno
import re
import socket
import time

from checks import Failed, contains, equal, holds, refused
from lab import NatTwoArm, UdpEcho, service, wait_for
from traffic import answers, ask, connect, reset, udp_ask

TOPOLOGY = NatTwoArm
VIP = "192.168.22.11"
RS1, RS2 = "192.168.11.100:80", "192.168.11.101:80"


def udp_round_robin(net):
    """UDP: rr over sockets, each socket stays with its server, answers come from the VIP"""
    servers = ["192.168.11.100:53", "192.168.11.101:53"]
    with UdpEcho(net.rs1, "192.168.11.100", 53), UdpEcho(net.rs2, "192.168.11.101", 53), \
            net.lbd([service(f"{VIP}:53", servers, protocol="udp")]) as lbd:
        sockets = [net.client.socket(socket.SOCK_DGRAM, source=("192.168.22.50", 40000 + i)) for i in range(4)]
        for turn in ("first", "second"):
            for i, one in enumerate(sockets):
                words, source = udp_ask(one, (VIP, 53), turn)
                equal(words, [("rs1", "rs2")[i % 2], "192.168.22.50", f"{40000 + i}:", turn], "answer")
                equal(source, (VIP, 53), "source of the answer")
            equal([one["inactive_connections"] for one in lbd.servers()], [2, 2], "UDP entries are inactive ones")
        equal([(one["packets_in"], one["packets_out"]) for one in lbd.servers()], [(4, 4), (4, 4)], "packets")
        for one in sockets:
            one.close()


def large_datagrams(net):
    """UDP datagrams of 1 to 1,400 bytes come back unchanged, so both checksums were right"""
    with UdpEcho(net.rs1, "192.168.11.100", 53), \
            net.lbd([service(f"{VIP}:5353", ["192.168.11.100:53"], protocol="udp")]):
        with net.client.socket(socket.SOCK_DGRAM) as one:
            for size in (1, 2, 17, 1000, 1400):
                words, source = udp_ask(one, (VIP, 5353), "x" * size)
                equal((words[0], words[3], source), ("rs1", "x" * size, (VIP, 5353)), f"answer to {size} bytes")


def port_mapping(net):
    """VIP:8080 is port 80 of the servers; one of them with yet another port"""
    servers = [RS1, "192.168.11.101:8080"]
    for nginx in net.nginx.values():
        nginx.mark()
    with net.lbd([service(f"{VIP}:8080", servers)]):
        equal(answers(net.client, f"http://{VIP}:8080/", 4), ["rs1", "rs2"] * 2, "answers")
    equal({request[2] for request in net.nginx["rs1"].requests()}, {RS1}, "where rs1 was asked")
    equal({request[2] for request in net.nginx["rs2"].requests()}, {servers[1]}, "where rs2 was asked")


def shared_server_one_client_port(net):
    """Two services on one server, one client port for both: another server, or refused and counted; never mixed up"""
    services = [service(f"{VIP}:80", [RS1], name="first"), service(f"{VIP}:81", [RS1, RS2], name="second"),
                service(f"{VIP}:82", [RS1], name="third")]
    with net.lbd(services) as lbd:
        with connect(net.client, VIP, 80, 41000) as first:
            equal(ask(first), "rs1", "the first service")
            with connect(net.client, VIP, 81, 41000) as second:
                equal(ask(second), "rs2", "the second service, whose turn is rs1, from the same client port")
                refused(lambda: connect(net.client, VIP, 82, 41000), "the third service, which has rs1 only")
                equal([ask(first), ask(second), ask(first)], ["rs1", "rs2", "rs1"], "answers on the open connections")
            holds(lbd.drops()["ambiguous_tuple"] >= 1, "the refusal is not counted as ambiguous_tuple")
            equal([one["connections_total"] for one in lbd.servers("third")], [0], "connections of the third service")
            reset(first)
        with connect(net.client, VIP, 82, 41000) as third:
            equal(ask(third), "rs1", "the third service, once the first one's connection is closing")


def client_port_reuse(net):
    """Connect, close, connect again at once from the same port: works, and counts as a new connection"""
    with net.lbd([service(f"{VIP}:80", [RS1, RS2])]) as lbd:
        for turn in range(4):  # after RST: state CLOSE
            with connect(net.client, VIP, 80, 42000) as one:
                equal(ask(one), ("rs1", "rs2")[turn % 2], f"connection {turn}, after a reset")
                reset(one)
        for turn in range(4):  # the server closes first, so that TIME_WAIT is not on the client
            with wait_for(lambda: connect_if_free(net.client, 42001), 5, "the client's kernel to free a port") as one:
                equal(ask(one, close=True), ("rs1", "rs2")[turn % 2], f"connection {turn}, after FIN both ways")
        equal([one["connections_total"] for one in lbd.servers()], [4, 4], "connections_total")


def connect_if_free(client, port):
    """None while the client's last FIN on this port is not acknowledged yet."""
    try:
        return connect(client, VIP, 80, port)
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL:
            raise
        return None


def server_that_refuses(net):
    """nginx killed on rs2: its kernel's RST reaches the client, as in the article; rs1 goes on, rr as well"""
    with net.lbd([service(f"{VIP}:80", [RS1, RS2])]):
        equal(answers(net.client, f"http://{VIP}/", 2), ["rs1", "rs2"], "answers before")
        net.nginx["rs2"].stop()
        try:
            equal(answers(net.client, f"http://{VIP}/", 1), ["rs1"], "answer of the server that is left")
            refused(lambda: connect(net.client, VIP, 80), "rs2 without nginx")
            equal(net.client.run("curl", "-sS", f"http://{VIP}/").stdout, "rs1rs1rs1\n", "answer after that")
            code = net.client.run("curl", "-sS", f"http://{VIP}/", check=False).returncode
            equal(code, 7, "curl's exit status (7: could not connect)")
        finally:
            net.nginx["rs2"].start()


def silent_server(net):
    """A server's address that nobody owns: host unreachable after about 3 s; the other server works meanwhile"""
    with net.lbd([service(f"{VIP}:80", ["192.168.11.102:80", RS1])]) as lbd, \
            net.client.capture("eth0", "icmp[icmptype] == icmp-unreach") as seen, \
            net.client.socket(socket.SOCK_STREAM) as unlucky:
        begun = time.monotonic()
        unlucky.setblocking(False)
        equal(unlucky.connect_ex((VIP, 80)), errno.EINPROGRESS, "connect to the silent server")
        wait_for(lambda: [one["connections_total"] for one in lbd.servers()] == [1, 0], 2, "the first connection")
        equal(answers(net.client, f"http://{VIP}/", 1), ["rs1"], "answer of the other server meanwhile")
        error = wait_for(lambda: unlucky.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), 8, "the error")
        took = time.monotonic() - begun
        equal(errno.errorcode[error], "EHOSTUNREACH", "the client's error")
        holds(2 <= took <= 5, f"the error came after {took:.1f} s, not after about 3 s")
        contains(seen.wait(lambda packets: packets, "the ICMP message")[0],
                 f"{VIP} > 192.168.22.50: ICMP host {VIP} unreachable", "the ICMP message")
        holds(lbd.drops()["neighbour_failed"] >= 1, "the drop is not counted as neighbour_failed")


def connections_are_shown(net):
    """show connections and ipvsadm -Lnc tell a connection's ends, its state and how long it may last"""
    with net.lbd([service(f"{VIP}:80", [RS1], name="web")]) as lbd, connect(net.client, VIP, 80, 43000) as one:
        equal(ask(one), "rs1", "answer")
        expected = re.compile(r"TCP 1[45]:\d\d  ESTABLISHED 192\.168\.22\.50:43000 +192\.168\.22\.11:80 +"
                              r"192\.168\.11\.100:80$", re.MULTILINE)
        wait_for(lambda: expected.search(lbd.ctl("ipvsadm", "-Lnc")), 5, "the connection in ipvsadm -Lnc")
        for words in ("", "service web", "client 192.168.22.50", "limit 5"):
            contains(lbd.ctl("show", "connections", *words.split()), "192.168.22.50:43000", f"show connections {words}")
        elsewhere = lbd.ctl("show", "connections", "client", "192.168.22.51")
        if "192.168.22.50" in elsewhere:
            raise Failed(f"show connections client 192.168.22.51 shows another client's:\n{elsewhere}")
        table = lbd.json("show", "info")["connections"]
        equal((table["entries"], table["capacity"]), (1, 65536), "show info: connections")


CASES = [udp_round_robin, large_datagrams, port_mapping, shared_server_one_client_port, client_port_reuse,
         server_that_refuses, silent_server, connections_are_shown]
