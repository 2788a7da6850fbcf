"""Debian's BIRD in a host's namespace."""

from .process import run
from .wait import wait_for


class Bird:
    """A running BIRD; leaving the with block ends it."""

    _started = 0

    def __init__(self, host, configuration):
        Bird._started += 1
        name = f"bird-{Bird._started}"
        self._socket = host.lab.directory / f"{name}.ctl"
        file = host.lab.directory / f"{name}.conf"
        file.write_text(configuration)
        self.process = host.spawn("bird", "-f", "-c", file, "-s", self._socket, "-P",
                                  host.lab.directory / f"{name}.pid", log=f"{name}.log")
        wait_for(lambda: self._socket.exists() or not self.process.alive, 10, "BIRD to listen")
        if not self.process.alive:
            raise RuntimeError(f"BIRD: {self.process.text()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()

    def ask(self, *words):
        """What birdc prints."""
        return run(["birdc", "-s", self._socket, *words]).stdout
