"""Hosts, wires and switches; the lab that owns them and removes them, whatever happens."""

import contextlib
import ctypes
import json
import os
import signal
import socket

from . import records
from .capture import Capture
from .director import spread
from .process import CommandFailed, Process, run

__all__ = ["CommandFailed", "Host", "Lab", "run"]

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _setns(descriptor):
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def _undisturbed():
    """A second ^C must not leave half of a lab behind."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


class Host:
    """A network namespace. `name` is short (client, rs1), `namespace` is what `ip netns` calls it."""

    def __init__(self, lab, name):
        self.lab = lab
        self.name = name
        self.namespace = f"{lab.tag}-{name}"
        run(["ip", "netns", "add", self.namespace])
        # Local ports: above those that the end-to-end cases choose, lest one meets a connection that just ended.
        self.sysctl("net.ipv4.ip_local_port_range=51000 60999",
                    "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1",
                    "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0", "net.ipv4.ip_forward=0")
        self.ip("link set lo up")

    def ip(self, words):
        return run(["ip", "-n", self.namespace, *words.split()]).stdout

    def sysctl(self, *settings):
        self.run("sysctl", "-qw", *settings)

    def run(self, *argv, **options):
        return run(["ip", "netns", "exec", self.namespace, *argv], **options)

    def spawn(self, *argv, log, env=None):
        """Starts a program that the lab ends; `log` is a file name in the lab's directory."""
        return self.lab.spawn(["ip", "netns", "exec", self.namespace, *argv], log, env=env)

    def address(self, device, prefix):
        self.ip(f"addr add {prefix} dev {device}")

    @contextlib.contextmanager
    def lent(self, device, prefix):
        """An address that the device has in this block."""
        self.address(device, prefix)
        try:
            yield
        finally:
            self.ip(f"addr del {prefix} dev {device}")

    def mtu(self, device, size):
        self.ip(f"link set {device} mtu {size}")

    def forward(self):
        """Makes this host a router."""
        self.sysctl("net.ipv4.ip_forward=1", "net.ipv4.conf.all.send_redirects=0", "net.ipv4.icmp_ratelimit=0")

    def forget_path_mtu(self):
        """Drops what this host has learned of paths, by ICMP."""
        self.ip("route flush cache")

    def mac(self, device):
        return json.loads(self.ip(f"-j link show {device}"))[0]["address"]

    def curl(self, url, *options, check=True):
        """What curl prints, without the newline at the end."""
        done = self.run("curl", "-sS", "--max-time", "20", *options, url, check=check)
        return done.stdout.rstrip("\n")

    def capture(self, device, expression, *options):
        return Capture(self, device, expression, *options)

    @contextlib.contextmanager
    def entered(self):
        """A socket opened in this block belongs to this host, and stays there. Only this thread moves."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.namespace}", os.O_RDONLY)
        try:
            _setns(there)
            try:
                yield
            finally:
                _setns(home)
        finally:
            os.close(there)
            os.close(home)

    def socket(self, kind, *, source=None, family=socket.AF_INET, protocol=0, timeout=5):
        """A socket of this host; `source` as in bind, with SO_REUSEADDR."""
        with self.entered():
            opened = socket.socket(family, kind, protocol)
        opened.settimeout(timeout)
        if source is not None:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind(source)
        return opened

    def state(self):
        """Addresses, routes and neighbours, for the report of a failure."""
        return "".join(self.ip(words) for words in ("-br addr", "route", "neigh"))


class Lab:
    """Makes hosts and joins them. A context manager: at its end nothing is left but what keep() asked for.

    outlive: the programs go on when the script ends (for keep()); else the kernel ends them with it.
    """

    _made = 0

    def __init__(self, programs, *, outlive=False):
        records.sweep()
        Lab._made += 1
        self.tag = f"lbd-{os.getpid()}-{Lab._made}"
        self.programs = programs
        self.outlive = outlive
        self.directory = records.create(self.tag)
        self.hosts = []
        self.processes = []
        self.threads = []
        self.logs = []      # of the case that runs; the test runner empties it
        self.evidence = []  # (title, text), what was seen when something went wrong
        self.kept = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.kept:
            self.close()

    def close(self):
        with _undisturbed():
            for thread in self.threads:
                thread.close()
            for process in reversed(self.processes):
                process.stop()
            records.remove(self.tag, self.directory)

    def keep(self, **notes):
        """Leaves everything running after the script's end; records.read_all() finds it again."""
        records.keep(self.tag, notes)
        self.kept = True

    def end_connections(self):
        """Hosts forget their TCP connections: one that is left over would answer for a later one with the same ports."""
        for host in self.hosts:
            host.run("ss", "-Ktn", "exclude", "listening")

    def host(self, name):
        made = Host(self, name)
        self.hosts.append(made)
        return made

    def spawn(self, argv, log, *, env=None):
        path = self.directory / log
        started = Process(argv, path, env=env, outlive=self.outlive)
        self.processes.append(started)
        self.logs.append(path)
        return started

    def wire(self, a, device_a, b, device_b):
        """A veth pair. Its offloads are off: frames travel as they would on copper."""
        queues = ["numrxqueues", str(spread.queues), "numtxqueues", str(spread.queues)] if spread.queues > 1 else []
        run(["ip", "-n", a.namespace, "link", "add", device_a, *queues, "type", "veth",
             "peer", "name", device_b, *queues, "netns", b.namespace])
        for host, device in ((a, device_a), (b, device_b)):
            host.run("ethtool", "-K", device, *"tx off rx off tso off gso off gro off".split())
            host.ip(f"link set {device} up")

    def switch(self, name, *ends):
        """A learning switch that joins (host, device) pairs; its ports bear the hosts' names."""
        made = self.host(name)
        made.ip("link add br0 type bridge stp_state 0 mcast_snooping 0")
        made.ip("link set br0 up")
        for host, device in ends:
            self.plug(host, device, made, host.name)
        return made

    def plug(self, host, device, switch, port):
        """One more end of a switch; `port` is what its device is called there."""
        self.wire(host, device, switch, port)
        switch.ip(f"link set {port} master br0")
