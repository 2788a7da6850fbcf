"""How servers change and leave where they answer the client themselves.

        client  192.168.11.50 ---.              .--- rs1  192.168.11.100, VIP on lo
                                  >-- switch --<
        director 192.168.11.11 --'              '--- rs2  192.168.11.101, VIP on lo
         lan0    192.168.11.110 (VIP)
"""

from changing import cases
from lab import DrOneWire, service

TOPOLOGY = DrOneWire
CASES = cases(service("192.168.11.110:80", ["192.168.11.100:80", "192.168.11.101:80"], forward="dr",
                                      name="web"))
