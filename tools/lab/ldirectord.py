"""Debian's ldirectord in the director's namespace, with lbd's ipvsadm where it looks for ipvsadm."""

import os
import re
import signal

# What dpkg-divert and ln do on a real machine; here in a mount namespace, so that the machine's own ipvsadm stays.
_DIVERTED = 'mount --bind "$1" /sbin/ipvsadm; shift; exec "$@"'


class Ldirectord:
    """A running ldirectord, which checks the real servers by the director's kernel and tells the lbd of `socket`.

    `configuration` is the text of its file. It runs in the foreground; leaving the with block ends it by SIGTERM, as
    `ldirectord stop` does, and demands exit status 0.
    """

    _started = 0

    def __init__(self, host, socket, configuration):
        Ldirectord._started += 1
        name = f"ldirectord-{Ldirectord._started}"
        self.file = host.lab.directory / f"{name}.cf"
        self._write(configuration)
        ipvsadm = host.lab.programs.lbctl.with_name("ipvsadm")
        self.process = host.spawn("unshare", "--mount", "sh", "-ec", _DIVERTED, "sh", ipvsadm,
                                  "ldirectord", self.file, "start", log=f"{name}.log",
                                  env=dict(os.environ, LBD_SOCKET=str(socket)))

    def __enter__(self):
        return self

    def __exit__(self, failure, *_):
        if failure is not None:
            self.process.stop()
        else:
            self.stop()

    def _write(self, configuration):
        self.file.write_text("supervised = yes\n" + configuration)

    def reload(self, configuration=None):
        """Makes it read its file again, as `ldirectord reload` does; with `configuration`, another one."""
        if configuration is not None:
            self._write(configuration)
        self.process.send(signal.SIGHUP)

    def stop(self):
        """Ends it, if it has not ended yet; its exit status must be 0."""
        status = self.process.stop(deadline=30)
        if status != 0:
            raise RuntimeError(f"ldirectord ended with status {status}")


def edited(configuration, **values):
    """The text of a file for ldirectord with other values behind keys that it has."""
    for key, value in values.items():
        configuration, found = re.subn(rf"(?m)^(\s*{key} = ).*$", rf"\g<1>{value}", configuration)
        if found == 0:
            raise ValueError(f"the file says nothing of {key}")
    return configuration
