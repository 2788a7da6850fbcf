"""Two directors, of which keepalived, over the kernel's twins, lets one have the VIP and the servers' gateway.

                          .--- director  wan0 192.168.22.11    lan0 192.168.11.11 ---.         .--- rs1  192.168.11.100
        client ----- wan -<                                                           >- lan --<
        192.168.22.50     '--- partner   wan0 192.168.22.12    lan0 192.168.11.12 ---'         '--- rs2  192.168.11.101
                               VIP 192.168.22.110              gateway 192.168.11.1
"""

import contextlib
import copy
import pathlib
import signal
import socket
import struct
import threading
import time

import frames
from checks import contains, equal, holds
from lab import Director, DirectorPair, Keepalived, service, wait_for
from startup import check
from traffic import answers, ask, connect, ping

TOPOLOGY = DirectorPair
VIP, GATEWAY, CLIENT = DirectorPair.vip, DirectorPair.gateway, "192.168.22.50"
URL = f"http://{VIP}/"
SERVERS = ["192.168.11.100:80", "192.168.11.101:80"]
WEB = service(f"{VIP}:80", SERVERS, name="web")
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "conf/examples"
OVERRULED = "and is overruled"
INTERVAL = 1  # seconds between advertisements, as in the example


def role(lbd):
    return lbd.json("show", "info")["vips"]


def becomes(lbd, expected, deadline=10):
    wait_for(lambda: role(lbd) == expected, deadline, f"{lbd.host.name} to be {expected}")


def keepalived(lbd, priority, lbctl=None):
    """README's file, but for what differs between the two, and the lbctl that it calls."""
    text = (EXAMPLES / "keepalived.conf").read_text()
    for here, there in (("priority 250", f"priority {priority}"), ("director-a", lbd.host.name)):
        contains(text, here, "keepalived.conf")
        text = text.replace(here, there)
    return Keepalived(lbd.host, lbd.socket, text, lbctl)


class Told:
    """What `lbctl set vips` has told an lbd, by an lbctl that notes it down, and holds up one word until it is let go."""

    def __init__(self, lbd, holds_up=None):
        lab = lbd.host.lab
        self.lbctl, self._words, self._gate = (lab.directory / f"{lbd.host.name}-{what}"
                                               for what in ("lbctl", "told", "gate"))
        self._words.write_text("")
        self._gate.unlink(missing_ok=True)
        self.lbctl.write_text(f"""#!/bin/sh
[ "$1 $2" = "set vips" ] || exec {lab.programs.lbctl} "$@"
[ "$3" != "{holds_up}" ] || until [ -e {self._gate} ]; do sleep 0.05; done
{lab.programs.lbctl} "$@" && echo "$3" >> {self._words}
""")
        self.lbctl.chmod(0o755)

    def words(self):
        return self._words.read_text().split()

    def let_go(self):
        self._gate.touch()


def answered(net):
    """Whether the client gets a page, now."""
    done = net.client.run("curl", "-sS", "--connect-timeout", "0.2", "--max-time", "1", URL, check=False)
    return done.returncode == 0 and done.stdout.strip() in ("rs1rs1rs1", "rs2rs2rs2")


class OneAnswers:
    """Asks for an address by ARP thirty times a second; at the end no question may have had two hosts' answers."""

    def __init__(self, host, own, address):
        self._address = address
        self._question = frames.arp_request(host.mac("eth0"), own, address)
        self._socket = host.socket(socket.SOCK_RAW, family=socket.AF_PACKET, protocol=socket.htons(frames.ARP),
                                   timeout=0.03)
        self._socket.bind(("eth0", frames.ARP))
        self._answers = []  # to each question, the MAC addresses that said so
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        is_answer = struct.pack("!H", 2), socket.inet_aton(self._address)
        while not self._stop.is_set():
            self._socket.send(self._question)
            self._answers.append(set())
            until = time.monotonic() + 0.03
            while time.monotonic() < until:
                with contextlib.suppress(TimeoutError):
                    frame = self._socket.recv(2048)
                    if (frame[20:22], frame[28:32]) == is_answer:
                        self._answers[-1].add(frame[22:28].hex(":"))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, failure, *_):
        self._stop.set()
        self._thread.join()
        self._socket.close()
        if failure is None:
            equal([one for one in self._answers if len(one) > 1], [], f"questions for {self._address} with two answers")
            holds(self._count() > 10, f"hardly anybody answered for {self._address}")

    def _count(self):
        return sum(len(one) for one in self._answers)

    def hear_more(self, count):
        """Waits for so many more answers."""
        wanted = self._count() + count
        wait_for(lambda: self._count() >= wanted, 5, f"{count} more answers for {self._address}")

    def answering(self):
        """Every MAC address that has answered."""
        return set().union(*self._answers)


@contextlib.contextmanager
def one_answers(net):
    """To this block's end, one director at most answers for the VIP and the gateway; both do in their time."""
    with OneAnswers(net.client, CLIENT, VIP) as outside, OneAnswers(net.rs1, net.rip1, GATEWAY) as inside:
        yield outside, inside
        equal((outside.answering(), inside.answering()),
              tuple({host.mac(device) for host in (net.director, net.partner)} for device in ("wan0", "lan0")),
              "who has answered for the VIP and for the gateway")


def standby_does_nothing(net):
    """Two standbys: nobody answers for the VIP or the gateway; their own addresses and their kernels do answer"""
    with net.lbd_on(net.director, [WEB]) as first, net.lbd_on(net.partner, [WEB]) as second:
        for address, host in ((VIP, net.client), (GATEWAY, net.rs1)):
            heard = host.run("arping", "-c", "2", "-w", "2", "-I", "eth0", address, check=False).stdout
            contains(heard, "Received 0 response", f"arping {address}")
        net.client.ip(f"neigh replace {VIP} lladdr {net.director.mac('wan0')} dev eth0")
        contains(ping(net.client, VIP), "0 received", "ping of the VIP")
        holds(not answered(net), "a standby forwards to the service")
        holds(first.drops()["standby"] > 2, f"drops: {first.drops()}")
        for address in ("192.168.22.11", "192.168.22.12"):
            contains(ping(net.client, address), "2 received", f"ping of {address}")
        contains(ping(net.partner, "192.168.22.11"), "2 received", "ping from one director's kernel to the other")
        net.client.ip(f"neigh del {VIP} dev eth0")
        contains(first.ctl("explain", "tcp", f"{CLIENT}:4000", f"{VIP}:80"), "standby", "explain")
        equal(second.json("set", "vips", "standby"), {"done": "VIPs are standby"}, "set vips standby, once more")


def by_hand(net):
    """`set vips` moves them at once, a reload and `save` do not; becoming active is announced, again and again"""
    gratuitous = f"arp and arp[14:4] = arp[24:4] and src host {VIP}"
    with net.lbd_on(net.director, [WEB]) as first, net.client.capture("eth0", gratuitous) as seen:
        first.ctl("set", "vips", "active")
        becomes(first, "active")
        seen.wait(lambda packets: len(packets) >= 5, "five announcements", 10)
        equal(answers(net.client, URL, 4), ["rs1", "rs2"] * 2, "answers")
        with connect(net.client, VIP, 80) as held:
            ask(held)
            first.ctl("set", "vips", "standby")
            equal(role(first), "standby", "after set vips standby")
            held.settimeout(0.5)
            held.sendall(b"GET / HTTP/1.1\r\nHost: vip\r\n\r\n")
            with contextlib.suppress(TimeoutError):
                holds(not held.recv(1), "an old connection goes on through a standby")
            first.ctl("set", "vips", "active")
            held.settimeout(5)
            contains(held.recv(65536).decode(), "200 OK", "the answer, once it is active again")
        first.ctl("save")
        equal(first.json("show", "config")["vips"], "standby", "whose the VIPs are at the next start")
        first.ctl("reload")
        equal(role(first), "active", "after a reload")


def never_both(net):
    """Told to be active while another still answers, a director waits for it, and overrules it after a second"""
    with net.lbd_on(net.director, [WEB]) as first, net.lbd_on(net.partner, [WEB]) as second:
        first.ctl("set", "vips", "active")
        becomes(first, "active")
        with one_answers(net) as (outside, inside):
            for giving, taking in ((first, second), (second, first)) * 4:
                overruled = taking.log().count(OVERRULED)
                taking.ctl("set", "vips", "active")
                giving.ctl("set", "vips", "standby")
                becomes(taking, "active", 5)
                equal(taking.log().count(OVERRULED), overruled, "how often it has overruled the other")
                wait_for(lambda: answered(net), 5, "answers by the new one")
                outside.hear_more(5)
                inside.hear_more(5)
        equal(role(second), "standby", "the partner")
        second.ctl("set", "vips", "active")
        becomes(second, "active", 3)
        contains(second.log(), OVERRULED, "the log of who overrules")


def own_address_stays(net):
    """A service on an interface's own address cannot be another director's, in the file and while it runs"""
    own = service("192.168.22.11:80", SERVERS, name="own")
    with net.lbd_on(net.director, [WEB]) as lbd:
        configuration = copy.deepcopy(lbd.configuration)
        refusal = lbd.ask("add", "service",
                          '{"name": "own", "protocol": "tcp", "address": "192.168.22.11:80"}')
        contains(refusal.stderr, "this one is interface wan's own", "add service")
    configuration["services"].append(own)
    contains(check(net, configuration).stderr, "/services/1/address: found", "--check")
    with Director(net.director, {**configuration, "services": [own], "vips": "active"}) as lbd:
        contains(lbd.ask("set", "vips", "standby").stderr, "this one is interface wan's own", "set vips standby")
        equal(role(lbd), "active", "after it was refused")


def dies_and_comes_back(net):
    """keepalived: SIGKILL of the active lbd moves service within three intervals; it takes it back when it returns"""
    with contextlib.ExitStack() as stack:
        first = net.lbd_on(net.director, [WEB])
        second = stack.enter_context(net.lbd_on(net.partner, [WEB]))
        stack.enter_context(keepalived(first, 250))
        stack.enter_context(keepalived(second, 240))
        becomes(first, "active")
        equal(role(second), "standby", "the partner")
        wait_for(lambda: answered(net), 5, "answers by the first")
        with one_answers(net):
            killed = time.monotonic()
            first.process.send(signal.SIGKILL)
            first.process.wait(5)
            wait_for(lambda: answered(net), 10, "answers by the partner")
            outage = time.monotonic() - killed
            print(f"       service was away for {outage:.2f} s", flush=True)
            holds(outage < 3 * INTERVAL, f"an outage of {outage:.2f} s")
            becomes(second, "active", 1)
            first = stack.enter_context(net.lbd_on(net.director, [WEB]))
            becomes(first, "active", 15)
            becomes(second, "standby", 1)
            wait_for(lambda: answered(net), 5, "answers by the first, again")
        equal(sorted(answers(net.client, URL, 4)), ["rs1", "rs1", "rs2", "rs2"], "answers in the end")


def ends_in_good_order(net):
    """keepalived that ends gives the VIPs away: its lbd stands by, the partner takes over at once; a reload moves nothing"""
    with net.lbd_on(net.director, [WEB]) as first, net.lbd_on(net.partner, [WEB]) as second, keepalived(second, 240):
        told = Told(first)
        with keepalived(first, 250, told.lbctl) as ends:
            becomes(first, "active", 15)
            becomes(second, "standby", 15)
            wait_for(lambda: told.words()[-1] == "active", 5, "the word to be told")
            words = told.words()
            ends.process.send(signal.SIGHUP)
            wait_for(lambda: "Reload complete" in ends.process.text(), 10, "keepalived to reload")
        becomes(second, "active", 3)
        equal((role(first), told.words()), ("standby", [*words, "standby"]), "the one whose keepalived ended")
        wait_for(lambda: answered(net), 5, "answers by the partner")


def keepalived_is_killed(net):
    """keepalived that is killed has no last word: its lbd stands by all the same, and the partner takes over"""
    with net.lbd_on(net.director, [WEB]) as first, net.lbd_on(net.partner, [WEB]) as second, keepalived(second, 240):
        dies = keepalived(first, 250)
        becomes(first, "active", 15)
        becomes(second, "standby", 15)
        with one_answers(net) as (outside, inside):
            wait_for(lambda: answered(net), 5, "answers by the first")
            outside.hear_more(5)
            inside.hear_more(5)
            dies.kill()
            becomes(first, "standby", 5)
            becomes(second, "active", 10)
            wait_for(lambda: answered(net), 5, "answers by the partner")
            outside.hear_more(5)
            inside.hear_more(5)


def no_word_is_overtaken(net):
    """The last that keepalived has said holds, however long lbctl took with what it had said before"""
    with net.lbd_on(net.director, [WEB]) as first, net.lbd_on(net.partner, [WEB]) as second:
        told = Told(second, holds_up="active")
        with keepalived(second, 240, told.lbctl) as lower:
            wait_for(lambda: "Entering MASTER STATE" in lower.process.text(), 15, "the lower priority to be master")
            with keepalived(first, 250):
                becomes(first, "active", 15)
                wait_for(lambda: lower.process.text().count("Entering BACKUP STATE") > 1, 5, "it to be backup again")
                told.let_go()
                wait_for(lambda: "active" in told.words() and told.words()[-1] == "standby", 5, "both words to be told")
                equal((role(first), role(second)), ("active", "standby"), "whose the VIPs are")


@contextlib.contextmanager
def unplugged(switch, port):
    """The cable between a switch and a host is out in this block."""
    switch.ip(f"link set {port} down")
    try:
        yield
    finally:
        switch.ip(f"link set {port} up")


def lost_link_moves_service(net):
    """A director without its clients' or its servers' link gives up its place, and takes it back with the link"""
    with net.lbd_on(net.director, [WEB]) as first, net.lbd_on(net.partner, [WEB]) as second:
        with keepalived(first, 250), keepalived(second, 240):
            becomes(first, "active", 15)
            becomes(second, "standby", 15)
            for switch in (net.lan, net.wan):
                with unplugged(switch, "director"):
                    becomes(first, "standby", 10)
                    becomes(second, "active", 10)
                    wait_for(lambda: answered(net), 5, "answers by the partner")
                becomes(first, "active", 15)
                becomes(second, "standby", 15)
                wait_for(lambda: answered(net), 5, "answers by the first, again")


def split_heals(net):
    """Two that did not hear one another: when they do, neighbours soon know who has stayed active, though none asks"""
    entries = ((net.client, VIP, "wan0"), (net.rs1, GATEWAY, "lan0"), (net.rs2, GATEWAY, "lan0"))

    def belong_to(host):
        return all(host.mac(device) in one.ip(f"neigh show {address}") for one, address, device in entries)

    with net.lbd_on(net.director, [WEB]) as first, net.lbd_on(net.partner, [WEB]) as second:
        for one, address, _ in entries:
            contains(ping(one, address), "0 received", f"ping of {address} before any is active")
        first.ctl("set", "vips", "active")
        becomes(first, "active")
        for one, address, _ in entries:
            contains(ping(one, address), "2 received", f"ping of {address}")
        holds(belong_to(net.director), "neighbours know the first")
        second.ctl("set", "vips", "active")
        becomes(second, "active")
        wait_for(lambda: belong_to(net.partner), 5, "neighbours to believe the second")
        second.ctl("set", "vips", "standby")
        wait_for(lambda: belong_to(net.director), 10, "neighbours to know the first again")


CASES = [standby_does_nothing, by_hand, never_both, own_address_stays, dies_and_comes_back, ends_in_good_order,
         keepalived_is_killed, no_word_is_overtaken, lost_link_moves_service, split_heals]
