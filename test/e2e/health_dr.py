"""A dead server leaves and comes back where servers answer clients themselves; checks go to its own address.

        client  192.168.11.50 ---.              .--- rs1  192.168.11.100, VIP on lo
                                  >-- switch --<
        director 192.168.11.11 --'              '--- rs2  192.168.11.101, VIP on lo
         lan0    192.168.11.110 (VIP)
         adm0    192.168.11.12, the kernel's: checks go by it
"""

from health_support import cases
from lab import DrChecked, service

TOPOLOGY = DrChecked
CASES = cases(service("192.168.11.110:80", ["192.168.11.100:80", "192.168.11.101:80"], forward="dr", name="web"))
