"""The director's kernel on lbd's wires: what is not for a service goes to it, and what it sends goes out.

                                     director                          .--- rs1  192.168.11.100
        client ------------------- wan0    lan0 ----------- switch ---<
        192.168.22.50     192.168.22.11    192.168.11.11               '--- rs2  192.168.11.101
                          VIP :80          lb-lan
                          lb-wan
"""

import contextlib
import copy
import hashlib
import json
import re
import signal
import socket
import threading

import frames
from checks import contains, equal, holds, refused
from health_support import check, down, is_up, seen
from lab import NatTwoArm, UdpEcho, eal, service, wait_for
from startup import refuses
from traffic import Wire, answers, connect, ping, udp_ask

TOPOLOGY = NatTwoArm
OWN, INSIDE, CLIENT, RS1 = "192.168.22.11", "192.168.11.11", "192.168.22.50", "192.168.11.100"
WEB = service(f"{OWN}:80", [f"{RS1}:80", "192.168.11.101:80"], name="web")
TWINS = {"wan": "lb-wan", "lan": "lb-lan"}


def interfaces(twins=None):
    """The topology's, with twins."""
    made = copy.deepcopy(NatTwoArm.interfaces)
    for one in made:
        one["kernel_interface"] = (twins or TWINS)[one["name"]]
    return made


def twins(net, services=(WEB,), **more):
    """lbd with a twin of each interface."""
    return net.lbd(list(services), interfaces=interfaces(), **more)


def devices(net):
    """The director's network devices as its kernel has them, by name."""
    return {one["ifname"]: one for one in json.loads(net.director.ip("-j addr"))}


def interface(lbd, name):
    return next(one for one in lbd.json("show", "interfaces")["interfaces"] if one["name"] == name)


@contextlib.contextmanager
def echo(net, *listening):
    """socat in the director's namespace, which sends back what comes."""
    process = net.director.spawn("socat", *listening, "SYSTEM:cat", log="socat.log")
    port = re.search(r"LISTEN:(\d+)", listening[0])[1]
    wait_for(lambda: f":{port} " in net.director.run("ss", "-Hlntu").stdout, 5, "socat to listen")
    try:
        yield
    finally:
        process.stop()


def looks_like_its_interface(net):
    """The twin has the interface's MAC address, MTU and addresses, is up, and sends no IPv6"""
    net.director.sysctl("net.ipv6.conf.default.disable_ipv6=0")
    with net.client.capture("eth0", "ip6") as seen, twins(net):
        found = devices(net)
        for device, twin, own in (("wan0", "lb-wan", OWN), ("lan0", "lb-lan", INSIDE)):
            equal((found[twin]["address"], found[twin]["mtu"]), (net.director.mac(device), 1500), f"{twin}: MAC, MTU")
            equal([(one["local"], one["prefixlen"]) for one in found[twin]["addr_info"]], [(own, 24)],
                  f"{twin}: addresses")
            holds("UP" in found[twin]["flags"], f"{twin} is not up: {found[twin]}")
            equal(net.director.ip(f"-6 address show dev {twin}"), "", f"{twin}: IPv6 addresses")
        contains(ping(net.director, CLIENT), "2 received", "ping of the client")
        equal(seen.packets(), [], "IPv6 on the wire")
    net.director.sysctl("net.ipv6.conf.default.disable_ipv6=1")
    holds(not set(TWINS.values()) & devices(net).keys(), "a twin outlived lbd")


def kernel_reaches_servers(net):
    """From the director's kernel: ping and curl to a real server and to a client's host, 100 MB intact"""
    _, digest = net.bulk_file()
    with twins(net) as lbd:
        contains(ping(net.director, RS1), "2 received", "ping of rs1")
        contains(ping(net.director, CLIENT, "-s", "3000"), "2 received", "fragmented ping of the client")
        equal(net.director.curl(f"http://{RS1}/"), "rs1rs1rs1", "page of rs1")
        fetched = net.lab.directory / "fetched"
        net.director.curl(f"http://{RS1}/bulk", "--max-time", "60", "-o", fetched)
        with open(fetched, "rb") as file:
            equal(hashlib.file_digest(file, "sha256").hexdigest(), digest, "digest of what came")
        lan = interface(lbd, "lan")
        holds(lan["kernel_interface"] == "lb-lan" and lan["to_kernel"] > 1000 and lan["from_kernel"] > 100,
              f"show interfaces: {lan}")
        equal(answers(net.client, f"http://{OWN}/", 4), ["rs1", "rs2"] * 2, "answers of the service")


def kernel_serves_clients(net):
    """A process of the director's host is reached at the interface's address, by TCP and UDP, from near and far"""
    with twins(net) as lbd, echo(net, "TCP-LISTEN:2222,fork,reuseaddr"):
        for host, address in ((net.client, OWN), (net.rs1, INSIDE)):
            with connect(host, address, 2222) as opened:
                for text in (b"hello", b"x" * 5000, b"bye"):
                    opened.sendall(text)
                    got = b""
                    while len(got) < len(text):
                        got += opened.recv(65536)
                    equal(got, text, f"echo to {host.name}")
        equal(lbd.drops()["closed_port"], 0, "drops for closed_port")
        explained = lbd.json("explain", "tcp", f"{CLIENT}:40000", f"{OWN}:2222")
        equal(explained["outcome"], "kernel", f"explain: {explained}")
    with twins(net), echo(net, "UDP-LISTEN:2222,fork"), net.client.socket(socket.SOCK_DGRAM) as asking:
        equal(udp_ask(asking, (OWN, 2222), "hello"), (["hello"], (OWN, 2222)), "echo by UDP")


def kernel_refuses_closed_ports(net):
    """A closed port is refused by the kernel; on an interface without a twin by lbd, as ever"""
    with twins(net) as lbd:
        refused(lambda: connect(net.client, OWN, 81), "TCP port 81")
        equal(lbd.drops()["closed_port"], 0, "drops for closed_port")
    one_twin = interfaces()
    del one_twin[0]["kernel_interface"]
    with net.lbd([WEB], interfaces=one_twin) as lbd:
        refused(lambda: connect(net.client, OWN, 81), "TCP port 81")
        equal(lbd.drops()["closed_port"], 1, "drops for closed_port")


def services_stay_lbds(net):
    """The VIP is the twin's own address: connections of the service never reach the kernel, which resets none"""
    resets = "tcp[tcpflags] & tcp-rst != 0"
    with twins(net), net.client.capture("eth0", f"icmp or ({resets} and src {OWN})") as seen, \
            net.director.capture("lb-wan", "icmp or tcp port 80") as leaked:
        equal(answers(net.client, f"http://{OWN}/", 20), ["rs1", "rs2"] * 10, "answers")
        with connect(net.client, OWN, 80) as left:
            left.sendall(b"GET / HTTP/1.1\r\nHost: vip\r\n\r\n")
            contains(left.recv(65536).decode(), "200 OK", "answer")
        equal(net.director.curl(f"http://{RS1}/"), "rs1rs1rs1", "page of rs1 to the kernel")
        contains(ping(net.director, CLIENT), "2 received", "ping of the client, by lb-wan, after all that")
        for where, capture in (("the client", seen), ("lb-wan", leaked)):
            lines = capture.wait(lambda packets: sum("ICMP" in line for line in packets) >= 4 and packets, f"it at {where}")
            equal([line for line in lines if "ICMP" not in line], [], f"the service's resets or packets at {where}")


def answers_arp_once(net):
    """ARP for an own address is answered once, by lbd; the kernel, too, hears the answers to its own questions"""
    with twins(net), net.client.capture("eth0", "arp[6:2] = 2 and src host " + OWN) as seen:
        net.director.ip("neigh flush all")
        contains(ping(net.director, CLIENT), "2 received", "ping of the client")
        contains(net.director.ip("neigh show dev lb-wan"), net.client.mac("eth0"), "the kernel's neighbours")
        before = len(seen.packets())
        answered = net.client.run("arping", "-c", "3", "-w", "5", "-I", "eth0", OWN).stdout
        equal(answered.count("reply from"), 3, f"replies to three requests\n{answered}")
        equal(len(seen.wait(lambda packets: len(packets) >= before + 3 and packets, "the replies")), before + 3,
              "replies on the wire")


def made_again(net):
    """A twin that somebody deletes is back soon, as it was; the service does not notice"""
    with twins(net) as lbd:
        net.director.ip("link del lb-lan")
        equal(answers(net.client, f"http://{OWN}/", 4), ["rs1", "rs2"] * 2, "answers meanwhile")
        wait_for(lambda: "UP" in devices(net).get("lb-lan", {"flags": ()})["flags"], 5, "lb-lan to be back")
        wait_for(lambda: "2 received" in ping(net.director, RS1), 5, "rs1 to answer the kernel's pings")
        contains(lbd.log(), "kernel_interface lb-lan was deleted, or moved to another network namespace, and is made again", "the log")
        wait_for(lambda: "2 received" in ping(net.director, CLIENT), 5, "the client to answer by the other twin")


def keeps_its_addresses(net):
    """Addresses that somebody takes from a twin come back, and the log tells; so it tells of another name"""
    with twins(net) as lbd:
        net.director.ip("addr flush dev lb-lan")
        wait_for(lambda: INSIDE in net.director.ip("-br addr show lb-lan"), 5, "the address to be back")
        contains(lbd.log(), f"kernel_interface lb-lan had lost its address {INSIDE}/24, and has it again", "the log")
        wait_for(lambda: "2 received" in ping(net.director, RS1), 5, "rs1 to answer the kernel's pings")
        for rename in ("down", "name elsewhere"):
            net.director.ip(f"link set lb-lan {rename}")
        wait_for(lambda: "kernel_interface lb-lan was renamed to elsewhere" in lbd.log(), 5, "the log to tell")


def keeps_its_link(net):
    """MAC address and MTU that somebody changes come back, and so does a twin that leaves the namespace; the log tells"""
    with twins(net) as lbd:
        mac = devices(net)["lb-lan"]["address"]
        for change, told in (("address 02:00:00:00:00:99", f"had MAC address 02:00:00:00:00:99 and mtu 1500, and has {mac} and"),
                             ("mtu 9000", f"had MAC address {mac} and mtu 9000, and has {mac} and 1500 again")):
            net.director.ip(f"link set lb-lan {change}")
            wait_for(lambda: told in lbd.log(), 5, f"the log to tell of {change}")
            twin = devices(net)["lb-lan"]
            equal((twin["address"], twin["mtu"]), (mac, 1500), f"the twin after {change}")
            contains(ping(net.director, RS1), "2 received", f"ping after {change}")
        net.director.ip("link set lb-lan down")
        wait_for(lambda: "kernel_interface lb-lan was set down" in lbd.log(), 5, "the log to tell that it is down")
        net.director.ip("link set lb-lan up")
        wait_for(lambda: "kernel_interface lb-lan is up again" in lbd.log(), 5, "the log to tell that it is up")
        net.director.ip(f"link set lb-lan netns {net.client.namespace}")
        wait_for(lambda: INSIDE in net.director.ip("-br addr"), 5, "lb-lan to be made again")
        holds("lb-lan" not in net.client.ip("-br link"), "the one that was moved is there yet")
        wait_for(lambda: "2 received" in ping(net.director, RS1), 5, "rs1 to answer the kernel's pings")
        equal(answers(net.client, f"http://{OWN}/", 4), ["rs1", "rs2"] * 2, "answers after all that")


def has_its_addresses_by_any_label(net):
    """The kernel gives all addresses but the first another label when a twin is renamed: none is lost by that"""
    made = interfaces()
    made[1]["addresses"].append("192.168.33.11/24")
    with net.lbd([WEB], interfaces=made) as lbd:
        for change in ("lb-lan down", "lb-lan name elsewhere", "elsewhere name lb-lan", "lb-lan up"):
            net.director.ip(f"link set {change}")
        contains(net.director.ip("addr show lb-lan"), "lb-lan:", "the twin's addresses")
        net.director.ip(f"addr del {INSIDE}/24 dev lb-lan")
        wait_for(lambda: INSIDE in net.director.ip("-br addr show lb-lan"), 5, "the address to be back")
        equal(re.findall(r"had lost its address (\S+),", lbd.log()), [f"{INSIDE}/24"], "addresses that were lost")


def follows_the_link(net):
    """A twin has no carrier while its interface has no link, also one that is made meanwhile"""
    def flags(name):
        return devices(net).get(name, {"flags": ()})["flags"]

    with twins(net):
        net.switch.ip("link set director down")
        wait_for(lambda: "NO-CARRIER" in flags("lb-lan"), 5, "lb-lan to lose its carrier")
        holds("LOWER_UP" in flags("lb-wan"), "lb-wan keeps its own")
        net.director.ip("link del lb-lan")
        wait_for(lambda: "NO-CARRIER" in flags("lb-lan"), 5, "it to be made again without one")
        net.switch.ip("link set director up")
        wait_for(lambda: "LOWER_UP" in flags("lb-lan"), 5, "its carrier")
        wait_for(lambda: "2 received" in ping(net.director, RS1), 5, "rs1 to answer the kernel's pings")
    # One that starts without a link.
    net.switch.ip("link set director down")
    try:
        with twins(net):
            wait_for(lambda: "NO-CARRIER" in flags("lb-lan"), 5, "no carrier from the start")
    finally:
        net.switch.ip("link set director up")


def gone_with_lbd(net):
    """After SIGKILL there is no twin, and no kernel that answers clients by resets"""
    lbd = twins(net)
    equal(answers(net.client, f"http://{OWN}/", 2), ["rs1", "rs2"], "answers")
    with connect(net.client, OWN, 80) as opened, net.client.capture("eth0", "tcp[tcpflags] & tcp-rst != 0") as seen:
        lbd.process.send(signal.SIGKILL)
        lbd.process.wait(5)
        wait_for(lambda: not set(TWINS.values()) & devices(net).keys(), 5, "the twins to go")
        opened.sendall(b"GET / HTTP/1.1\r\nHost: vip\r\n\r\n")
        wait_for(lambda: "retrans" in net.client.run("ss", "-tino", f"dst {OWN}").stdout, 5, "a retransmission")
        equal(seen.packets(), [], "resets")
    with twins(net):
        equal(answers(net.client, f"http://{OWN}/", 2), ["rs1", "rs2"], "answers of the next lbd")
    for device in ("wan0", "lan0"):
        net.director.ip(f"link set dev {device} xdp off")


def neighbours_groups_reach_the_kernel(net):
    """VRRP's multicast arrives at the twin by a device that filters groups as NICs do; the kernel's own leaves by it"""
    made = interfaces()
    made[0]["device"], made[1]["device"] = "net_af_packet0", "net_af_xdp0"
    arguments = [*eal("lan0"), "--vdev=net_af_packet0,iface=filter0"]  # AF_XDP cannot have a macvlan
    advert = frames.ipv4(CLIENT, "224.0.0.18", 112, bytes(20))
    net.director.ip("link add filter0 link wan0 type macvlan mode bridge")
    net.director.ip("link set filter0 up")
    try:
        with net.lbd([WEB], eal=arguments, interfaces=made), net.director.capture("lb-wan", "ip proto 112") as inside, \
                Wire(net.client, "01:00:5e:00:00:12") as wire:
            wire.send(advert)
            inside.wait(lambda packets: packets, "the advertisement at lb-wan")
            with net.client.capture("eth0", f"ip proto 112 and src {OWN}") as outside, \
                    net.director.socket(socket.SOCK_RAW, protocol=112) as sending:
                sending.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(OWN))
                sending.sendto(bytes(20), ("224.0.0.18", 0))
                outside.wait(lambda packets: packets, "the kernel's advertisement at the client")
    finally:
        net.director.ip("link del filter0")
        net.client.ip("neigh flush all")  # it holds to that MAC address for a second, whatever is announced


class Flood:
    """Datagrams for the kernel, from afar, some 50,000 a second, until the with block ends."""

    def __init__(self, net):
        self._wire = Wire(net.client, net.director.mac("wan0"))
        datagram = frames.ipv4("203.0.113.9", OWN, frames.UDP, frames.udp("203.0.113.9", OWN, 9, 9, b"flood"))
        self._burst = [datagram] * 50
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        with self._wire:
            while not self._stop.wait(0.001):
                self._wire.send(*self._burst)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()


def flood_costs_no_client(net):
    """More for the kernel than it may get: dropped under its own reason, while services and the kernel's own go on"""
    dns = service(f"{OWN}:53", [f"{RS1}:53"], protocol="udp")
    with UdpEcho(net.rs1, RS1, 53), twins(net, (WEB, dns)) as lbd, net.client.socket(socket.SOCK_DGRAM) as asking:
        udp_ask(asking, (OWN, 53))
        before = lbd.drops()
        with Flood(net):
            wait_for(lambda: lbd.drops()["kernel_limit"] > 1000, 10, "the flood to pass the limit")
            for _ in range(300):
                equal(udp_ask(asking, (OWN, 53))[0][0], "rs1", "who answered")
            equal(answers(net.client, f"http://{OWN}/", 4), ["rs1", "rs2"] * 2, "answers")
            equal(net.director.curl(f"http://{RS1}/"), "rs1rs1rs1", "page of rs1 to the kernel")
        dropped = lbd.drops(since=before)
        holds(set(dropped) <= {"kernel_limit", "kernel_full"}, f"drops: {dropped}")
        holds(interface(lbd, "wan")["kernel_dropped"] >= dropped["kernel_limit"], "show interfaces tells less")


def ports_never_meet(net):
    """Masquerade's ports and those that the kernel gives out must be apart, at start and at a reload"""
    rule = {"source": "192.168.11.0/24", "interface": "wan", "ports": "40000-52000"}
    refuses(net, net.configuration([WEB], interfaces=interfaces(), masquerade=[rule]),
            '/masquerade/0/ports: found "40000-52000"', "51000-60999", "lb-wan", status=2)
    with twins(net) as lbd:
        changed = net.configuration([WEB], interfaces=interfaces(), masquerade=[rule])
        lbd.file.write_text(json.dumps(changed))
        contains(lbd.ask("reload").stderr, "51000-60999", "reload's error")


def twin_that_cannot_be(net):
    """A name that a network device has already: lbd does not start, and says which"""
    refuses(net, net.configuration([WEB], interfaces=interfaces({"wan": "lb-wan", "lan": "lo"})),
            "interface lan: kernel_interface lo: there is a network device of that name")


def addresses_follow_the_file(net):
    """A reload that changes an interface's addresses changes its twin's"""
    with twins(net) as lbd:
        changed = net.configuration([WEB], interfaces=interfaces())
        changed["interfaces"][1]["addresses"].append("192.168.33.11/24")
        lbd.file.write_text(json.dumps(changed))
        lbd.ctl("reload")

        def addresses():
            return [one["local"] for one in devices(net)["lb-lan"]["addr_info"]]

        wait_for(lambda: addresses() == [INSIDE, "192.168.33.11"], 5, "the new address on lb-lan")
        changed["interfaces"][1]["addresses"].pop()
        lbd.file.write_text(json.dumps(changed))
        lbd.ctl("reload")
        wait_for(lambda: addresses() == [INSIDE], 5, "the address to go")


def checks_go_by_it(net):
    """Health checks need no device of the kernel's own: through the twin they see a server die and come back"""
    checked = {**WEB, "health_check": check("http")}
    with twins(net, [checked]) as lbd:
        wait_for(lambda: all(seen(lbd, server["address"]) == "status 200" for server in WEB["servers"]), 10,
                 "both servers to pass")
        net.nginx["rs1"].stop()
        try:
            wait_for(lambda: down(lbd, f"{RS1}:80"), 10, "rs1 to be down")
            equal(answers(net.client, f"http://{OWN}/", 6), ["rs2"] * 6, "answers without rs1")
        finally:
            net.nginx["rs1"].start()
        wait_for(lambda: is_up(lbd, f"{RS1}:80"), 10, "rs1 to be up")
        equal(set(answers(net.client, f"http://{OWN}/", 4)), {"rs1", "rs2"}, "answers with rs1")


CASES = [checks_go_by_it, looks_like_its_interface, kernel_reaches_servers, kernel_serves_clients,
         kernel_refuses_closed_ports, services_stay_lbds, answers_arp_once, made_again, keeps_its_addresses, keeps_its_link,
         has_its_addresses_by_any_label,
         follows_the_link, gone_with_lbd, neighbours_groups_reach_the_kernel, flood_costs_no_client, ports_never_meet,
         twin_that_cannot_be, addresses_follow_the_file]
