"""The same through a tunnel: checks go by the router, without the tunnel, to the servers' own addresses.

        client                         director                   router                         .--- rs1  10.1.1.100
        192.168.22.50 -- wan ------- wan0    lan0 ------------ lan0    far0 ------------ far ---<     VIP on lo
                          |  192.168.22.11   192.168.11.11  192.168.11.1  10.1.1.1               '--- rs2  10.1.1.101
                          |  192.168.22.110 (VIP)           192.168.22.1                              VIP on lo
                          |----------------------------------- wan0
                          '-- director's adm0, 192.168.22.12, the kernel's
"""

from health_support import cases
from lab import TunnelBehindRouter, service


class Checked(TunnelBehindRouter):
    def build(self):
        super().build()
        self.switch = self.wan
        self.kernel_device("192.168.22.12/24")
        self.director.ip("route add 10.1.1.0/24 via 192.168.22.1 dev adm0")


TOPOLOGY = Checked
CASES = cases(service("192.168.22.110:80", ["10.1.1.100:80", "10.1.1.101:80"], forward="tunnel", name="web"))
