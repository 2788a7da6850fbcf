"""Debian's ldirectord, unmodified, checks the real servers and drives lbd by lbd's ipvsadm.

                                     director                          .--- rs1  192.168.11.100
        client ------------------- wan0    lan0 ----------- switch ---<---- rs2  192.168.11.101
        192.168.22.50     192.168.22.11    192.168.11.11     |         '--- rs3  192.168.11.102 (fallback)
                              VIP :80      adm0 -------------'
                                           192.168.11.12, the kernel's: ldirectord's checks go by it
"""

import pathlib

from checks import equal
from lab import Ldirectord, NatChecked, TimedOut, edited, wait_for
from traffic import answers, ask, connect

URL = "http://192.168.22.11/"
EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "conf/examples/ldirectord.cf"
# README's file, but for its pace.
QUIESCENT = edited(EXAMPLE.read_text(), checkinterval=1)
REMOVING = edited(QUIESCENT, quiescent="no", checktype="connect")
SERVICE = "-A -t 192.168.22.11:80 -s wrr"
FALLBACK = "-a -t 192.168.22.11:80 -r 192.168.11.102:80 -m -w 1"
DEADLINE = 30  # of what takes ldirectord a second or two


TOPOLOGY = NatChecked


def rs1(weight):
    return f"-a -t 192.168.22.11:80 -r 192.168.11.100:80 -m -w {weight}"


def rs2(weight):
    return f"-a -t 192.168.22.11:80 -r 192.168.11.101:80 -m -w {weight}"


def table(lbd):
    """What lbd balances, as ipvsadm -S has it. ldirectord adds servers in any order."""
    return sorted(lbd.ctl("ipvsadm", "-Sn").splitlines())


def becomes(lbd, expected, what):
    try:
        wait_for(lambda: table(lbd) == sorted(expected), DEADLINE, what)
    except TimedOut:
        equal(table(lbd), sorted(expected), what)


def readme_example(net):
    """README's file makes the service; a server with the wrong page gets weight 0 and no client, keeps its connections"""
    with net.lbd([]) as lbd, Ldirectord(net.director, lbd.socket, QUIESCENT):
        becomes(lbd, [SERVICE, rs1(2), rs2(1)], "the table that ldirectord makes")
        equal(sorted(answers(net.client, URL, 6)), ["rs1"] * 4 + ["rs2"] * 2, "two cycles of wrr 2:1")
        page = net.nginx["rs1"].html / "index.html"
        with connect(net.client, "192.168.22.11", 80) as one, connect(net.client, "192.168.22.11", 80) as other:
            ours = {ask(held): held for held in (one, other)}["rs1"]  # of two in a row one has rs1
            try:
                page.write_text("closed today\n")
                becomes(lbd, [SERVICE, rs1(0), rs2(1)], "the table without rs1's page")
                equal(answers(net.client, URL, 10), ["rs2"] * 10, "answers with rs1 at weight 0")
                equal(ask(ours), "closed today\n", "the connection that rs1 had")
            finally:
                page.write_text("rs1rs1rs1\n")
        becomes(lbd, [SERVICE, rs1(2), rs2(1)], "the table with rs1's page back")
        equal(sorted(answers(net.client, URL, 6)), ["rs1"] * 4 + ["rs2"] * 2, "two more cycles of wrr 2:1")


def dead_servers_and_fallback(net):
    """quiescent = no, by connect: a dead server is removed; without any, the fallback answers until one is back"""
    with net.lbd([]) as lbd, Ldirectord(net.director, lbd.socket, REMOVING):
        becomes(lbd, [SERVICE, rs1(2), rs2(1)], "the table that ldirectord makes")
        try:
            net.nginx["rs2"].stop()
            becomes(lbd, [SERVICE, rs1(2)], "the table without rs2")
            equal(answers(net.client, URL, 10), ["rs1"] * 10, "answers without rs2")
            net.nginx["rs1"].stop()
            becomes(lbd, [SERVICE, FALLBACK], "the table without any server")
            equal(answers(net.client, URL, 10), ["rs3"] * 10, "the fallback's answers")
            net.nginx["rs2"].start()
            becomes(lbd, [SERVICE, rs2(1)], "the table with rs2 alone")
            equal(answers(net.client, URL, 10), ["rs2"] * 10, "answers of rs2 alone")
        finally:
            for name in ("rs1", "rs2"):
                net.nginx[name].stop()
                net.nginx[name].start()
        becomes(lbd, [SERVICE, rs1(2), rs2(1)], "the table with both back")
        equal(sorted(answers(net.client, URL, 6)), ["rs1"] * 4 + ["rs2"] * 2, "two cycles of wrr 2:1")


def changed_file(net):
    """`ldirectord reload` after an edit: a weight, a server less, and a second service come; then that goes again"""
    with net.lbd([]) as lbd, Ldirectord(net.director, lbd.socket, QUIESCENT) as ldirectord:
        becomes(lbd, [SERVICE, rs1(2), rs2(1)], "the table that ldirectord makes")
        lighter = edited(QUIESCENT, scheduler="wlc").replace("masq 2", "masq 5")
        lighter = "".join(line for line in lighter.splitlines(True) if "192.168.11.101" not in line)
        ldirectord.reload(lighter + """
virtual = 192.168.22.11:8080
    protocol = tcp
    scheduler = rr
    checktype = connect
    real = 192.168.11.100:8080 masq
    real = 192.168.11.101:8080 masq
""")
        second = ["-A -t 192.168.22.11:8080 -s rr",
                  *(f"-a -t 192.168.22.11:8080 -r 192.168.11.{host}:8080 -m -w 1" for host in (100, 101))]
        wlc = SERVICE.replace("wrr", "wlc")
        becomes(lbd, [wlc, rs1(5), *second], "the table after the first edit")
        equal(answers(net.client, URL, 2), ["rs1"] * 2, "answers of the first service")
        equal(sorted(answers(net.client, "http://192.168.22.11:8080/", 2)), ["rs1", "rs2"], "answers of the second service")
        ldirectord.reload(lighter)
        becomes(lbd, [wlc, rs1(5)], "the table after the second edit")


def end_and_new_start(net):
    """Its end leaves the services with cleanstop = no, where the next start finds them, and takes them with yes"""
    with net.lbd([]) as lbd:
        with Ldirectord(net.director, lbd.socket, edited(QUIESCENT, cleanstop="no")):
            becomes(lbd, [SERVICE, rs1(2), rs2(1)], "the table that ldirectord makes")
        equal(table(lbd), sorted([SERVICE, rs1(2), rs2(1)]), "the table after ldirectord's end, cleanstop = no")
        equal(sorted(answers(net.client, URL, 3)), ["rs1", "rs1", "rs2"], "answers without ldirectord")
        net.nginx["rs2"].stop()
        try:
            with Ldirectord(net.director, lbd.socket, QUIESCENT):
                becomes(lbd, [SERVICE, rs1(2), rs2(0)], "the table of the next ldirectord")
        finally:
            net.nginx["rs2"].start()
        equal(table(lbd), [], "the table after ldirectord's end, cleanstop = yes")


def restarted_lbd(net):
    """An lbd that starts anew has no services until `ldirectord reload`, as README says"""
    with net.lbd([]) as lbd:
        ldirectord = Ldirectord(net.director, lbd.socket, QUIESCENT)
        becomes(lbd, [SERVICE, rs1(2), rs2(1)], "the table that ldirectord makes")
    with ldirectord, net.lbd([]) as lbd:
        equal(table(lbd), [], "the new lbd's table")
        ldirectord.reload()
        becomes(lbd, [SERVICE, rs1(2), rs2(1)], "the table after the reload")
        equal(sorted(answers(net.client, URL, 3)), ["rs1", "rs1", "rs2"], "a cycle of wrr 2:1")


CASES = [readme_example, dead_servers_and_fallback, changed_file, end_and_new_start, restarted_lbd]
