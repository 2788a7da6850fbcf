"""lbd in the director's namespace, and lbctl to ask it."""

import dataclasses
import json
import os
import pathlib
import subprocess

from .process import run
from .wait import wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Programs:
    lbd: pathlib.Path = ROOT / "build/lbd"
    lbctl: pathlib.Path = ROOT / "build/lbctl"

    def missing(self):
        return [str(path) for path in (self.lbd, self.lbctl) if not os.access(path, os.X_OK)]


def service(address, servers, *, scheduler="rr", forward="nat", protocol="tcp", **more):
    """A service of the file. A server is "IP:port", ("IP:port", weight) or a ready object."""
    def server(value):
        if isinstance(value, tuple):
            return {"address": value[0], "weight": value[1]}
        return value if isinstance(value, dict) else {"address": value}

    return {"protocol": protocol, "address": address, "scheduler": scheduler, "forward": forward,
            "servers": [server(value) for value in servers], **more}


@dataclasses.dataclass
class Spread:
    """Over how much every lbd of this program spreads its work; set once, before the first lab."""
    workers: int = 1
    queues: int = 1  # of each of the director's devices


spread = Spread()


def eal(*devices):
    """EAL's arguments: one control thread, the workers, an AF_XDP port per queue of each device of the namespace."""
    cpus = sorted(os.sched_getaffinity(0))
    own = cpus[1:] or cpus  # of the workers, which share them where they are many
    lcores = ",".join([f"0@{cpus[0]}", *(f"{i + 1}@{own[i % len(own)]}" for i in range(spread.workers))])
    ports = [f"--vdev={port},iface={device},start_queue={queue}"
             for i, device in enumerate(devices) for queue, port in enumerate(ports_of(f"net_af_xdp{i}"))]
    return [f"--lcores={lcores}", "--no-huge", *ports]


def ports_of(device):
    """The vdevs that are queues of the device which a file with one queue calls net_af_xdpN; others are themselves."""
    if not device.startswith("net_af_xdp"):
        return [device]
    return [device] if spread.queues == 1 else [f"{device}q{queue}" for queue in range(spread.queues)]


def spread_interfaces(interfaces):
    """The file's interfaces, each with all of its queues."""
    return [{**one, "device": ports if len(ports := ports_of(one["device"])) > 1 else ports[0]} for one in interfaces]


class Director:
    """A running lbd. Leaving the with block ends it by SIGTERM, and demands exit status 0.

    When the block fails, what lbctl shows at that moment is put into the lab's evidence first.
    """

    _started = 0

    def __init__(self, host, configuration):
        Director._started += 1
        self.host = host
        self.lab = host.lab
        self.configuration = configuration
        self.socket = pathlib.Path(configuration["control"]["sockets"][0]["path"])
        self.file = self.lab.directory / f"lbd-{Director._started}.json"
        self.file.write_text(json.dumps(configuration, indent=2) + "\n")
        self.process = self.host.spawn(self.lab.programs.lbd, "--config", self.file, log=f"lbd-{Director._started}.log")
        try:
            wait_for(lambda: self._answers() or not self.process.alive, 30, f"lbd to answer on {self.socket}")
        except BaseException:
            self.process.stop()
            raise
        if not self.process.alive:
            raise RuntimeError(f"lbd ended with status {self.process.wait(1)}")

    def _answers(self):
        """Its socket is there before its ports are: on a busy machine the first answer takes long."""
        try:
            return self.socket.exists() and self.ask("show", "info").returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def __enter__(self):
        return self

    def __exit__(self, failure, *_):
        if failure is not None:
            self._witness()
            self.process.stop()
        elif self.process.alive:
            self.stop()
        elif self.process.wait(1) != 0:
            raise RuntimeError(f"lbd ended by itself with status {self.process.wait(1)}")

    def _witness(self):
        if not self.process.alive:
            self.lab.evidence.append(("lbd", f"not running, exit status {self.process.wait(1)}"))
            return
        for words in ("show info", "show services", "show health", "ipvsadm -Ln --stats", "show connections", "show interfaces",
                      "show neighbours", "show workers", "show drops"):
            try:
                answer = self.ask(*words.split(), timeout=5)
                self.lab.evidence.append((f"lbctl {words}", answer.stdout + answer.stderr))
            except Exception as error:  # evidence is taken on the way out of a failure: never hide that one
                self.lab.evidence.append((f"lbctl {words}", str(error)))

    def stop(self):
        """Ends lbd; its exit status must be 0."""
        status = self.process.stop()
        if status != 0:
            raise RuntimeError(f"lbd ended with status {status} after SIGTERM")

    def ask(self, *words, stdin=None, timeout=10, socket=None):
        """lbctl's result, whatever its exit status."""
        return run([self.lab.programs.lbctl, "--socket", socket or self.socket, *words], check=False, stdin=stdin,
                   timeout=timeout)

    def ctl(self, *words):
        """What lbctl prints; its exit status must be 0."""
        return run([self.lab.programs.lbctl, "--socket", self.socket, *words], timeout=10).stdout

    def json(self, *words):
        return json.loads(self.ctl(*words, "json"))

    def servers(self, name=None):
        """The servers of the named (else the first) service, as `show services json` has them."""
        services = self.json("show", "services")["services"]
        return next(one for one in services if name in (None, one["name"]))["servers"]

    def drops(self, since=None):
        """Count by reason; with `since`, an earlier answer, only what has risen, and by how much.

        Then without not_a_syn: hosts may still send again what belongs to connections of an earlier lbd."""
        counts = self.json("show", "info")["drops"]
        if since is None:
            return counts
        return {reason: count - since[reason] for reason, count in counts.items()
                if count != since[reason] and reason != "not_a_syn"}

    def buffers(self):
        """Packet buffers in use."""
        return self.json("show", "info")["mbufs"]["in_use"]

    def log(self):
        return self.process.text()
