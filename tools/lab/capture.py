"""tcpdump on one device of one host, as lines of text."""

from .process import run
from .wait import wait_for


class Capture:
    """Runs from the constructor on (when it returns, tcpdump listens) until close() or the with block's end.

    The lines carry the Ethernet header (-e) and numbers only (-nn); `options` go to tcpdump, e.g. "-v" or "-Qin".
    """

    _made = 0
    _PRINTING = ("-v", "-S")  # options for the tcpdump that prints; the others are for the one that captures

    def __init__(self, host, device, expression, *options):
        Capture._made += 1
        name = f"tcpdump-{Capture._made}-{host.name}-{device}"
        self._printing = [option for option in options if option in self._PRINTING]
        capturing = [option for option in options if option not in self._PRINTING]
        self._file = host.lab.directory / f"{name}.pcap"
        # Packets go through a file: one that prints them as they come would be read between two lines of a packet.
        self._process = host.spawn("tcpdump", "--immediate-mode", "-U", "-Z", "root", "-w", self._file, "-i", device,
                                   *capturing, expression, log=f"{name}.log")
        wait_for(lambda: "listening on" in self._process.text() or not self._process.alive, 10, f"{name} to listen")
        if not self._process.alive:
            raise RuntimeError(f"tcpdump: {self._process.text()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the capture and leaves its packets in the log, for whoever must know why a case failed."""
        if self._process.alive:
            self._process.stop()
            with open(self._process.log, "a") as log:
                log.write("\n".join([*self.packets(), ""]))

    def packets(self):
        """One line per packet; the indented lines of -v are joined to the one before them."""
        # Not checked: the file's last packet, or its header, may be half written yet.
        printed = run(["tcpdump", "-enn", *self._printing, "-r", self._file], check=False).stdout
        found = []
        for line in printed.splitlines():
            if line[:1].isdigit() and ":" in line[:9]:
                found.append(line)
            elif line[:1].isspace() and found:
                found[-1] += " " + line.strip()
        return found

    def wait(self, condition, what, deadline=5):
        """Waits until condition(packets) holds and returns its value."""
        return wait_for(lambda: condition(self.packets()), deadline, what)
