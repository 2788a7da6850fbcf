"""What clients do: curl as in the article, and sockets where a case must hold or choose something."""

import errno
import random
import re
import socket

import frames
from checks import equal
from lab import wait_for

# Linux's <linux/in.h>; Python's socket module has none of them.
IP_MTU_DISCOVER, IP_RECVERR, IP_MTU = 10, 11, 14
DF_NEVER, DF_ALWAYS = 0, 2


def answers(client, url, count):
    """The names of the real servers that answered `count` curls, one after the other."""
    return [server_of(client.curl(url)) for _ in range(count)]


def server_of(page):
    """rs1rs1rs1 → rs1; anything else as it is."""
    name = re.fullmatch(r"(rs\d)\1\1\s*", page)
    return name[1] if name else page


def ended(packets):
    """How many of a capture's lines are a client's end of a connection to port 80."""
    return sum(".80: Flags [F" in line for line in packets)


def connect(client, address, port, source_port=None):
    """An open TCP connection; `source_port` may be one that other sockets of this client use."""
    opened = client.socket(socket.SOCK_STREAM, source=None if source_port is None else ("0.0.0.0", source_port))
    try:
        opened.connect((address, port))
    except BaseException:
        opened.close()
        raise
    return opened


def ask(connection, *, close=False):
    """One HTTP request on an open connection: the name of the real server that answered it.

    close: asks the server to close afterwards, and waits until it has.
    """
    header = "Connection: close\r\n" if close else ""
    connection.sendall(f"GET / HTTP/1.1\r\nHost: vip\r\n{header}\r\n".encode())
    head, _, body = receive_until(connection, b"\r\n\r\n").partition(b"\r\n\r\n")
    length = int(re.search(rb"Content-Length: (\d+)", head)[1])
    while len(body) < length:
        body += receive(connection)
    if close and connection.recv(1) != b"":
        raise ConnectionError("the server sent more after its answer")
    return server_of(body.decode())


def receive(connection):
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("closed in the middle of an answer")
    return data


def receive_until(connection, mark):
    data = b""
    while mark not in data:
        data += receive(connection)
    return data


def reset(connection):
    """Ends a connection by RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def udp_ask(client_socket, destination, text="hello"):
    """Sends a datagram; (words of UdpEcho's answer, its source)."""
    client_socket.sendto(text.encode(), destination)
    answer, source = client_socket.recvfrom(65536)
    return answer.decode().split(" "), source


def udp_ask_once(client, address, port):
    """The same on a connected socket, which hears ICMP errors: ConnectionRefusedError for port unreachable."""
    with client.socket(socket.SOCK_DGRAM) as asking:
        asking.connect((address, port))
        asking.send(b"hello")
        return asking.recv(65536).decode().split(" ")


def noise(size):
    """Letters without pattern: a fragment in the wrong place does not go unnoticed."""
    return "".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=size))


def echoed(asking, destination, size, server, what):
    """A datagram of `size` bytes to UdpEcho on `server`; the answer must be its own, whole and from `destination`."""
    text = noise(size)
    words, source = udp_ask(asking, destination, text)
    equal((words[0], words[3] == text, source), (server, True, destination), f"{what}: server, data intact, source")


def echoed_on(connected, size, server, what):
    """The same on a connected socket."""
    text = noise(size)
    connected.send(text.encode())
    words = connected.recv(65536).decode().split(" ")
    equal((words[0], words[3] == text), (server, True), f"{what}: server, data intact")


def dgram(client, destination, *, source=None, df=None, timeout=5):
    """A connected UDP socket: it hears ICMP errors, even those that say "not fatal"."""
    opened = client.socket(socket.SOCK_DGRAM, source=source, timeout=timeout)
    opened.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
    if df is not None:
        opened.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, df)
    opened.connect(destination)
    return opened


def path_mtu(connected):
    """What the kernel knows of this socket's path."""
    return connected.getsockopt(socket.IPPROTO_IP, IP_MTU)


def learns_mtu(connected, size, expected):
    """Sends datagrams of `size` bytes, with DF, until ICMP has told the path's MTU."""
    def learned():
        try:
            connected.send(b"x" * size)
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
        return path_mtu(connected) == expected

    wait_for(learned, 5, f"a path MTU of {expected}")
    connected.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # the last ICMP message's EMSGSIZE is still pending


def error_of(action):
    """The name of the error that action() raises (EHOSTUNREACH, timeout …); its result if it raises none."""
    try:
        return action()
    except TimeoutError as error:
        return errno.errorcode.get(error.errno, "timeout")
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))


def upload(client, url, size):
    """PUTs a file of noise: (its content, HTTP status)."""
    path = client.lab.directory / f"upload-{size}"
    path.write_text(noise(size))
    status = client.curl(url, "-T", path, "-o", "/dev/null", "-w", "%{http_code}")
    return path.read_text(), status


def ping(host, address, *options):
    """What two pings print."""
    return host.run("ping", "-n", "-c", "2", "-i", "0.2", "-W", "2", *options, address, check=False).stdout


class Wire:
    """Puts IP packets of any content on a host's wire, in frames for one MAC address."""

    def __init__(self, host, destination_mac, device="eth0"):
        self._socket = host.socket(socket.SOCK_RAW, family=socket.AF_PACKET)
        self._socket.bind((device, 0))
        self._macs = destination_mac, host.mac(device)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def send(self, *packets):
        for packet in packets:
            self._socket.send(frames.ethernet(*self._macs, packet))


def late_answer(client, server, service, listening):
    """The client's socket is closed when the server answers: what the server hears of the ICMP error.

    service: where the client sends to; listening: where the server's socket is bound.
    """
    with server.socket(socket.SOCK_DGRAM, source=listening) as waiting:
        with client.socket(socket.SOCK_DGRAM) as asking:
            asking.sendto(b"hello", service)
            _, asker = waiting.recvfrom(65536)
        waiting.connect(asker)
        waiting.send(b"too late")
        return error_of(lambda: waiting.recv(65536))
