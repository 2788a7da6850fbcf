#!/usr/bin/python3 -B
"""Measures the whole program: lbd in DR against dpdk-testpmd's MAC swap, each on one core.

  tools/bench/run whole --flows 1k,100k

Both read the same capture, one UDP packet of 64 bytes a flow, again and again from memory (net_pcap with infinite_rx=1),
and send into nothing: drivers, pools and loops are inside, a NIC is not. They run alternately, each pair in the other
order than the one before. Every row has the packet rates, medians over all pairs, and lbd's over testpmd's, the median
with the interval that holds it with at least 95 % probability. A run in which lbd drops or fails to forward a packet ends
it all.
"""

import argparse
import ipaddress
import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from compare import FEWEST_PAIRS, interval

ROOT = Path(__file__).resolve().parents[2]
MAC = bytes.fromhex("027063617000")  # of net_pcap's first port
VIP = "10.0.0.100"
SERVERS = [f"10.0.0.{101 + i}" for i in range(10)]
MBUFS = 32768  # besides those that hold the capture


def checksum(header):
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def frame(flow):
    client = int(ipaddress.ip_address("10.1.0.0")) + flow // 50000
    addresses = struct.pack("!I", client) + ipaddress.ip_address(VIP).packed
    start = struct.pack("!BBHHHBB", 0x45, 0, 46, 0, 0x4000, 64, 17)
    header = start + struct.pack("!H", checksum(start + b"\0\0" + addresses)) + addresses
    return MAC + b"\2\0\0\0\0\1\x08\0" + header + struct.pack("!HHHH", 10000 + flow % 50000, 53, 26, 0) + bytes(18)


def write_capture(path, flows):
    with open(path, "wb") as file:
        file.write(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for flow in range(flows):
            data = frame(flow)
            file.write(struct.pack("=IIII", 0, 0, len(data), len(data)) + data)


def rate_between(counter, seconds):
    """Packets a second by what `counter` says at two moments."""
    begun, first = time.monotonic(), counter()
    time.sleep(seconds)
    second, ended = counter(), time.monotonic()
    return (second - first) / (ended - begun)


def eal(capture, cpus):
    return ["--lcores", f"0@{cpus[0]},1@{cpus[1]}", f"--vdev=net_pcap0,rx_pcap={capture},infinite_rx=1"]


def wait_until(process, condition, what, log):
    end = time.monotonic() + 60
    while not condition():
        if process.poll() is not None or time.monotonic() > end:
            sys.exit(f"{log.read_text(errors='replace')}error: waited in vain for {what}; its log is above")
        time.sleep(0.05)


def run_lbd(directory, program, capture, flows, options):
    configuration = {
        "eal": eal(capture, options.cpus),
        "interfaces": [{"name": "wire", "device": "net_pcap0", "addresses": ["10.0.0.1/24"], "neighbours": [
            {"address": server, "mac": f"02:00:00:00:01:{i:02x}"} for i, server in enumerate(SERVERS)]}],
        "services": [{"name": "dns", "protocol": "udp", "address": f"{VIP}:53", "scheduler": "rr", "forward": "dr",
                      "servers": [{"address": server} for server in SERVERS]}],
        "connections": {"capacity": max(2 * flows, 65536)}, "mbufs": flows + MBUFS,
        "control": {"sockets": [{"path": str(directory / "lbd.sock")}]}}
    file = directory / "lbd.json"
    file.write_text(json.dumps(configuration))
    with open(directory / "lbd.log", "w") as log:
        process = subprocess.Popen([program, "--config", file], stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def ask(*words):
        done = subprocess.run([program.with_name("lbctl"), "--socket", directory / "lbd.sock", *words, "json"],
                              capture_output=True, text=True)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def interface():
        return ask("show", "interfaces")["interfaces"][0]

    try:
        wait_until(process, lambda: (info := ask("show", "info")) and info["connections"]["entries"] == flows,
                   f"{flows} connections of lbd", directory / "lbd.log")
        rate = rate_between(lambda: interface()["rx_packets"], options.seconds)
        counts, drops = interface(), ask("show", "info")["drops"]
        if any(drops.values()) or counts["tx_packets"] < 0.99 * counts["rx_packets"]:
            sys.exit(f"error: lbd did not forward everything: {counts}, drops {drops}")
        return rate
    finally:
        process.terminate()
        process.wait(20)


def run_testpmd(_, program, capture, flows, options):
    process = subprocess.Popen(["stdbuf", "-oL", program, *eal(capture, options.cpus), "--in-memory", "--no-pci", "--",
                                "-i", "--forward-mode=macswap", f"--total-num-mbufs={flows + MBUFS}"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def received():
        process.stdin.write("show port stats 0\n")
        process.stdin.flush()
        while (line := process.stdout.readline()) and "RX-packets:" not in line:
            pass
        return int(line.split()[1])

    try:
        process.stdin.write("start\n")
        received()
        return rate_between(received, options.seconds)
    finally:
        process.terminate()
        process.wait(20)


def number(text):
    return int(text.replace("k", "000").replace("M", "000000"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lbd", default=ROOT / "build-release" / "lbd", type=Path,
                        help="with lbctl beside it (default: build-release/lbd)")
    parser.add_argument("--testpmd", default="dpdk-testpmd")
    parser.add_argument("--flows", default="1k,100k", help="N[,N...], k and M allowed (default: 1k,100k)")
    parser.add_argument("--pairs", type=int, default=15, help="default: 15")
    parser.add_argument("--seconds", type=float, default=1, help="of each measurement (default: 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all rates there, too")
    options = parser.parse_args()
    if options.pairs < FEWEST_PAIRS:
        parser.error(f"--pairs: at least {FEWEST_PAIRS}")
    cpus = sorted(os.sched_getaffinity(0))
    options.cpus = (cpus[0], cpus[-1])
    results = []
    print(f"{'flows':>8} {'lbd Mpps':>10} {'ns':>6} {'testpmd Mpps':>13} {'ns':>6} {'lbd : testpmd':>14}  interval")
    for flows in map(number, options.flows.split(",")):
        with tempfile.TemporaryDirectory(prefix="lbd-whole-") as name:
            directory = Path(name)
            capture = directory / "flows.pcap"
            write_capture(capture, flows)
            rates = {"lbd": [], "testpmd": []}
            runs = [("lbd", run_lbd, options.lbd), ("testpmd", run_testpmd, options.testpmd)]
            for pair in range(options.pairs):
                for who, run, program in runs[::1 if pair % 2 else -1]:
                    rates[who].append(run(directory, program, capture, flows, options))
        ratios = [a / b for a, b in zip(rates["lbd"], rates["testpmd"])]
        low, high = interval(ratios)
        lbd, testpmd = (statistics.median(rates[who]) for who in ("lbd", "testpmd"))
        print(f"{flows:8} {lbd / 1e6:10.2f} {1e9 / lbd:6.1f} {testpmd / 1e6:13.2f} {1e9 / testpmd:6.1f} "
              f"{statistics.median(ratios):14.2f}  {low:.2f} to {high:.2f}", flush=True)
        results.append({"flows": flows, **rates})
    if options.json:
        options.json.write_text(json.dumps({"program": "whole", "results": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
