"""What the cases of health checks share: what lbd says of a server, and servers that answer as they are told."""

import contextlib
import os
import select
import socket
import threading
import time

from checks import equal
from lab import run, wait_for
from traffic import answers

# What each type says when all is well.
WELL = {"tcp": ["connected"], "http": ["status 200"], "https": ["status 200"], "udp": ["the expected answer"],
        "dns": ["203.0.113.80"], "ping": ["answered"], "command": ["exit status 0"]}


def check(kind, **more):
    """A check of the file that finds out soon."""
    return {"type": kind, "interval": 0.2, "timeout": 0.5, "fall": 2, "rise": 2, **more}


def health_of(lbd, address):
    return next(one["health"] for service in lbd.json("show", "services")["services"] for one in service["servers"]
                if one["address"] == address)


def down(lbd, address):
    return health_of(lbd, address) == "down"


def is_up(lbd, address):
    return health_of(lbd, address) == "up"


def seen(lbd, address, kind=None):
    """What the last check of a server, of that type, said; None if none has ended yet."""
    for one in lbd.json("show", "health")["checks"]:
        servers = [server["server"] for server in one["servers"]]
        if (address in servers or address == one["target"]) and kind in (None, one["type"]):
            return one["last"] and one["last"]["reason"]
    return None


class Answering:
    """An HTTP server that answers after `delay` seconds, or, with None, never; with 503 where failing(count) says so."""

    def __init__(self, host, port, delay):
        self.delay = delay
        self.failing = lambda count: False
        self._count = 0
        self._listening = host.socket(socket.SOCK_STREAM, source=("0.0.0.0", port), timeout=None)
        self._listening.listen(100)
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        held = []
        while True:
            waits = [when for when, _ in held if when is not None]
            timeout = max(0, min(waits) - time.monotonic()) if waits else None
            ready, _, _ = select.select([self._listening, self._stop], [], [], timeout)
            if self._stop in ready:
                for _, connection in held:
                    connection.close()
                return
            if self._listening in ready:
                connection, _ = self._listening.accept()
                held.append((None if self.delay is None else time.monotonic() + self.delay, connection))
            for when, connection in [one for one in held if one[0] is not None and one[0] <= time.monotonic()]:
                held.remove((when, connection))
                self._answer(connection)

    def _answer(self, connection):
        self._count += 1
        status = "503 Unwell" if self.failing(self._count) else "200 OK"
        with connection, contextlib.suppress(OSError):
            connection.settimeout(1)
            connection.recv(4096)
            connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".encode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.write(self._stopped, b".")
        self._thread.join()
        self._listening.close()


@contextlib.contextmanager
def tls_server(host, certificate):
    """nginx with TLS on port 443; its own authority's `certificate`, for shop.example.org, is written there."""
    directory = host.lab.directory / f"tls-{host.name}"
    directory.mkdir(exist_ok=True)
    key = directory / "key.pem"
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=shop.example.org", "-addext", "subjectAltName=DNS:shop.example.org", "-keyout", key,
         "-out", certificate])
    configuration = directory / "nginx.conf"
    configuration.write_text(f"""\
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ }}
http {{
  access_log off;
  server {{
    listen 443 ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    return 200 "shop";
  }}
}}
""")
    process = host.spawn("nginx", "-p", directory, "-c", configuration, "-e", directory / "error.log", log="tls.log")
    wait_for(lambda: _listens(host, 443), 10, "nginx with TLS")
    try:
        yield
    finally:
        process.stop()


def _listens(host, port):
    with host.socket(socket.SOCK_STREAM) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def dns_server(host):
    """dnsmasq, which knows www.example.org and nobody else."""
    process = host.spawn("dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--port=53", "--user=root",
                         "--pid-file=", "--conf-file=/dev/null", "--bind-interfaces", "--listen-address=192.168.11.100",
                         "--address=/www.example.org/203.0.113.80", log=f"dnsmasq-{host.name}.log")
    wait_for(lambda: host.run("ss", "-Hlun", "sport = :53").stdout.strip(), 10, "dnsmasq")
    try:
        yield
    finally:
        process.stop()


def cases(web):
    """What holds whatever the forwarding method is, for a topology with rs1, rs2 and a VIP with port 80."""
    url = "http://" + web["address"].removesuffix(":80") + "/"
    rs1 = web["servers"][0]["address"]

    def dead_server_leaves(net):
        """rs1's nginx stops: rs2 has every client, and rs1 its share again once it is back"""
        with net.lbd([{**web, "health_check": check("http")}]) as lbd:
            wait_for(lambda: seen(lbd, rs1) == "status 200", 10, "a first result")
            equal(sorted(answers(net.client, url, 2)), ["rs1", "rs2"], "answers of both")
            try:
                net.nginx["rs1"].stop()
                wait_for(lambda: down(lbd, rs1), 10, "rs1 to be down")
                equal(answers(net.client, url, 6), ["rs2"] * 6, "answers without rs1")
            finally:
                net.nginx["rs1"].stop()
                net.nginx["rs1"].start()
            wait_for(lambda: is_up(lbd, rs1), 10, "rs1 to be up")
            equal(sorted(answers(net.client, url, 4)), ["rs1", "rs1", "rs2", "rs2"], "answers of both again")

    return [dead_server_leaves]
