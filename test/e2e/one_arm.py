"""One interface for clients and servers: NAT, and NAT and DR within one service.

        client ------ router  192.168.11.1 --.          .-- rs1  192.168.11.100  gateway: director
        192.168.22.50                        |          |
                      near   192.168.11.60 --+  switch  +-- rs2  192.168.11.101  gateway: director
                                             |          |
                    director 192.168.11.11 --'          '-- rs3  192.168.11.102  gateway: router, VIP on lo (for DR)
                        lan0 192.168.11.110 (VIP)

rs1 and rs2 reach `near`, too, through the director: by a host route.
"""

import socket

from checks import contains, equal, holds
from lab import NatOneArm, UdpEcho, service
from traffic import answers, udp_ask

TOPOLOGY = NatOneArm
VIP = "192.168.11.110"
NAT = ["192.168.11.100:80", "192.168.11.101:80"]


def nat_behind_a_router(net):
    """NAT with one arm: the client comes through a router; both directions pass the director"""
    for nginx in net.nginx.values():
        nginx.mark()
    with net.lbd([service(f"{VIP}:80", NAT)]) as lbd:
        equal(answers(net.client, f"http://{VIP}/", 6), ["rs1", "rs2"] * 3, "answers")
        holds(all(one["packets_out"] >= 12 for one in lbd.servers()), "replies did not pass the director")
    equal({request[0] for request in net.nginx["rs1"].requests()}, {"192.168.22.50"}, "clients that rs1 saw")


def nat_on_the_wire(net):
    """NAT with one arm for a client on the servers' own wire, whom they reach through the director"""
    with net.lbd([service(f"{VIP}:80", NAT)]):
        equal(answers(net.near, f"http://{VIP}/", 4), ["rs1", "rs2"] * 2, "answers")


def udp_with_one_arm(net):
    """UDP with one arm, through the router and from the wire"""
    with UdpEcho(net.rs1, "192.168.11.100", 53), \
            net.lbd([service(f"{VIP}:53", ["192.168.11.100:53"], protocol="udp")]):
        for host, address in ((net.client, "192.168.22.50"), (net.near, "192.168.11.60")):
            with host.socket(socket.SOCK_DGRAM) as one:
                words, source = udp_ask(one, (VIP, 53))
            equal((words[:2], source), (["rs1", address], (VIP, 53)), f"answer to {host.name}")


def nat_and_dr_in_one_service(net):
    """A server's own `forward` beats the service's: rs1 by NAT, rs3 by DR"""
    servers = ["192.168.11.100:80", {"address": "192.168.11.102:80", "forward": "dr"}]
    net.nginx["rs3"].mark()
    with net.lbd([service(f"{VIP}:80", servers)]) as lbd:
        for host in (net.client, net.near):
            equal(answers(host, f"http://{VIP}/", 4), ["rs1", "rs3"] * 2, f"answers to {host.name}")
        equal([one["forward"] for one in lbd.servers()], ["nat", "dr"], "forward of each server")
        equal([one["packets_out"] > 0 for one in lbd.servers()], [True, False], "whether replies passed the director")
        table = lbd.ctl("ipvsadm", "-Ln").splitlines()
        equal([line.split()[2] for line in table[-2:]], ["Masq", "Route"], "column Forward of ipvsadm -Ln")
    equal({request[2] for request in net.nginx["rs3"].requests()}, {f"{VIP}:80"}, "address that rs3 was asked at")


def smaller_mtu_of_the_clients(net):
    """The router's message about an answer too big for the client's wire reaches the server, translated"""
    page = net.lab.directory / "page"
    page.write_text("x" * 100_000)
    net.nginx["rs1"].offer(page, "page")
    net.router.ip("route change 192.168.22.0/24 dev wan0 src 192.168.22.1 mtu 1300")
    with net.lbd([service(f"{VIP}:80", NAT[:1])]), net.rs1.capture("eth0", "icmp[icmptype] == icmp-unreach") as seen:
        equal(len(net.client.curl(f"http://{VIP}/page")), 100_000, "bytes that came")
        contains(seen.wait(lambda packets: packets, "the message at rs1")[0],
                 "192.168.11.1 > 192.168.11.100: ICMP 192.168.22.50 unreachable - need to frag (mtu 1300)", "it")
        contains(net.rs1.ip("route get 192.168.22.50"), "mtu 1300", "the path that rs1 knows")
    net.router.ip("route change 192.168.22.0/24 dev wan0 src 192.168.22.1")
    net.rs1.forget_path_mtu()


CASES = [nat_behind_a_router, nat_on_the_wire, udp_with_one_arm, nat_and_dr_in_one_service, smaller_mtu_of_the_clients]
