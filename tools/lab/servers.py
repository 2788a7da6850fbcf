"""What runs on the real servers: nginx, a UDP echo that says who it is, and the end of a tunnel."""

import os
import pathlib
import select
import shutil
import socket
import threading

from .wait import wait_for

_CONFIGURATION = """\
daemon off;
user www-data;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log notice;
events {{ worker_connections 4096; }}
http {{
  log_format lab '$remote_addr $remote_port $server_addr:$server_port $request_method $uri';
  access_log {directory}/access.log lab;
  client_body_temp_path {directory}/temporary;
  proxy_temp_path {directory}/temporary;
  fastcgi_temp_path {directory}/temporary;
  uwsgi_temp_path {directory}/temporary;
  scgi_temp_path {directory}/temporary;
  client_max_body_size 0;
  default_type text/plain;
  server {{
    listen 80 backlog=1024;
    listen 8080;
    root {directory}/html;
    location /upload/ {{ dav_methods PUT; }}
  }}
}}
"""


class Nginx:
    """nginx on ports 80 and 8080 of a host; / answers `page`, PUT /upload/NAME stores a file."""

    def __init__(self, host, page):
        self.host = host
        self.directory = host.lab.directory / f"nginx-{host.name}"
        self.html = self.directory / "html"
        self.html.mkdir(parents=True)
        (self.html / "index.html").write_text(page + "\n")
        for name in (self.html / "upload", self.directory / "temporary"):
            name.mkdir()
            shutil.chown(name, "www-data")
        (self.directory / "nginx.conf").write_text(_CONFIGURATION.format(directory=self.directory))
        (self.directory / "access.log").touch()
        self._seen = 0
        self.start()

    def start(self):
        self._process = self.host.spawn(
            "nginx", "-p", self.directory, "-c", self.directory / "nginx.conf", "-e", self.directory / "error.log",
            log=f"nginx-{self.host.name}.log")
        wait_for(lambda: self._listens() or not self._process.alive, 10, f"nginx on {self.host.name}")
        if not self._process.alive:
            raise RuntimeError(f"nginx on {self.host.name}: {self._process.text()}")

    def stop(self):
        """The host stays up: its kernel refuses what comes for port 80."""
        self._process.stop()

    def _listens(self):
        with self.host.socket(socket.SOCK_STREAM) as probe:
            return probe.connect_ex(("127.0.0.1", 80)) == 0

    def mark(self):
        """requests() gives what comes after this."""
        self._seen = len((self.directory / "access.log").read_text().splitlines())

    def requests(self):
        """(client, client's port, own address and port, method, path) of each request since mark()."""
        lines = (self.directory / "access.log").read_text().splitlines()
        return [tuple(line.split(" ", 4)) for line in lines[self._seen:]]

    def offer(self, path, name):
        """Serves an existing file of the lab's directory under /name."""
        os.link(path, self.html / name)


class UdpEcho:
    """Answers `NAME ADDRESS PORT: DATA`: its own name, the client as it sees it, and what was sent.

    Bound to one address, so that the answer's source is that address (a DR server's: the VIP).
    """

    def __init__(self, host, address, port):
        self._host = host
        self._socket = host.socket(socket.SOCK_DGRAM, source=(address, port), timeout=None)
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        host.lab.threads.append(self)

    def _serve(self):
        while True:
            ready, _, _ = select.select([self._socket, self._stop], [], [])
            if self._stop in ready:
                return
            data, (address, port) = self._socket.recvfrom(65536)
            self._socket.sendto(f"{self._host.name} {address} {port}: ".encode() + data, (address, port))

    def close(self):
        if self._thread.is_alive():
            os.write(self._stopped, b".")
            self._thread.join()
            self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class TunnelEnd:
    """Unwraps IP-in-IP for a host: what `modprobe ipip` and `ip link set tunl0 up` do where the kernel has ipip."""

    def __init__(self, host, device="tunl0"):
        process = host.spawn("/usr/bin/python3", "-B", pathlib.Path(__file__).with_name("unwrap.py"), device,
                             log=f"unwrap-{host.name}.log")
        wait_for(lambda: "ready" in process.text() or not process.alive, 10, f"{device} on {host.name}")
        if not process.alive:
            raise RuntimeError(f"unwrap.py on {host.name}: {process.text()}")
