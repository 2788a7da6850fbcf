"""What clients do: curl as in the article, and sockets where a case must hold or choose something."""

import re
import socket


def answers(client, url, count):
    """The names of the real servers that answered `count` curls, one after the other."""
    return [server_of(client.curl(url)) for _ in range(count)]


def server_of(page):
    """rs1rs1rs1 → rs1; anything else as it is."""
    name = re.fullmatch(r"(rs\d)\1\1\s*", page)
    return name[1] if name else page


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
