"""How servers change and leave that a tunnel leads to.

        client                         director                   router                         .--- rs1  10.1.1.100
        192.168.22.50 -- wan ------- wan0    lan0 ------------ lan0    far0 ------------ far ---<     VIP on lo
                          |  192.168.22.11   192.168.11.11  192.168.11.1  10.1.1.1               '--- rs2  10.1.1.101
                          |  192.168.22.110 (VIP)           192.168.22.1                              VIP on lo
                          '----------------------------------- wan0
"""

from changing import cases
from lab import TunnelBehindRouter, service

TOPOLOGY = TunnelBehindRouter
CASES = cases(service("192.168.22.110:80", ["10.1.1.100:80", "10.1.1.101:80"], forward="tunnel",
                                      name="web"))
