"""The clusters that tests and demo use, each with its addresses. rs1 answers rs1rs1rs1, as in the article."""

import copy
import hashlib
import os

from .director import Director, eal
from .servers import Nginx

VIP_DR = "192.168.11.110"


class Cluster:
    """A director's host with its wires, and nginx on the real servers. Subclasses draw and wire it.

    servers: the real servers' host names with the web page of each; `rs1`, `rs2`… are also attributes.
    """

    devices = ()     # of the director, in the order of `interfaces`
    interfaces = ()
    routes = ()

    def __init__(self, lab):
        self.lab = lab
        self.director = lab.host("director")
        self.client = lab.host("client")
        self.nginx = {}
        self.build()

    def real_server(self, name, address, gateway=None):
        """A host with nginx, on a wire that the caller has plugged into eth0."""
        host = getattr(self, name)
        host.address("eth0", f"{address}/24")
        if gateway:
            host.ip(f"route add default via {gateway}")
        self.nginx[name] = Nginx(host, name * 3)

    def direct_routing(self, host, vip):
        """The article's lvs_dr_rs.sh: the VIP on lo, and silence about it on the wire."""
        host.sysctl("net.ipv4.conf.lo.arp_ignore=1", "net.ipv4.conf.lo.arp_announce=2",
                    "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")
        host.address("lo", f"{vip}/32")

    def configuration(self, services, **more):
        """The file for lbd. `more` adds or replaces top-level keys."""
        return {
            "eal": eal(*self.devices), "interfaces": copy.deepcopy(self.interfaces),
            "routes": copy.deepcopy(self.routes),
            "services": services, "connections": {"capacity": 65536},
            "control": {"sockets": [{"path": str(self.lab.directory / "lbd.sock"), "level": "admin", "mode": "0600"}]},
            **more}

    def lbd(self, services, **more):
        return Director(self.director, self.configuration(services, **more))

    def bulk_file(self):
        """100 MB of noise that every server offers as /bulk: (path, its SHA-256)."""
        path = self.lab.directory / "bulk"
        if not path.exists():
            with open(path, "wb") as file:
                for _ in range(100):
                    file.write(os.urandom(1 << 20))
            for nginx in self.nginx.values():
                nginx.offer(path, "bulk")
        with open(path, "rb") as file:
            return path, hashlib.file_digest(file, "sha256").hexdigest()


class NatTwoArm(Cluster):
    r"""The article's section 2; the servers' gateway is the director.

                                     director                          .--- rs1  192.168.11.100
        client ------------------- wan0    lan0 ----------- switch ---<
        192.168.22.50     192.168.22.11    192.168.11.11               '--- rs2  192.168.11.101
                                (VIP)
    """

    devices = ("wan0", "lan0")
    interfaces = ({"name": "wan", "device": "net_af_xdp0", "addresses": ["192.168.22.11/24"]},
                  {"name": "lan", "device": "net_af_xdp1", "addresses": ["192.168.11.11/24"]})
    vip = "192.168.22.11"
    rip1, rip2 = "192.168.11.100", "192.168.11.101"

    def build(self):
        self.rs1, self.rs2 = self.lab.host("rs1"), self.lab.host("rs2")
        self.lab.wire(self.client, "eth0", self.director, "wan0")
        self.switch = self.lab.switch("switch", (self.director, "lan0"), (self.rs1, "eth0"), (self.rs2, "eth0"))
        self.client.address("eth0", "192.168.22.50/24")
        self.client.ip("route add 192.168.11.0/24 via 192.168.22.11")
        self.real_server("rs1", self.rip1, "192.168.11.11")
        self.real_server("rs2", self.rip2, "192.168.11.11")


class DrOneWire(Cluster):
    r"""The article's section 3: one wire, and the servers answer the client themselves.

        client  192.168.11.50 ---.              .--- rs1  192.168.11.100, VIP on lo
                                  >-- switch --<
        director 192.168.11.11 --'              '--- rs2  192.168.11.101, VIP on lo
         lan0    192.168.11.110 (VIP)
    """

    devices = ("lan0",)
    interfaces = ({"name": "lan", "device": "net_af_xdp0", "addresses": ["192.168.11.11/24"]},)
    vip = VIP_DR
    rip1, rip2 = "192.168.11.100", "192.168.11.101"

    def build(self):
        self.rs1, self.rs2 = self.lab.host("rs1"), self.lab.host("rs2")
        self.switch = self.lab.switch("switch", (self.client, "eth0"), (self.director, "lan0"), (self.rs1, "eth0"),
                                      (self.rs2, "eth0"))
        self.client.address("eth0", "192.168.11.50/24")
        self.real_server("rs1", self.rip1)
        self.real_server("rs2", self.rip2)
        for host in (self.rs1, self.rs2):
            self.direct_routing(host, self.vip)


class NatOneArm(Cluster):
    r"""One wire for all; clients come through a router, or sit on the wire (near).

        client ------ router  192.168.11.1 --.          .-- rs1  192.168.11.100  gateway: director
        192.168.22.50                        |          |
                      near   192.168.11.60 --+  switch  +-- rs2  192.168.11.101  gateway: director
                                             |          |
                    director 192.168.11.11 --'          '-- rs3  192.168.11.102  gateway: router, VIP on lo (for DR)
                        lan0 192.168.11.110 (VIP)

    rs1 and rs2 reach `near`, too, through the director: by a host route.
    """

    devices = ("lan0",)
    interfaces = ({"name": "lan", "device": "net_af_xdp0", "addresses": ["192.168.11.11/24"]},)
    routes = ({"destination": "0.0.0.0/0", "gateway": "192.168.11.1"},)
    vip = VIP_DR
    rip1, rip2, rip3 = "192.168.11.100", "192.168.11.101", "192.168.11.102"

    def build(self):
        self.router, self.near = self.lab.host("router"), self.lab.host("near")
        self.rs1, self.rs2, self.rs3 = (self.lab.host(name) for name in ("rs1", "rs2", "rs3"))
        self.lab.wire(self.client, "eth0", self.router, "wan0")
        self.switch = self.lab.switch(
            "switch", (self.router, "lan0"), (self.near, "eth0"), (self.director, "lan0"), (self.rs1, "eth0"),
            (self.rs2, "eth0"), (self.rs3, "eth0"))
        self.client.address("eth0", "192.168.22.50/24")
        self.client.ip("route add default via 192.168.22.1")
        self.router.address("wan0", "192.168.22.1/24")
        self.router.address("lan0", "192.168.11.1/24")
        self.router.sysctl("net.ipv4.ip_forward=1", "net.ipv4.conf.all.send_redirects=0",
                           "net.ipv4.conf.lan0.send_redirects=0")
        self.near.address("eth0", "192.168.11.60/24")
        self.real_server("rs1", self.rip1, "192.168.11.11")
        self.real_server("rs2", self.rip2, "192.168.11.11")
        self.real_server("rs3", self.rip3, "192.168.11.1")
        for host in (self.rs1, self.rs2):
            host.ip("route add 192.168.11.60/32 via 192.168.11.11")
        self.direct_routing(self.rs3, self.vip)
