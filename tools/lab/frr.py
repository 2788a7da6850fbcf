"""FRR: zebra and bgpd of one host."""

import pathlib
import shutil
import tempfile

from .wait import wait_for


class Frr:
    """A running FRR with a configuration of bgpd's; leaving the with block ends it."""

    _started = 0

    def __init__(self, host, configuration):
        Frr._started += 1
        self._host = host
        self._name = f"frr-{Frr._started}"
        self._processes = []
        # Its user is another, to whom the lab's directory is closed.
        self._temporary = tempfile.TemporaryDirectory(prefix="lbd-frr-")
        self._directory = pathlib.Path(self._temporary.name)
        shutil.chown(self._directory, "frr", "frr")
        try:
            self._start("zebra", "")
            self._start("bgpd", configuration)
        except BaseException:
            self.__exit__()
            raise

    def _start(self, name, configuration):
        file = self._directory / f"{name}.conf"
        file.write_text(configuration)
        process = self._host.spawn(
            f"/usr/lib/frr/{name}", "-f", file, "-i", self._directory / f"{name}.pid",
            "-z", self._directory / "zserv.api", "--vty_socket", self._directory, "--log", "stdout", "-P", "0",
            log=f"{self._name}-{name}.log")
        self._processes.append(process)
        wait_for(lambda: (self._directory / f"{name}.vty").exists() or not process.alive, 10, f"{name} to listen")
        if not process.alive or "No such command" in process.text():
            raise RuntimeError(f"{name}: {process.text()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self._processes):
            process.stop()
        self._temporary.cleanup()
