"""Debian's keepalived in a director's namespace, with a file such as conf/examples/keepalived.conf."""

import os
import signal
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "conf/examples/lbd-vrrp.sh"


class Keepalived:
    """A running keepalived, which tells the lbd of `socket` by lbctl. `configuration` is the text of its file.

    Leaving the with block ends it by SIGTERM, and demands exit status 0.
    """

    _started = 0

    def __init__(self, host, socket, configuration, lbctl=None):
        """`lbctl`: what it calls by that name, else the lab's own."""
        Keepalived._started += 1
        name = f"keepalived-{Keepalived._started}"
        directory = host.lab.directory
        file, script = directory / f"{name}.conf", directory / f"{name}.sh"
        # The example's files are where README puts them; the lab's stand where others may write.
        for place, text in ((file, configuration), (script, SCRIPT.read_text())):
            for example, here in (("/usr/local/bin/lbctl", lbctl or host.lab.programs.lbctl),
                                  ("/etc/keepalived/lbd-vrrp.sh", script),
                                  ("/run/lbd-vrrp.fifo", directory / f"{name}.fifo"),
                                  ("enable_script_security", "")):
                text = text.replace(example, str(here))
            place.write_text(text)
        script.chmod(0o755)
        self._vrrp_pid = directory / f"{name}-vrrp.pid"
        self.process = host.spawn(
            "keepalived", "--dont-fork", "--log-console", "--log-detail", "--vrrp", "--use-file", file,
            "--pid", directory / f"{name}.pid", "--vrrp_pid", self._vrrp_pid,
            log=f"{name}.log", env=dict(os.environ, LBD_SOCKET=str(socket)))

    def __enter__(self):
        return self

    def __exit__(self, failure, *_):
        status = self.process.stop()
        if failure is None and status != 0:
            raise RuntimeError(f"keepalived ended with status {status}")

    def kill(self):
        """SIGKILL to it and to its VRRP process, which gets no time for a last word."""
        self.process.send(signal.SIGSTOP)  # or it would begin a new one
        os.kill(int(self._vrrp_pid.read_text()), signal.SIGKILL)
        self.process.send(signal.SIGKILL)
        self.process.wait(5)
