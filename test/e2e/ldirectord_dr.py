"""ldirectord in the article's DR cluster: it checks the servers' own addresses, clients go to the VIP.

        client  192.168.11.50 ---.              .--- rs1  192.168.11.100, VIP on lo
                                  >-- switch --<
        director 192.168.11.11 --'              '--- rs2  192.168.11.101, VIP on lo
         lan0    192.168.11.110 (VIP)
         adm0    192.168.11.12, the kernel's, on the switch, too: ldirectord's checks go by it
"""

from checks import equal
from lab import DrChecked, Ldirectord, edited
from ldirectord import becomes
from traffic import answers

VIP = "192.168.11.110"
URL = f"http://{VIP}/"
CONFIGURATION = f"""\
checkinterval = 1
checktimeout = 3
quiescent = yes
virtual = {VIP}:80
    protocol = tcp
    scheduler = rr
    real = 192.168.11.100:80 gate
    real = 192.168.11.101:80 gate
    service = http
    request = "index.html"
    receive = "rs"
"""


TOPOLOGY = DrChecked


def lines(*weights):
    """The service with servers of these weights; None: not there."""
    return [f"-A -t {VIP}:80 -s rr",
            *(f"-a -t {VIP}:80 -r 192.168.11.{host}:80 -g -w {weight}"
              for host, weight in zip((100, 101), weights) if weight is not None)]


def dead_server(net):
    """A server that is dead gets no more clients, by weight 0 or by its removal, and comes back"""
    with net.lbd([]) as lbd, Ldirectord(net.director, lbd.socket, CONFIGURATION) as ldirectord:
        becomes(lbd, lines(1, 1), "the table that ldirectord makes")
        equal(sorted(answers(net.client, URL, 4)), ["rs1", "rs1", "rs2", "rs2"], "answers of both")
        for quiescent, gone in (("yes", 0), ("no", None)):
            ldirectord.reload(edited(CONFIGURATION, quiescent=quiescent))
            net.nginx["rs2"].stop()
            try:
                becomes(lbd, lines(1, gone), f"the table without rs2, quiescent = {quiescent}")
                equal(answers(net.client, URL, 10), ["rs1"] * 10, "answers without rs2")
            finally:
                net.nginx["rs2"].start()
            becomes(lbd, lines(1, 1), "the table with rs2 back")
            equal(sorted(answers(net.client, URL, 4)), ["rs1", "rs1", "rs2", "rs2"], "answers of both again")


CASES = [dead_server]
