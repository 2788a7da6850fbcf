"""Frames made by hand: each builder gives right bytes unless told otherwise."""

import socket
import struct

IPV4, ARP, VLAN = 0x0800, 0x0806, 0x8100
ICMP, TCP, UDP = 1, 6, 17
SYN = 0x02
MORE_FRAGMENTS = 0x2000


def checksum(data):
    """The Internet checksum (RFC 1071)."""
    words = struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2))
    total = sum(words)
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ethernet(destination, source, payload, ethertype=IPV4):
    return mac(destination) + mac(source) + struct.pack("!H", ethertype) + payload


def tagged(frame, vlan=5):
    """The same frame with an 802.1Q tag."""
    return frame[:12] + struct.pack("!HH", VLAN, vlan) + frame[12:]


def ipv4(source, destination, protocol, payload, *, version=4, words=5, total_length=None, fragment=0, wrong_by=0,
         identification=0x1234):
    """fragment: flags and offset as on the wire; wrong_by: how far the header's checksum is off."""
    length = 20 + len(payload) if total_length is None else total_length

    def header(check):
        return struct.pack("!BBHHHBBH4s4s", version << 4 | words, 0, length, identification, fragment, 64, protocol,
                           check, socket.inet_aton(source), socket.inet_aton(destination))

    return header((checksum(header(0)) + wrong_by) & 0xffff) + payload


def _with_checksum(source, destination, protocol, segment, at):
    pseudo = socket.inet_aton(source) + socket.inet_aton(destination) + struct.pack("!BBH", 0, protocol, len(segment))
    return segment[:at] + struct.pack("!H", checksum(pseudo + segment)) + segment[at + 2:]


def tcp(source, destination, source_port, destination_port, flags=SYN):
    segment = struct.pack("!HHIIBBHHH", source_port, destination_port, 1000, 0, 5 << 4, flags, 64240, 0, 0)
    return _with_checksum(source, destination, TCP, segment, 16)


def udp(source, destination, source_port, destination_port, data=b""):
    datagram = struct.pack("!HHHH", source_port, destination_port, 8 + len(data), 0) + data
    return _with_checksum(source, destination, UDP, datagram, 6)


def fragment(source, destination, protocol, whole, begin, end, identification):
    """The fragment with bytes `begin` (a multiple of 8) to `end` of an IP packet's payload."""
    more = MORE_FRAGMENTS if end < len(whole) else 0
    return ipv4(source, destination, protocol, whole[begin:end], fragment=more | begin // 8,
                identification=identification)


def fragments(source, destination, protocol, whole, size, identification):
    """All fragments, each with `size` bytes of payload but the last."""
    return [fragment(source, destination, protocol, whole, begin, min(begin + size, len(whole)), identification)
            for begin in range(0, len(whole), size)]


def arp_request(sender_mac, sender, target):
    """A whole frame: who has `target`? By broadcast."""
    payload = struct.pack("!HHBBH6s4s6s4s", 1, IPV4, 6, 4, 1, mac(sender_mac), socket.inet_aton(sender), bytes(6),
                          socket.inet_aton(target))
    return ethernet("ff:ff:ff:ff:ff:ff", sender_mac, payload, ARP)


def icmp_error(kind, code, quote, word=0):
    """An ICMP message about the packet that `quote` begins with; word: the header's second (a next hop's MTU)."""
    def message(check):
        return struct.pack("!BBHI", kind, code, check, word) + quote

    return message(checksum(message(0)))
