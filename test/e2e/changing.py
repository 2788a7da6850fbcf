"""What cases of live changes share: commands by the hundred, clients at full speed, and how servers leave."""

import contextlib
import re
import signal
import socket
import threading

from checks import Failed, equal, holds
from lab import wait_for
from traffic import ask, connect


def command(path, line):
    """One command over the socket, as any client of it: the reply."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(10)
        asking.connect(str(path))
        asking.sendall(line.encode() + b"\n")
        asking.shutdown(socket.SHUT_WR)
        reply = b""
        while data := asking.recv(65536):
            reply += data
    return reply.decode()


def rapidly(path, lines, *, rounds, at_once=1):
    """The lines, so many times, by several clients at once: those that were refused, with their replies. Each client may
    have a port of its own: {port}."""
    refused, lock = [], threading.Lock()

    def one(number):
        for _ in range(rounds):
            for line in lines:
                reply = command(path, line.format(port=2000 + number) if at_once > 1 else line)
                if reply.startswith("error"):
                    with lock:
                        refused.append((line, reply))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


class Load:
    def __init__(self, process):
        self._process = process

    def stop(self):
        self._process.send(signal.SIGINT)
        self._process.wait(30)

    def no_failure(self):
        report = self._process.text()
        served = re.search(r"(\d+) requests in", report)
        holds(served and int(served[1]) > 100, f"hardly a request was served:\n{report}")
        holds("Socket errors" not in report and "Non-2xx" not in report, f"requests failed:\n{report}")


@contextlib.contextmanager
def clients(host, url):
    """wrk, with a new connection for every request, as long as the block lasts."""
    script = host.lab.directory / "close.lua"
    script.write_text('wrk.headers["Connection"] = "close"\n')
    load = Load(host.spawn("wrk", "-t", "1", "-c", "20", "-d", "600s", "--timeout", "10", "-s", script, url,
                           log="wrk.log"))
    try:
        yield load
    finally:
        load.stop()


def changed(lbd, drawn):
    """A command of any kind that may be right or wrong, as `drawn` decides."""
    names = ["web", "a", "b"]
    ports = {"web": 80, "a": 8001, "b": 8002}
    name = drawn.choice(names)
    server = f"192.168.11.{drawn.randrange(100, 106)}:80"
    line = drawn.choice([
        f'add service {{"protocol": "tcp", "address": "192.168.22.11:{ports[name]}", "name": "{name}"}}',
        f"delete service {name}" if drawn.random() < 0.3 else f"clear counters {name}",
        *[f"add server {name} {server} weight {drawn.randrange(5)}"] * 3,
        f"delete server {name} {server}", f"delete server {name} {server} force",
        f"set server {name} {server} weight {drawn.randrange(5)}",
        f"set server {name} {server} state {drawn.choice(['ready', 'drain', 'maint'])}",
        f"set server {name} {server} upper_threshold {drawn.randrange(9)}",
        f"set service {name} scheduler {drawn.choice(['rr', 'wrr', 'lc', 'wlc', 'sed', 'mh', 'nosuch'])}",
        f"ipvsadm -a -t 192.168.22.11:{ports[name]} -r {server} -m",
        f"ipvsadm -d -t 192.168.22.11:{ports[name]} -r {server}",
        f"ipvsadm -e -t 192.168.22.11:{ports[name]} -r {server} -m -w {drawn.randrange(5)}",
        f"ipvsadm --set {drawn.randrange(1, 99)} 0 0",
        "save", "reload"])
    command(lbd.socket, line)


def cut_off(connection):
    """The other end has reset this connection, or does within a moment."""
    connection.settimeout(5)
    try:
        data = connection.recv(1)
    except ConnectionResetError:
        return
    raise Failed(f"not reset, but {data!r}")


def established(host, port, connection):
    """Whether a server's kernel has this client's connection."""
    mine = f"( sport = :{port} and dport = :{connection.getsockname()[1]} )"
    return bool(host.run("ss", "-Htn", "state", "established", mine).stdout.strip())


# Of a connection that was cut, so that a case need not wait for long until it is forgotten.
SOON = {"tcp_close": 2}
# Of all, so that after a load every count is seen to come down to zero.
SHORT = {"tcp": 4, "tcp_fin": 1, "tcp_syn_recv": 1, "tcp_close_wait": 1, "tcp_time_wait": 1, "tcp_close": 1}


def cases(web):
    """How servers change and leave, for a topology with rs1, rs2 and a VIP with port 80. `web`: the service."""
    port = 80

    def held(net, lbd, name="rs1"):
        """An open connection that `name` serves."""
        for _ in range(4):
            opened = connect(net.client, net.vip, port)
            if ask(opened) == name:
                return opened
            opened.close()
        raise Failed(f"{name} serves nobody")

    def address(net):
        return f"{net.rip1}:{port}"

    def a_server_drains(net):
        """Deleted, it serves its connection to the end, is shown with it, and then is gone; added again it has it still"""
        with net.lbd([web], timeouts=SOON) as lbd, held(net, lbd) as connection:
            lbd.ctl("delete", "server", "web", address(net))
            equal([one["address"] for one in lbd.servers()], [f"{net.rip2}:{port}"], "servers")
            with connect(net.client, net.vip, port) as other:
                equal(ask(other), "rs2", "a new connection")
            equal(ask(connection), "rs1", "the held one")
            gone = lbd.json("show", "services")["services"][0]["leaving"]
            equal([(one["address"], one["active_connections"]) for one in gone], [(address(net), 1)], "what leaves")
            lbd.ctl("add", "server", "web", address(net))
            one = lbd.servers()[1]
            equal((one["address"], one["active_connections"]), (address(net), 1), "added again, the last in order")
            lbd.ctl("delete", "server", "web", address(net))
            equal(ask(connection), "rs1", "the held one, after all that")

    def a_deadline_cuts(net):
        """deadline SECONDS: what is left by then is reset"""
        with net.lbd([web], timeouts=SOON) as lbd, held(net, lbd) as connection:
            lbd.ctl("delete", "server", "web", address(net), "deadline", "3")
            equal(ask(connection), "rs1", "the held connection before the deadline")
            left = lbd.json("show", "services")["services"][0]["leaving"][0]["deadline_seconds"]
            holds(0 <= left <= 3, f"deadline_seconds: {left}")
            cut_off(connection)

    def force_cuts_both_ends(net):
        """force: the client is reset at once though it says nothing, and so is the server"""
        with net.lbd([web], timeouts=SOON) as lbd, held(net, lbd) as connection:
            holds(established(net.rs1, port, connection), "rs1 knows of no connection")
            before = lbd.drops()
            lbd.ctl("delete", "server", "web", address(net), "force")
            cut_off(connection)
            wait_for(lambda: not established(net.rs1, port, connection), 5, "rs1 to have no connection")
            wait_for(lambda: not lbd.json("show", "services")["services"][0]["leaving"], 20, "rs1 to be gone")
            equal(lbd.drops(before), {}, "drops since")

    def a_thousand_changes_under_load(net):
        """Weights, states, servers and services change while clients go at full speed: no request fails, nothing leaks"""
        rs1, rs2 = address(net), f"{net.rip2}:{port}"
        with net.lbd([web], timeouts=SHORT) as lbd:
            net.client.curl(f"http://{net.vip}/")
            with clients(net.client, f"http://{net.vip}/") as load:
                refused = rapidly(lbd.socket, [
                    f"set server web {rs1} weight 5", f"set server web {rs2} state drain",
                    f"set server web {rs2} state ready", f"set server web {rs1} weight 1",
                    "set service web scheduler wlc", "set service web scheduler rr", f"delete server web {rs2}",
                    f"add server web {rs2}",
                    f'add service {{"protocol": "tcp", "address": "{net.vip}:99", "name": "other"}}',
                    "delete service other"], rounds=100)
                wait_for(lambda: sum(one["connections_total"] for one in lbd.servers()) > 100, 20, "clients to be served")
            equal(refused, [], "errors of commands")
            load.no_failure()
            wait_for(lambda: lbd.json("show", "info")["connections"]["entries"] == 0, 20, "every connection to end")
            equal([(one["active_connections"], one["inactive_connections"]) for one in lbd.servers()], [(0, 0)] * 2,
                  "counts without connections")
            equal([one["address"] for one in lbd.servers()], [rs1, rs2], "servers")
            wait_for(lambda: not lbd.json("show", "services")["leaving"], 5, "nothing to leave any more")
            equal(lbd.drops().get("no_server", 0), 0, "refused clients")

    return [a_server_drains, a_deadline_cuts, force_cuts_both_ends, a_thousand_changes_under_load]
