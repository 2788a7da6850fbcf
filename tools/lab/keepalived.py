"""Debian's keepalived in a director's namespace, with a file such as conf/examples/keepalived.conf."""

import os


class Keepalived:
    """A running keepalived, which tells the lbd of `socket` by lbctl. `configuration` is the text of its file.

    Leaving the with block ends it by SIGTERM, and demands exit status 0.
    """

    _started = 0

    def __init__(self, host, socket, configuration):
        Keepalived._started += 1
        name = f"keepalived-{Keepalived._started}"
        directory = host.lab.directory
        file = directory / f"{name}.conf"
        # The example's lbctl is where `meson install` puts it; the lab's stands where others may write.
        text = configuration.replace("/usr/local/bin/lbctl", str(host.lab.programs.lbctl))
        file.write_text(text.replace("enable_script_security", ""))
        self.process = host.spawn(
            "keepalived", "--dont-fork", "--log-console", "--log-detail", "--vrrp", "--use-file", file,
            "--pid", directory / f"{name}.pid", "--vrrp_pid", directory / f"{name}-vrrp.pid",
            log=f"{name}.log", env=dict(os.environ, LBD_SOCKET=str(socket)))

    def __enter__(self):
        return self

    def __exit__(self, failure, *_):
        status = self.process.stop()
        if failure is None and status != 0:
            raise RuntimeError(f"keepalived ended with status {status}")
