"""tcpdump on one device of one host, as lines of text."""

from .wait import wait_for


class Capture:
    """Runs from the constructor on (when it returns, tcpdump listens) until close() or the with block's end.

    The lines carry the Ethernet header (-e) and numbers only (-nn); `options` go to tcpdump, e.g. "-v" or "-Qin".
    """

    _made = 0

    def __init__(self, host, device, expression, *options):
        Capture._made += 1
        name = f"tcpdump-{Capture._made}-{host.name}-{device}"
        self._process = host.spawn("tcpdump", "--immediate-mode", "-lenn", "-i", device, *options, expression,
                                   log=f"{name}.log")
        wait_for(lambda: "listening on" in self._process.text() or not self._process.alive, 10, f"{name} to listen")
        if not self._process.alive:
            raise RuntimeError(f"tcpdump: {self._process.text()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._process.stop()

    def packets(self):
        """One line per packet; with -v the indented lines are joined to the one before them."""
        found = []
        for line in self._process.text().splitlines():
            if line[:1].isdigit() and ":" in line[:9]:
                found.append(line)
            elif line[:1].isspace() and found:
                found[-1] += " " + line.strip()
        return found

    def wait(self, condition, what, deadline=5):
        """Waits until condition(packets) holds and returns its value."""
        return wait_for(lambda: condition(self.packets()), deadline, what)
