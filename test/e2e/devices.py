"""Devices that lbd's interfaces can be, and what is done to them while it runs.

                                     director                          .--- rs1  192.168.11.100
        client ------------------- wan0    lan0 ----------- switch ---<
        192.168.22.50     192.168.22.11    192.168.11.11               '--- rs2  192.168.11.101
"""

import pathlib

from checks import contains, equal, holds
from lab import NatTwoArm, eal, service, wait_for
from startup import refuses
from traffic import answers, ping

TOPOLOGY = NatTwoArm
WEB = service("192.168.22.11:80", ["192.168.11.100:80", "192.168.11.101:80"], name="web")


def devices_of_two_wires(net):
    """A list of devices that are no queues of one: refused at start, with the addresses that tell"""
    configuration = net.configuration([WEB])
    configuration["eal"] = [*eal(), "--vdev=net_af_packet0,iface=wan0", "--vdev=net_af_packet1,iface=lan0"]
    configuration["interfaces"] = [{"name": "wan", "device": ["net_af_packet0", "net_af_packet1"],
                                    "addresses": ["192.168.22.11/24", "192.168.11.11/24"]}]
    refuses(net, configuration, "interface wan", "no queues of one wire", net.director.mac("wan0"),
            net.director.mac("lan0"))


def driver_without_xdp(net):
    """A macvlan knows no XDP: refused with the way out, which README has; with it lbd starts, answers, and leaves none"""
    net.director.ip("link add plain0 link wan0 type macvlan mode bridge")
    net.director.ip("link set plain0 up")
    try:
        configuration = net.configuration([WEB])
        configuration["eal"] = eal("plain0", "lan0")
        refuses(net, configuration, "interface wan", "xdpgeneric")
        program = next(pathlib.Path("/usr/lib").glob("*/bpf/xsk_def_xdp_prog.o"))
        net.director.ip(f"link set dev plain0 xdpgeneric obj {program} sec xdp")
        with net.lbd([WEB], eal=configuration["eal"]):
            holds("2 received" in ping(net.client, "192.168.22.11"), "no answer to pings")
        holds("xdpgeneric" not in net.director.ip("link show plain0"), "the program is still there")
    finally:
        net.director.ip("link del plain0")
        net.client.ip("neigh flush all")  # it holds to that MAC address for a second, whatever is announced


def mtu_comes_and_goes(net):
    """A netdev has the file's MTU while lbd runs, whatever it had before, and has its own again afterwards"""
    for before in (1400, 2000):
        net.director.ip(f"link set lan0 mtu {before}")
        try:
            with net.lbd([WEB]) as lbd:
                contains(net.director.ip("link show lan0"), " mtu 1500 ", "lan0 while lbd runs")
                equal(answers(net.client, "http://192.168.22.11/", 2), ["rs1", "rs2"], "answers")
                lbd.stop()
                contains(net.director.ip("link show lan0"), f" mtu {before} ", "lan0 afterwards")
        finally:
            net.director.ip("link set lan0 mtu 1500")


def vlan_tags_stay_in_frames(net):
    """A device takes no tags out while lbd runs, since XDP would not see them, and takes them out again afterwards"""
    def takes_out():
        return "rx-vlan-offload: on" in net.director.run("ethtool", "-k", "wan0").stdout

    net.director.run("ethtool", "-K", "wan0", "rxvlan", "on")  # an lbd that was killed has left it off
    holds(takes_out(), "wan0 does not take tags out before")
    with net.lbd([WEB]):
        holds(not takes_out(), "wan0 takes tags out while lbd runs")
    holds(takes_out(), "wan0 does not take tags out afterwards")


def lost_device_ends_lbd(net):
    """A netdev that is deleted under lbd: an error by its name, and exit status 1, so that it is started anew"""
    net.director.ip("link add spare0 type veth peer name spare1")
    net.director.ip("link set spare0 up")
    try:
        made = [*net.interfaces, {"name": "spare", "device": "net_af_packet0", "addresses": ["192.168.99.1/24"]}]
        lbd = net.lbd([WEB], eal=[*eal(*net.devices), "--vdev=net_af_packet0,iface=spare0"], interfaces=made)
        equal(answers(net.client, "http://192.168.22.11/", 2), ["rs1", "rs2"], "answers")
        net.director.ip("link set spare0 address 02:00:00:00:99:99")
        wait_for(lambda: "has the MAC address 02:00:00:00:99:99 now" in lbd.log(), 5, "the log to tell of the address")
        net.director.ip("link del spare0")
        equal(lbd.process.wait(10), 1, "exit status")
        contains(lbd.log(), 'interface spare: device "net_af_packet0" is lost, its netdev is gone: ending', "the log")
    finally:
        net.director.run("ip", "link", "del", "spare0", check=False)


def bond_speaks_lacp(net):
    """LACP's frames leave a bond by which lbd itself sends nothing"""
    links = ("bond0", "bond1")
    for link in links:
        net.director.ip(f"link add {link} type veth peer name {link}-peer")
        net.director.ip(f"link set {link} up")
        net.director.ip(f"link set {link}-peer up")
    arguments = [*eal(*net.devices), *(f"--vdev=net_af_xdp{8 + i},iface={link}" for i, link in enumerate(links)),
                 "--vdev=net_bonding0,mode=4,slave=net_af_xdp8,slave=net_af_xdp9"]
    made = [*net.interfaces, {"name": "bond", "device": "net_bonding0", "addresses": []}]
    try:
        with net.director.capture("bond0-peer", "ether proto 0x8809") as seen, \
                net.lbd([WEB], eal=arguments, interfaces=made):
            seen.wait(lambda packets: len(packets) >= 3, "three of LACP's frames", 10)
    finally:
        for link in links:
            net.director.ip(f"link del {link}")


CASES = [devices_of_two_wires, driver_without_xdp, mtu_comes_and_goes, vlan_tags_stay_in_frames, lost_device_ends_lbd,
         bond_speaks_lacp]
