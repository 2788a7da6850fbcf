"""Hosts on one machine: network namespaces joined by veth, with lbd's director among them.

    with Lab(programs) as lab:
        net = NatTwoArm(lab)
        with net.lbd([service("192.168.22.11:80", net.servers)]) as lbd:
            print(net.client.curl("http://192.168.22.11/"), lbd.ctl("show", "services"))

Shared by tools/demo and test/e2e. Needs root. Only the standard library, so that /usr/bin/python3 is enough.
"""

from .bird import Bird
from .capture import Capture
from .director import Director, Programs, eal, service, spread
from .frr import Frr
from .hosts import CommandFailed, Host, Lab, run
from .keepalived import Keepalived
from .ldirectord import Ldirectord, edited
from .servers import Nginx, TunnelEnd, UdpEcho
from .topology import (DirectorPair, DrChecked, DrOneWire, NatChecked, NatOneArm, NatOutward, NatTwoArm,
                       TunnelBehindRouter)
from .wait import TimedOut, wait_for

__all__ = [
    "Bird", "Capture", "CommandFailed", "Director", "DirectorPair", "DrChecked", "DrOneWire", "Frr", "Host", "Keepalived", "Lab",
    "Ldirectord", "NatChecked", "NatOneArm", "NatOutward", "NatTwoArm", "Nginx", "Programs", "TimedOut",
    "TunnelBehindRouter", "TunnelEnd", "UdpEcho", "eal", "edited", "run", "service", "spread", "wait_for",
]
