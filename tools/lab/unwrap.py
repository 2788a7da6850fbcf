"""A tunnel's end on a real server whose kernel has no ipip device.

    /usr/bin/python3 tools/lab/unwrap.py tunl0

Makes the tun device of that name, takes every packet of protocol 4 that reaches this host (the kernel has put its
fragments together), and hands the packet inside to the device, as if it had come in there. Prints "ready", and runs
until a signal ends it. Nothing goes out through the device: a server answers clients by its own routes.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys

TUNSETIFF = 0x400454ca
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
SO_RCVBUFFORCE = 33  # not in Python's socket module
BUFFER = 4 << 20


def open_tun(name):
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    subprocess.run(["ip", "link", "set", name, "up"], check=True)
    return tun


def main(name):
    tun = open_tun(name)
    outer = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IPIP)
    outer.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
    print("ready", flush=True)
    while True:
        packet = outer.recv(65535)
        inner = packet[(packet[0] & 0x0f) * 4:]
        try:
            os.write(tun, inner)
        except OSError as error:  # what is no packet does not end the tunnel for the others
            print(f"{len(inner)} bytes refused: {error}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: unwrap.py DEVICE")
    main(sys.argv[1])
