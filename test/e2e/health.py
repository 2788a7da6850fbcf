"""Health checks: dead servers leave, and come back, while clients of the others notice nothing.

                                     director                          .--- rs1  192.168.11.100
        client ------------------- wan0    lan0 ----------- switch ---<---- rs2  192.168.11.101
        192.168.22.50     192.168.22.11    192.168.11.11     |         '--- rs3  192.168.11.102 (sorry server)
                              VIP :80      adm0 -------------'
                                           192.168.11.12, the kernel's: checks go by it
"""

import pathlib
import resource
import socket
import threading
import time

from changing import SOON, clients, cut_off, established
from checks import contains, equal, holds, refused
from health_support import WELL, Answering, check, dns_server, down, health_of, is_up, seen, tls_server
from lab import NatChecked, UdpEcho, service, wait_for
from traffic import answers, ask, connect, udp_ask

URL = "http://192.168.22.11/"
VIP = "192.168.22.11"
RS1, RS2, RS3 = "192.168.11.100:80", "192.168.11.101:80", "192.168.11.102:80"


TOPOLOGY = NatChecked


def web(**more):
    return service("192.168.22.11:80", [RS1, RS2], name="web", **{"health_check": check("http"), **more})


def dies_and_comes_back(net):
    """nginx stops: its clients see failures until it is found down, those of the other none; it comes back"""
    with net.lbd([web(health_check=check("tcp", interval=0.2, fall=3, rise=2))]) as lbd:
        wait_for(lambda: seen(lbd, RS1) == "connected", 10, "a first result")
        failures, stop = [], threading.Event()

        def clients():
            while not stop.is_set():
                began = time.monotonic()
                done = net.client.run("curl", "-sS", "--max-time", "2", URL, check=False)
                if done.returncode != 0:
                    failures.append(began)

        asking = threading.Thread(target=clients)
        asking.start()
        try:
            net.nginx["rs1"].stop()
            died = time.monotonic()
            wait_for(lambda: down(lbd, RS1), 10, "rs1 to be down")
            told = time.monotonic()
            equal(answers(net.client, URL, 10), ["rs2"] * 10, "answers without rs1")
        finally:
            stop.set()
            asking.join()
            net.nginx["rs1"].start()
        last = max(failures, default=died)
        print(f"       rs1 found down after {told - died:.2f} s, the last failure a client saw began after {last - died:.2f} s")
        holds(last < told, f"a client failed {last - told:.2f} s after rs1 was said to be down")
        wait_for(lambda: is_up(lbd, RS1), 10, "rs1 to be up")
        equal(sorted(answers(net.client, URL, 4)), ["rs1", "rs1", "rs2", "rs2"], "answers with both")
        contains(lbd.log(), "server 192.168.11.100:80 of web is down: connect: refused", "the log")
        contains(lbd.log(), "server 192.168.11.100:80 of web is up", "the log")
        one = next(one for one in lbd.json("show", "health")["checks"] if one["target"] == RS1)
        equal([change["health"] for change in one["history"]], ["up", "down"], "the history")
        equal(one["history"][1]["reason"], "connect: refused", "the reason")
        equal([server["weight"] for server in lbd.servers()], [1, 1], "configured weights")


def http_judges_what_is_answered(net):
    """Status, text and host: a wrong page, a missing one, a redirection; each with its reason"""
    wanted = check("http", path="/index.html", body="rs1rs1")
    with net.lbd([web(health_check=wanted)]) as lbd:
        wait_for(lambda: is_up(lbd, RS1) and down(lbd, RS2), 10, "rs2's page to be refused")
        contains(seen(lbd, RS2), "status 200, but not the expected text", "rs2's reason")
        lbd.ctl("set", "server", "web", RS2, "health_check", '{"type": "http", "path": "/none", "interval": 0.1, "fall": 1}')
        wait_for(lambda: seen(lbd, RS2) == "status 404, expected 200-299", 10, "rs2's other reason")
        lbd.ctl("set", "server", "web", RS2, "health_check", '{"type": "http", "path": "/none", "status": "200,404", '
                '"interval": 0.1, "rise": 1}')
        wait_for(lambda: is_up(lbd, RS2), 10, "404 to be right")
        lbd.ctl("set", "server", "web", RS2, "health_check", "null")
        wait_for(lambda: down(lbd, RS2), 10, "the service's check to count again")
        lbd.ctl("set", "server", "web", RS2, "health_check", '{"type": "none"}')
        equal(health_of(lbd, RS2), "unchecked", "rs2 without check")
        equal(sorted(answers(net.client, URL, 2)), ["rs1", "rs2"], "answers")


def each_type(net):
    """tcp, http, https, udp, dns, ping and command against real servers: up, then down with its reason, then up"""
    script = net.lab.directory / "check.sh"
    verdict = net.lab.directory / "verdict"
    script.write_text(f'#!/bin/sh\n[ "$LBD_ADDRESS:$LBD_PORT" = {RS1} ] || {{ echo "asked for $LBD_ADDRESS"; exit 9; }}\n'
                      f'[ ! -e {verdict} ] || {{ echo "$1"; exit 3; }}\n')
    script.chmod(0o755)
    certificate = net.lab.directory / "shop.pem"
    net.rs1.sysctl("net.ipv4.icmp_ratelimit=0")  # one "port unreachable" a second would not do for two checks
    on = {"tcp": check("tcp"), "http": check("http"), "ping": check("ping"),
          "command": check("command", argv=[str(script), "not today"], timeout=2),
          "https": check("https", port=443, host="shop.example.org", ca_file=str(certificate)),
          "udp": check("udp", port=7, payload="hello", expect="rs1"),
          "dns": check("dns", port=53, name="www.example.org", query="A", answer="203.0.113.80")}
    stopped = {"tcp": "connect: refused", "http": "connect: refused", "https": "connect: refused",
               "udp": "answer: port unreachable", "dns": "answer: port unreachable", "command": "exit status 3: not today",
               "ping": "answer: nothing within 0.5 s"}
    with net.lbd([service(f"192.168.22.11:{8100 + i}", [{"address": RS1, "health_check": one}], name=name)
                  for i, (name, one) in enumerate(on.items())]) as lbd:
        def all_are(health):
            return all(one["servers"][0]["health"] == health for one in lbd.json("show", "services")["services"])

        try:
            with tls_server(net.rs1, certificate), dns_server(net.rs1), UdpEcho(net.rs1, "192.168.11.100", 7):
                net.nginx["rs1"].stop()
                net.nginx["rs1"].start()
                wait_for(lambda: all(seen(lbd, RS1, kind) in WELL[kind] for kind in on), 20, "every check to pass")
                wait_for(lambda: all_are("up"), 10, "every server to be up")
                lbd.ctl("set", "server", "https", RS1, "health_check",
                        '{"type": "https", "port": 443, "host": "other.example.org", "interval": 0.1, "fall": 1, "rise": 1, '
                        f'"ca_file": "{certificate}"}}')
                wait_for(lambda: seen(lbd, "192.168.11.100:443", "https") == "certificate: hostname mismatch", 10,
                         "the certificate's name to be wrong")
                lbd.ctl("set", "server", "https", RS1, "health_check",
                        '{"type": "https", "port": 443, "host": "other.example.org", "interval": 0.1, "fall": 1, "rise": 1, '
                        '"verify": false}')
                wait_for(lambda: seen(lbd, "192.168.11.100:443", "https") == "status 200", 10, "nobody to mind")
            verdict.touch()
            net.nginx["rs1"].stop()
            net.rs1.sysctl("net.ipv4.icmp_echo_ignore_all=1")
            wait_for(lambda: all_are("down"), 20, "every server to be down")
            for kind, reason in stopped.items():
                equal(seen(lbd, RS1, kind), reason, f"the reason of {kind}")
        finally:
            net.rs1.sysctl("net.ipv4.icmp_echo_ignore_all=0")
            verdict.unlink(missing_ok=True)
            net.nginx["rs1"].stop()
            net.nginx["rs1"].start()


def silent_and_slow_servers(net):
    """One that accepts and never answers, one that answers too late, and one that answers just in time"""
    slow = check("http", port=8099, timeout=0.5, interval=0.2)
    with net.lbd([web(health_check=slow)]) as lbd:
        with Answering(net.rs1, 8099, None) as one, Answering(net.rs2, 8099, 0.1) as other:
            wait_for(lambda: down(lbd, RS1) and seen(lbd, RS1) == "response: nothing within 0.5 s", 10, "rs1 to be down")
            wait_for(lambda: is_up(lbd, RS2) and seen(lbd, RS2) == "status 200", 10, "rs2 to be up")
            equal(answers(net.client, URL, 4), ["rs2"] * 4, "answers")
            other.delay = 2
            wait_for(lambda: down(lbd, RS2), 10, "rs2 to be too slow")
            one.delay = 0.2
            wait_for(lambda: is_up(lbd, RS1), 10, "rs1 to be up")
            equal(answers(net.client, URL, 4), ["rs1"] * 4, "answers")


def flapping_server(net):
    """One failure in a row is none with fall 3; a server that flaps is counted, and no request fails meanwhile"""
    with net.lbd([web(health_check=check("http", port=8099, interval=0.1, fall=3, rise=1))]) as lbd:
        with Answering(net.rs1, 8099, 0) as one, Answering(net.rs2, 8099, 0):
            wait_for(lambda: seen(lbd, RS1) == "status 200", 10, "rs1's first result")
            one.failing = lambda count: count % 2 == 0
            wait_for(lambda: lbd.json("show", "health")["checks"][0]["failures_total"] >= 5, 10, "some failures")
            holds(is_up(lbd, RS1), "one failure in a row made it down")
            one.failing = lambda count: count % 8 < 4
            with clients(net.client, URL) as load:
                wait_for(lambda: len(lbd.json("show", "health")["checks"][0]["history"]) >= 6, 30, "a history")
            equal(health_of(lbd, RS2), "up", "the other's health")
            load.no_failure()


def connections_of_the_dead(net):
    """on_down: keep leaves TCP alone, reset and move end it, and UDP moves to another server"""
    switch = net.lab.directory / "dead"
    probe = {"type": "command", "argv": ["/bin/sh", "-c", f"! test -e {switch} || test $LBD_ADDRESS != 192.168.11.100"],
             "interval": 0.1, "fall": 1, "rise": 1}
    udp = service("192.168.22.11:53", ["192.168.11.100:53", "192.168.11.101:53"], protocol="udp", name="names",
                  health_check=probe)
    try:
        with net.lbd([web(health_check=probe), udp], timeouts=SOON) as lbd, \
                UdpEcho(net.rs1, "192.168.11.100", 53), UdpEcho(net.rs2, "192.168.11.101", 53):
            with held(net) as kept, net.client.socket(socket.SOCK_DGRAM) as asking:
                first = [udp_ask(asking, (VIP, 53))[0][0]]
                if first != ["rs1"]:
                    asking.close()
                    asking = net.client.socket(socket.SOCK_DGRAM)
                    first = [udp_ask(asking, (VIP, 53))[0][0]]
                equal(first, ["rs1"], "the UDP client's server")
                switch.touch()
                wait_for(lambda: down(lbd, RS1) and down(lbd, "192.168.11.100:53"), 10, "rs1 to be down")
                equal(ask(kept), "rs1", "the kept connection")
                wait_for(lambda: udp_ask(asking, (VIP, 53))[0][0] == "rs2", 5, "the UDP client to be moved")
                asking.close()
                contains(lbd.ctl("ipvsadm", "-Ln"), "192.168.11.100:80            Masq    0", "ipvsadm -Ln")
                contains(lbd.ctl("ipvsadm", "-Sn"), "-r 192.168.11.100:80 -m -w 1", "ipvsadm -S")
            for kind in ("reset", "move"):
                switch.unlink()
                wait_for(lambda: is_up(lbd, RS1), 10, "rs1 to be up")
                lbd.ctl("set", "service", "web", "on_down", kind)
                with held(net) as lost:
                    switch.touch()
                    cut_off(lost)
                    wait_for(lambda: not established(net.rs1, 80, lost), 5, f"rs1 to have no connection, {kind}")
    finally:
        switch.unlink(missing_ok=True)


def held(net):
    """An open connection that rs1 serves."""
    for _ in range(4):
        opened = connect(net.client, VIP, 80)
        if ask(opened) == "rs1":
            return opened
        opened.close()
    raise RuntimeError("rs1 serves nobody")


def sorry_server_and_quorum(net):
    """Below the quorum the sorry server serves, alone; programs are told; with nothing left clients are refused as by LVS"""
    told = net.lab.directory / "told"
    tell = ["/bin/sh", "-c", f'echo "$LBD_SERVICE $LBD_QUORUM $LBD_LIVE_WEIGHT" >> {told}']
    with net.lbd([web(health_check=check("tcp"), quorum=2, sorry_server={"address": RS3}, quorum_up=tell,
                      quorum_down=tell)]) as lbd:
        def told_is(*lines):
            wait_for(lambda: told.exists() and told.read_text().splitlines() == list(lines), 10, f"{lines} to be told")

        told_is("web up 2")
        try:
            net.nginx["rs1"].stop()
            wait_for(lambda: down(lbd, RS1), 10, "rs1 to be down")
            equal(answers(net.client, URL, 4), ["rs3"] * 4, "answers below the quorum")
            told_is("web up 2", "web down 1")
            contains(lbd.ctl("show", "health"), "sorry_server", "show health")
            contains(lbd.ctl("ipvsadm", "-Ln"), "192.168.11.102:80", "ipvsadm -Ln")
            contains(lbd.log(), "web has lost its quorum (live weight 1, quorum 2): the sorry server 192.168.11.102:80 serves",
                     "the log")
            lbd.ctl("set", "service", "web", "quorum", "1")
            equal(answers(net.client, URL, 4), ["rs2"] * 4, "answers, the quorum lowered")
            lbd.ctl("set", "service", "web", "sorry_server", "null")
            net.nginx["rs2"].stop()
            wait_for(lambda: down(lbd, RS2), 10, "rs2 to be down")
            refused(lambda: connect(net.client, VIP, 80), "a service without any server")
            holds(lbd.drops()["no_server"] > 0, "nobody counted the refusal")
        finally:
            for name in ("rs1", "rs2"):
                net.nginx[name].stop()
                net.nginx[name].start()
        wait_for(lambda: is_up(lbd, RS1) and is_up(lbd, RS2), 10, "both to be up")
        equal(sorted(answers(net.client, URL, 2)), ["rs1", "rs2"], "answers of both")


def health_survives_a_reload(net):
    """A reload keeps what is known; drain is checked on, maint is not; start_down waits for the first successes"""
    with net.lbd([web(health_check=check("tcp"))]) as lbd:
        try:
            net.nginx["rs1"].stop()
            wait_for(lambda: down(lbd, RS1), 10, "rs1 to be down")
            lbd.ctl("save")
            text = pathlib.Path(lbd.file).read_text()
            lbd.file.write_text(text.replace('"fall": 2', '"fall": 3'))
            contains(lbd.ctl("reload"), "health_check", "what reload says")
            equal(health_of(lbd, RS1), "down", "right after the reload")
            equal(answers(net.client, URL, 4), ["rs2"] * 4, "answers after the reload")
            lbd.ctl("set", "server", "web", RS1, "state", "maint")
            equal(health_of(lbd, RS1), "unchecked", "in maintenance")
            lbd.ctl("set", "server", "web", RS1, "state", "drain")
            equal(health_of(lbd, RS1), "down", "draining")
            net.nginx["rs1"].start()
            wait_for(lambda: is_up(lbd, RS1), 10, "rs1 to be up while it drains")
            equal(answers(net.client, URL, 2), ["rs2"] * 2, "answers while rs1 drains")
            lbd.ctl("set", "server", "web", RS1, "state", "ready")
            lbd.ctl("add", "server", "web", RS3, "health_check",
                    '{"type":"tcp","interval":0.3,"rise":2,"start_down":true}')
            equal(health_of(lbd, RS3), "down", "the one that starts down")
            wait_for(lambda: is_up(lbd, RS3), 10, "the one that started down")
        finally:
            net.nginx["rs1"].stop()
            net.nginx["rs1"].start()


def without_descriptors(net):
    """An lbd that may open no more files says so, keeps to what it knows of its servers, and goes on checking afterwards"""
    with net.lbd([web(health_check=check("tcp"))]) as lbd:
        wait_for(lambda: seen(lbd, RS1) == "connected", 10, "a first result")
        before = resource.prlimit(lbd.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(lbd.process.pid, resource.RLIMIT_NOFILE, (0, before[1]))
        try:
            told = "servers go unchecked for want of resources: 192.168.11.10"
            # Ten seconds lie between one and the next: dozens of checks.
            wait_for(lambda: lbd.log().count(told) >= 2, 30, "lbd to tell of it twice")
            contains(lbd.log(), "connect: Too many open files", "the reason")
            holds(" is down: " not in lbd.log(), "a server is down for what lbd lacks")
            equal(sorted(answers(net.client, URL, 2)), ["rs1", "rs2"], "answers meanwhile")
        finally:
            resource.prlimit(lbd.process.pid, resource.RLIMIT_NOFILE, before)
        wait_for(lambda: seen(lbd, RS1) == "connected", 10, "checks to go on")
        net.nginx["rs1"].stop()
        try:
            wait_for(lambda: down(lbd, RS1), 10, "rs1 to be down")
        finally:
            net.nginx["rs1"].start()


CASES = [dies_and_comes_back, http_judges_what_is_answered, each_type, silent_and_slow_servers, flapping_server,
         without_descriptors,
         connections_of_the_dead, sorry_server_and_quorum, health_survives_a_reload]
