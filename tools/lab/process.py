"""Running programs: short ones to their end, long ones with a log and a sure death."""

import os
import shlex
import subprocess


class CommandFailed(Exception):
    """A short command ended with another status than 0."""


def run(argv, *, check=True, timeout=60, stdin=None, env=None):
    """Runs to the end; the result has returncode, stdout and stderr (text)."""
    argv = [str(word) for word in argv]
    try:
        done = subprocess.run(argv, text=True, capture_output=True, timeout=timeout, input=stdin, env=env)
    except FileNotFoundError as missing:
        raise CommandFailed(f"{argv[0]} is not installed: run tools/install-packages run") from missing
    if check and done.returncode != 0:
        raise CommandFailed(f"{shlex.join(argv)}\nexit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done


class Process:
    """A program that runs until it is stopped; what it prints goes to `log`, a file.

    It leaves the terminal's process group, so that ^C reaches only the script. Unless `outlive`, the kernel
    sends it SIGTERM when the thread that started it dies, even by SIGKILL.
    """

    def __init__(self, argv, log, *, env=None, outlive=False):
        argv = [str(word) for word in argv]
        self.log = log
        with open(log, "ab") as out:
            self.popen = subprocess.Popen(
                argv if outlive else ["setpriv", "--pdeathsig", "TERM", *argv],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, start_new_session=True)
        self.pid = self.popen.pid

    @property
    def alive(self):
        return self.popen.poll() is None

    def text(self):
        with open(self.log, errors="replace") as log:
            return log.read()

    def send(self, number):
        os.kill(self.pid, number)

    def wait(self, deadline):
        """Its exit status, negative if a signal ended it."""
        return self.popen.wait(timeout=deadline)

    def stop(self, deadline=10):
        """SIGTERM, and SIGKILL if that does not help in time; returns the exit status."""
        if self.alive:
            self.popen.terminate()
            try:
                self.popen.wait(timeout=deadline)
            except subprocess.TimeoutExpired:
                self.popen.kill()
        return self.popen.wait()
