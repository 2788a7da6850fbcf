"""What is changed while lbd runs: services and servers come, go and change under clients that notice nothing.

                                     director                          .--- rs1  192.168.11.100
        client ------------------- wan0    lan0 ----------- switch ---<
        192.168.22.50     192.168.22.11    192.168.11.11               '--- rs2  192.168.11.101
                              VIP :80
"""

import json
import random
import signal

from changing import SHORT, SOON, cases, changed, cut_off, rapidly
from checks import contains, equal, holds, refused
from lab import NatTwoArm, run, service, wait_for
from traffic import answers, ask, connect, udp_ask_once

TOPOLOGY = NatTwoArm
URL = "http://192.168.22.11/"
VIP = "192.168.22.11"
RS1, RS2 = "192.168.11.100:80", "192.168.11.101:80"
WEB = service("192.168.22.11:80", [RS1, RS2], name="web")


def commands_take_effect_at_once(net):
    """add, set and delete of services and servers: replies, tables, and where the next clients go"""
    with net.lbd([], timeouts=SHORT) as lbd:
        refused(lambda: connect(net.client, VIP, 80), "a port without service")
        added = lbd.ctl("add", "service", json.dumps(service("192.168.22.11:80", [RS1], name="web")))
        equal(added, "service web added, 1 server\n", "add service")
        equal(answers(net.client, URL, 2), ["rs1"] * 2, "answers of the new service")
        equal(lbd.json("add", "server", "web", RS2, "weight", "3"), {"done": f"server {RS2} added to web"}, "as JSON")
        equal([one["address"] for one in lbd.servers()], [RS1, RS2], "servers, the added one last")
        equal(sorted(answers(net.client, URL, 4)), ["rs1", "rs1", "rs2", "rs2"], "answers of both")
        lbd.ctl("set", "service", "web", "scheduler", "wrr")
        equal(sorted(answers(net.client, URL, 4)), ["rs1", "rs2", "rs2", "rs2"], "answers of wrr 1:3")
        lbd.ctl("set", "server", "web", RS2, "state", "drain")
        equal(answers(net.client, URL, 2), ["rs1"] * 2, "answers while rs2 drains")
        equal([(one["state"], one["weight"]) for one in lbd.servers()], [("ready", 1), ("drain", 3)], "the operator's word")
        lbd.ctl("set", "server", "web", RS2, "state", "ready")
        lbd.ctl("set", "server", "web", RS1, "weight", "0")
        equal(answers(net.client, URL, 2), ["rs2"] * 2, "answers with rs1 at weight 0")
        lbd.ctl("delete", "service", "web")
        refused(lambda: connect(net.client, VIP, 80), "a deleted service")
        equal(lbd.json("show", "services")["services"], [], "services after the last is deleted")
        wait_for(lambda: lbd.json("show", "services")["leaving"] == [], 10, "its connections to be over")


def bad_commands_change_nothing(net):
    """Each mistake earns one line that names it, and the running state stays as it was"""
    with net.lbd([WEB]) as lbd:
        before = lbd.ctl("show", "config")
        for words, part in (
                ("add service {", "line 1"),
                ('add service {"protocol": "tcp", "address": "192.168.22.11:81", "shceduler": "rr"}', "scheduler"),
                (f"add service {json.dumps(WEB)}", "already"),
                ('add service {"protocol": "tcp", "address": "192.168.22.11:81", "name": "web"}', "different name"),
                ("add server nosuch 192.168.11.102:80", "services: web"),
                (f"add server web {RS1}", "already"),
                ("add server web 10.99.0.1:80", "reaches"),
                ("add server web 192.168.22.11:80", "its own real server"),
                ("add server web 192.168.11.102:80 weight", "a value each"),
                ("add server web 192.168.11.102:80 weight 70000", "65535"),
                (f"set server web {RS1} weight -1", "65535"),
                (f"set server web {RS1} weihgt 1", "did you mean"),
                (f"set server web {RS1} state broken", "ready"),
                (f"set server web {RS1} address {RS2}", "address"),
                ("set server web 192.168.11.102:80 weight 1", "no server"),
                ("set service web scheduler nosuch", "expected one of"),
                ("set service web address 192.168.22.11:81", "address"),
                ("set service web forward tunnel extra", "expected one of"),
                (f"delete server web {RS1} later", "force"),
                (f"delete server web {RS1} deadline x", "seconds"),
                ("delete service nosuch", "services: web"),
                ("clear counters nosuch", "services: web"),
                ("plan", "plan -")):
            result = lbd.ask(*words.split(" "))
            equal((result.returncode, result.stdout, len(result.stderr.splitlines())), (1, "", 1), words)
            contains(result.stderr, part, words)
            equal(lbd.ctl("show", "config"), before, f"the configuration after: {words}")
        equal(answers(net.client, URL, 2), ["rs1", "rs2"], "answers after all that")


def counters_are_cleared(net):
    """clear counters, of one service and of all: totals from zero, connections as they were"""
    with net.lbd([WEB, service("192.168.22.11:8080", ["192.168.11.100:80"], name="other")]) as lbd:
        with connect(net.client, VIP, 80) as held:
            ask(held)
            answers(net.client, "http://192.168.22.11:8080/", 1)
            lbd.ctl("clear", "counters", "web")
            one = lbd.servers("web")[0]
            equal((one["connections_total"], one["packets_in"], one["active_connections"]), (0, 0, 1), "web's rs1")
            holds(lbd.servers("other")[0]["connections_total"] == 1, "other's rs1 was cleared, too")
            ask(held)
            holds(0 < lbd.servers("web")[0]["packets_in"] < 10, "web's rs1 counts on")
            lbd.ctl("clear", "counters")
            equal(lbd.servers("other")[0]["connections_total"], 0, "other's rs1")


def a_service_leaves(net):
    """A deleted service's connection goes on; others find a closed port; added again it has its counts"""
    with net.lbd([WEB, service("192.168.22.11:53", ["192.168.11.100:53"], protocol="udp", name="dns")],
                 timeouts=SOON) as lbd:
        with connect(net.client, VIP, 80) as held:
            server = ask(held)
            lbd.ctl("delete", "service", "web")
            equal(ask(held), server, "the held connection, its service deleted")
            refused(lambda: connect(net.client, VIP, 80), "a new connection")
            gone = lbd.json("show", "services")["leaving"]
            equal([(one["name"], one["active_connections"]) for one in gone], [("web", 1)], "what leaves")
            contains(lbd.ctl("show", "services"), "leaving", "show services")
            equal([one["name"] for one in lbd.json("show", "services")["services"]], ["dns"], "services")
            lbd.ctl("add", "service", json.dumps(WEB))
            equal(sum(one["active_connections"] for one in lbd.servers("web")), 1, "its connections, added again")
            equal(ask(held), server, "the held connection, its service there again")
            lbd.ctl("delete", "service", "web", "force")
            cut_off(held)
        wait_for(lambda: not lbd.json("show", "services")["leaving"], 20, "the service to be gone")
        lbd.ctl("delete", "service", "dns", "force")
        refused(lambda: udp_ask_once(net.client, VIP, 53), "a deleted UDP service")


def reload_converges(net):
    """SIGHUP and reload: the file's difference is made as a whole; bad files and what needs a restart change nothing"""
    with net.lbd([WEB]) as lbd:
        def write(document):
            lbd.file.write_text(document if isinstance(document, str) else json.dumps(document))

        file = json.loads(lbd.file.read_text())
        lbd.ctl("set", "server", "web", RS2, "state", "maint")
        with connect(net.client, VIP, 80) as held:
            equal(ask(held), "rs1", "the held connection")
            file["services"] = [service("192.168.22.11:80", [(RS2, 5)], name="web", scheduler="wrr"),
                                service("192.168.22.11:81", [RS1], name="more")]
            write(file)
            plan = lbd.ask("plan", "-", stdin=lbd.file.read_text()).stdout
            for part in (f"server {RS1} of web leaves, 1 connection drains", "service more comes",
                         f"server {RS2} of web: weight 1 becomes 5", 'scheduler "rr" becomes "wrr"'):
                contains(plan, part, "plan -")
            equal(lbd.servers("web")[0]["address"], RS1, "the servers after plan")
            equal(lbd.ctl("reload"), plan, "what reload says")
            equal(lbd.ctl("reload"), "nothing differs\n", "reload again")
            equal(ask(held), "rs1", "the held connection of the server that leaves")
            equal(lbd.servers("web")[0]["state"], "maint", "the state of the server that stays")
        lbd.ctl("set", "server", "web", RS2, "state", "ready")
        equal(answers(net.client, URL, 2), ["rs2"] * 2, "answers")
        equal(answers(net.client, "http://192.168.22.11:81/", 1), ["rs1"], "answers of the new service")
        before = lbd.ctl("show", "config")
        for document, part in (("{", "line 1"), ({**file, "mbufs": 60000}, "/mbufs"),
                               ({**file, "connections": {"capacity": 1000}}, "/connections/capacity"),
                               ({**file, "services": [WEB, WEB]}, "different")):
            write(document)
            result = lbd.ask("reload")
            equal((result.returncode, len(result.stderr.splitlines())), (1, 1), f"reload of {part}")
            contains(result.stderr, part, "its error")
            equal(lbd.ctl("show", "config"), before, "the running configuration")
        file["services"] = [WEB]
        file["timeouts"] = {"tcp": 77}
        write(file)
        lbd.process.send(signal.SIGHUP)
        wait_for(lambda: [one["name"] for one in lbd.json("show", "services")["services"]] == ["web"], 5, "SIGHUP")
        equal(lbd.ctl("ipvsadm", "-L", "--timeout"), "Timeout (tcp tcpfin udp): 77 120 300\n", "time-outs")
        equal(sorted(answers(net.client, URL, 2)), ["rs1", "rs2"], "answers after SIGHUP")


def routes_and_addresses_are_reloaded(net):
    """An interface's second address and a route come and go by reload; connections that are open go on"""
    far = "10.77.0.1"
    with net.lbd([WEB]) as lbd, net.client.lent("lo", f"{far}/32"):
        file = json.loads(lbd.file.read_text())
        with connect(net.client, VIP, 80) as held:
            server = ask(held)
            file["interfaces"][0]["addresses"].append("192.168.22.12/24")
            file["routes"] = [{"destination": "10.77.0.0/16", "gateway": "192.168.22.50"}]
            lbd.file.write_text(json.dumps(file))
            lbd.ctl("reload")
            contains(net.client.run("ping", "-c", "1", "-W", "3", "192.168.22.12").stdout, "1 received", "the new address")
            contains(net.rs1.run("ping", "-c", "1", "-W", "3", far).stdout, "1 received", "the new route")
            equal(ask(held), server, "the held connection")
            file["interfaces"][0]["addresses"].pop()
            file["routes"] = []
            lbd.file.write_text(json.dumps(file))
            lbd.ctl("reload")
            gone = net.client.run("ping", "-c", "1", "-W", "1", "192.168.22.12", check=False).stdout
            contains(gone, "0 received", "the address that is gone")
            lost = net.rs1.run("ping", "-c", "1", "-W", "3", far, check=False).stdout
            contains(lost, "Destination Net Unreachable", "the route that is gone")
            equal(ask(held), server, "the held connection")


def saved_configuration_is_the_running_one(net):
    """save writes what runs, keeps the old file, and the file starts the same director"""
    with net.lbd([WEB]) as lbd:
        old = lbd.file.read_text()
        lbd.ctl("set", "server", "web", RS1, "weight", "7")
        lbd.ctl("add", "server", "web", "192.168.11.102:80", "upper_threshold", "9")
        lbd.ctl("save")
        equal(lbd.file.with_name(lbd.file.name + ".old").read_text(), old, "the old file")
        equal(lbd.ctl("reload"), "nothing differs\n", "reload of what was saved")
        saved, running = lbd.file, lbd.ctl("show", "config")
        checked = run([net.lab.programs.lbd, "--check", "--config", saved], check=False)
        equal(checked.returncode, 0, f"--check of what was saved: {checked.stderr}")
    with net.lbd(json.loads(running)["services"]) as lbd:
        equal(json.loads(lbd.ctl("show", "config"))["services"], json.loads(running)["services"], "a fresh start's")


def ten_clients_change_at_once(net):
    """Ten of them, each with a service of its own: serialised, no spurious error, all that they made is there"""
    with net.lbd([WEB]) as lbd:
        refused = rapidly(lbd.socket, [
            'add service {{"protocol": "tcp", "address": "192.168.22.11:{port}", "name": "s{port}"}}',
            "add server s{port} 192.168.11.100:80", "set server s{port} 192.168.11.100:80 weight 9",
            "delete server s{port} 192.168.11.100:80", "delete service s{port}"], rounds=40, at_once=10)
        equal(refused, [], "errors of commands")
        equal([one["name"] for one in lbd.json("show", "services")["services"]], ["web"], "services")


def any_changes_are_what_a_fresh_start_has(net):
    """After a few hundred changes of any kind the running state is the one that its file starts"""
    drawn = random.Random(6)
    with net.lbd([WEB]) as lbd:
        for _ in range(300):
            changed(lbd, drawn)
        running, table = json.loads(lbd.ctl("show", "config")), lbd.ctl("ipvsadm", "-Ln", "--nosort")
    with net.lbd(running["services"], timeouts=running["timeouts"]) as fresh:
        equal(json.loads(fresh.ctl("show", "config"))["services"], running["services"], "services")

        def idle(text):
            return [line.split()[:5] for line in text.splitlines()]

        equal(idle(fresh.ctl("ipvsadm", "-Ln", "--nosort")), idle(table), "ipvsadm's table")


CASES = [commands_take_effect_at_once, bad_commands_change_nothing, counters_are_cleared, a_service_leaves,
         reload_converges, routes_and_addresses_are_reloaded, saved_configuration_is_the_running_one,
         ten_clients_change_at_once, any_changes_are_what_a_fresh_start_has, *cases(WEB)]
