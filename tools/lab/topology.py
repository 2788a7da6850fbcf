"""The clusters that tests and demo use, each with its addresses. rs1 answers rs1rs1rs1, as in the article."""

import contextlib
import copy
import hashlib
import os

from .director import Director, eal, spread_interfaces
from .servers import Nginx, TunnelEnd

VIP_DR = "192.168.11.110"
VIP_TUNNEL = "192.168.22.110"


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

    def tunnel_end(self, host, vip):
        """A tunnel's end with the VIP behind it. Nobody asks for the VIP on the server's own wire."""
        TunnelEnd(host)
        host.address("lo", f"{vip}/32")

    def kernel_device(self, prefix):
        """adm0, which lbd leaves to the director's kernel, on the real servers' wire: health checks go by it."""
        self.lab.plug(self.director, "adm0", self.switch, "director-kernel")
        self.director.address("adm0", prefix)

    def configuration(self, services, **more):
        """The file for lbd. `more` adds or replaces top-level keys."""
        return {
            "eal": eal(*self.devices),
            "interfaces": spread_interfaces(copy.deepcopy(more.pop("interfaces", self.interfaces))),
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

    @contextlib.contextmanager
    def narrow(self, side, mtu):
        """One side's wire carries only `mtu` bytes, but its hosts still offer TCP segments for 1,500.

        Gives the interfaces for lbd's file, which say so, too.
        """
        device, hosts, routes = {
            "wan": ("wan0", [self.client], ["192.168.22.0/24 dev eth0", "192.168.11.0/24 via 192.168.22.11"]),
            "lan": ("lan0", [self.rs1, self.rs2], ["192.168.11.0/24 dev eth0", "default via 192.168.11.11"])}[side]

        def set_up(size, advertised):
            self.director.mtu(device, size)
            for host in hosts:
                host.mtu("eth0", size)
                for route in routes:
                    host.ip(f"route replace {route} {advertised}")

        set_up(mtu, "advmss 1460")
        interfaces = copy.deepcopy(self.interfaces)
        next(one for one in interfaces if one["name"] == side)["mtu"] = mtu
        try:
            yield interfaces
        finally:
            set_up(1500, "")
            for host in (self.client, self.rs1, self.rs2):
                host.forget_path_mtu()


class NatChecked(NatTwoArm):
    """The same with adm0, a device for the director's kernel, and a third server that serves when no other does."""

    def build(self):
        super().build()
        self.rs3 = self.lab.host("rs3")
        self.lab.plug(self.rs3, "eth0", self.switch, "rs3")
        self.real_server("rs3", "192.168.11.102", "192.168.11.11")
        self.kernel_device("192.168.11.12/24")


class NatOutward(Cluster):
    r"""NAT, and a world beyond the wire that knows nothing of the servers' network: they need masquerade.

        web ------------- router ---------.              director                    .--- rs1  192.168.11.100
        203.0.113.80   203.0.113.1         >- switch -- wan0    lan0 ---- switch ---<
                       192.168.22.1       |    192.168.22.11    192.168.11.11        '--- rs2  192.168.11.101
        client  192.168.22.50 ------------'        (VIP)
    """

    devices = ("wan0", "lan0")
    interfaces = NatTwoArm.interfaces
    routes = ({"destination": "0.0.0.0/0", "gateway": "192.168.22.1"},)
    vip, rip1, rip2 = NatTwoArm.vip, NatTwoArm.rip1, NatTwoArm.rip2

    def build(self):
        self.rs1, self.rs2 = self.lab.host("rs1"), self.lab.host("rs2")
        self.router, self.web = self.lab.host("router"), self.lab.host("web")
        self.lab.switch("wan", (self.client, "eth0"), (self.director, "wan0"), (self.router, "wan0"))
        self.lab.switch("lan", (self.director, "lan0"), (self.rs1, "eth0"), (self.rs2, "eth0"))
        self.lab.wire(self.router, "web0", self.web, "eth0")
        self.client.address("eth0", "192.168.22.50/24")
        self.client.ip("route add 192.168.11.0/24 via 192.168.22.11")
        self.router.address("wan0", "192.168.22.1/24")
        self.router.address("web0", "203.0.113.1/24")
        self.router.forward()
        self.web.address("eth0", "203.0.113.80/24")
        self.web.ip("route add default via 203.0.113.1")
        self.nginx["web"] = Nginx(self.web, "webwebweb")
        self.real_server("rs1", self.rip1, "192.168.11.11")
        self.real_server("rs2", self.rip2, "192.168.11.11")


class DirectorPair(Cluster):
    r"""Two directors, one of which has the VIP and the servers' gateway.

                          .--- director  wan0 192.168.22.11    lan0 192.168.11.11 ---.         .--- rs1  192.168.11.100
        client ----- wan -<                                                           >- lan --<
        192.168.22.50     '--- partner   wan0 192.168.22.12    lan0 192.168.11.12 ---'         '--- rs2  192.168.11.101
                               VIP 192.168.22.110              gateway 192.168.11.1
    """

    devices = ("wan0", "lan0")
    vip, gateway = "192.168.22.110", "192.168.11.1"
    rip1, rip2 = "192.168.11.100", "192.168.11.101"

    def build(self):
        self.partner = self.lab.host("partner")
        self.rs1, self.rs2 = self.lab.host("rs1"), self.lab.host("rs2")
        self.wan = self.lab.switch("wan", (self.client, "eth0"), (self.director, "wan0"), (self.partner, "wan0"))
        self.lan = self.lab.switch("lan", (self.director, "lan0"), (self.partner, "lan0"), (self.rs1, "eth0"),
                                   (self.rs2, "eth0"))
        self.client.address("eth0", "192.168.22.50/24")
        self.real_server("rs1", self.rip1, self.gateway)
        self.real_server("rs2", self.rip2, self.gateway)

    def own_addresses(self, host):
        """A director's addresses outside and inside."""
        last = "11" if host is self.director else "12"
        return f"192.168.22.{last}", f"192.168.11.{last}"

    def lbd_on(self, host, services, **more):
        """A standby on one of the two hosts, with twins in its kernel."""
        outside, inside = self.own_addresses(host)
        interfaces = ({"name": "wan", "device": "net_af_xdp0", "addresses": [f"{outside}/24"],
                       "kernel_interface": "lb-wan"},
                      {"name": "lan", "device": "net_af_xdp1", "addresses": [f"{inside}/24"],
                       "kernel_interface": "lb-lan", "virtual_addresses": [self.gateway]})
        sockets = [{"path": str(self.lab.directory / f"{host.name}.sock"), "level": "admin", "mode": "0600"}]
        return Director(host, self.configuration(services, interfaces=interfaces, vips="standby",
                                                 control={"sockets": sockets}, **more))


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
        self.router.forward()
        self.router.sysctl("net.ipv4.conf.lan0.send_redirects=0")
        self.near.address("eth0", "192.168.11.60/24")
        self.real_server("rs1", self.rip1, "192.168.11.11")
        self.real_server("rs2", self.rip2, "192.168.11.11")
        self.real_server("rs3", self.rip3, "192.168.11.1")
        for host in (self.rs1, self.rs2):
            host.ip("route add 192.168.11.60/32 via 192.168.11.11")
        self.direct_routing(self.rs3, self.vip)


class DrChecked(DrOneWire):
    """The same with adm0, a device for the director's kernel."""

    def build(self):
        super().build()
        self.kernel_device("192.168.11.12/24")


class TunnelBehindRouter(Cluster):
    r"""Servers in another network, which only a tunnel reaches with the VIP as destination. They answer without the
    director: the router stands on the client's wire, too.

        client                         director                   router                         .--- rs1  10.1.1.100
        192.168.22.50 -- wan ------- wan0    lan0 ------------ lan0    far0 ------------ far ---<     VIP on lo
                          |  192.168.22.11   192.168.11.11  192.168.11.1  10.1.1.1               '--- rs2  10.1.1.101
                          |  192.168.22.110 (VIP)           192.168.22.1                              VIP on lo
                          '----------------------------------- wan0
    """

    devices = ("wan0", "lan0")
    interfaces = ({"name": "wan", "device": "net_af_xdp0", "addresses": ["192.168.22.11/24"]},
                  {"name": "lan", "device": "net_af_xdp1", "addresses": ["192.168.11.11/24"]})
    routes = ({"destination": "10.1.1.0/24", "gateway": "192.168.11.1"},)
    vip = VIP_TUNNEL
    rip1, rip2 = "10.1.1.100", "10.1.1.101"

    def build(self):
        self.router = self.lab.host("router")
        self.rs1, self.rs2 = self.lab.host("rs1"), self.lab.host("rs2")
        self.wan = self.lab.switch("wan", (self.client, "eth0"), (self.director, "wan0"), (self.router, "wan0"))
        self.lab.wire(self.director, "lan0", self.router, "lan0")
        self.far = self.lab.switch("far", (self.router, "far0"), (self.rs1, "eth0"), (self.rs2, "eth0"))
        self.client.address("eth0", "192.168.22.50/24")
        self.router.address("wan0", "192.168.22.1/24")
        self.router.address("lan0", "192.168.11.1/24")
        self.router.address("far0", "10.1.1.1/24")
        self.router.forward()
        self.real_server("rs1", self.rip1, "10.1.1.1")
        self.real_server("rs2", self.rip2, "10.1.1.1")
        for host in (self.rs1, self.rs2):
            self.tunnel_end(host, self.vip)

    @contextlib.contextmanager
    def narrow(self, mtu):
        """The router takes only `mtu` bytes towards the servers; their answers are not concerned."""
        try:
            self.router.ip(f"route change 10.1.1.0/24 dev far0 src 10.1.1.1 mtu {mtu}")
            yield
        finally:
            self.router.ip("route change 10.1.1.0/24 dev far0 src 10.1.1.1")
            self.client.forget_path_mtu()
