"""Much at once through NAT: 100 MB each way, and 200 clients at a time.

                                     director                          .--- rs1  192.168.11.100
        client ------------------- wan0    lan0 ----------- switch ---<
        192.168.22.50     192.168.22.11    192.168.11.11               '--- rs2  192.168.11.101
                              VIP :80
"""

import collections
import hashlib

from checks import equal
from lab import NatTwoArm, service
from traffic import server_of

TOPOLOGY = NatTwoArm
WEB = service("192.168.22.11:80", ["192.168.11.100:80", "192.168.11.101:80"])


def checksum(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(net):
    """100 MB from a server to the client, by checksum"""
    _, expected = net.bulk_file()
    copy = net.lab.directory / "downloaded"
    with net.lbd([WEB]):
        net.client.curl("http://192.168.22.11/bulk", "--max-time", "60", "-o", copy)
    equal(checksum(copy), expected, "SHA-256 of what was downloaded")
    copy.unlink()


def upload(net):
    """100 MB from the client to a server, by checksum"""
    path, expected = net.bulk_file()
    with net.lbd([WEB]):
        status = net.client.curl("http://192.168.22.11/upload/bulk", "--max-time", "60", "-T", path,
                                 "-o", "/dev/null", "-w", "%{http_code}")
    equal(status, "201", "HTTP status")
    copy = net.nginx["rs1"].html / "upload/bulk"
    equal(checksum(copy), expected, "SHA-256 of what rs1 stored")
    copy.unlink()


def two_hundred_clients(net):
    """2,000 connections, up to 200 at a time: all answered, every second one by rs1"""
    with net.lbd([WEB]) as lbd:
        pages = net.client.curl("http://192.168.22.11/?[1-2000]", "--max-time", "60", "--parallel",
                                "--parallel-immediate", "--parallel-max", "200", "-H", "Connection: close")
        count = collections.Counter(server_of(page) for page in pages.split())
        equal(count, {"rs1": 1000, "rs2": 1000}, "answers by server")
        equal([one["connections_total"] for one in lbd.servers()], [1000, 1000], "connections_total")


CASES = [download, upload, two_hundred_clients]
