// Frames as sentences: tcp("10.1.0.10:40000", "10.1.0.100:80").flags("S").ttl(1). What is not said
// is an ordinary value; what is said wrongly is built wrongly.
#pragma once

#include <optional>
#include <string_view>

#include "lb/address.h"
#include "test/dataplane/support/bytes.h"

namespace dataplane_test {

// The MAC address of a host of the tests: 02:00 and the bytes of its IP address.
lb::MacAddress mac_of(std::string_view address);
uint32_t number_of(std::string_view address);

class Frame {
 public:
  // Ethernet. By default to the director, from the host that the IP or ARP source names.
  Frame& from_mac(const lb::MacAddress& mac) { return from_mac_ = mac, *this; }
  Frame& to_mac(const lb::MacAddress& mac) { return to_mac_ = mac, *this; }
  Frame& ethertype(uint16_t type) { return ethertype_ = type, *this; }
  // Zeroes, or another byte, after the packet up to a frame of this length.
  Frame& padded_to(size_t length, uint8_t with = 0) {
    return padded_to_ = length, padding_ = with, *this;
  }
  Frame& cut_to(size_t length) { return cut_to_ = length, *this; }

  // IP.
  Frame& ttl(uint8_t ttl) { return ttl_ = ttl, *this; }
  Frame& tos(uint8_t tos) { return tos_ = tos, *this; }
  Frame& id(uint16_t id) { return id_ = id, *this; }
  Frame& fragment(uint16_t field) { return fragment_ = field, *this; }
  Frame& may_fragment() { return fragment(0); }
  Frame& ip_options(Bytes options) { return ip_options_ = std::move(options), *this; }
  Frame& version_and_length(uint8_t byte) { return version_and_length_ = byte, *this; }
  Frame& total_length(uint16_t length) { return total_length_ = length, *this; }

  // TCP. Flags as in the recorded vectors: S, A, F, R, P, U, E, C.
  Frame& flags(std::string_view letters);
  Frame& seq(uint32_t number) { return seq_ = number, *this; }
  Frame& ack(uint32_t number) { return ack_ = number, *this; }
  Frame& tcp_options(Bytes options) { return tcp_options_ = std::move(options), *this; }
  Frame& tcp_words(uint8_t words) { return tcp_words_ = words, *this; }
  // UDP.
  Frame& udp_length(uint16_t length) { return udp_length_ = length, *this; }
  Frame& no_checksum() { return checksum_ = 0, *this; }

  Frame& checksum(uint16_t value) { return checksum_ = value, *this; }
  Frame& wrong_by(uint16_t error) { return error_ = error, *this; }  // TCP, UDP, ICMP
  Frame& wrong_ip_checksum() { return ip_error_ = 1, *this; }
  Frame& data(Bytes bytes) { return data_ = std::move(bytes), *this; }
  Frame& data(size_t length);  // bytes 0, 1, 2, …

  Bytes build(const lb::MacAddress& director) const;

 private:
  friend Frame with_header(std::string_view from, std::string_view to, uint8_t protocol);
  friend Frame icmp(std::string_view from, std::string_view to, uint8_t type, uint8_t code,
                    uint32_t rest);
  friend Frame ip(std::string_view from, std::string_view to, uint8_t protocol);
  friend Frame raw(uint16_t ethertype, Bytes payload);

  Bytes transport() const;
  Bytes ip_packet() const;
  Frame& between(std::string_view from, std::string_view to);

  std::optional<lb::MacAddress> from_mac_, to_mac_;
  uint16_t ethertype_ = 0x0800;
  std::optional<size_t> padded_to_, cut_to_;
  uint8_t padding_ = 0;
  Bytes raw_;  // of no IP frame

  uint32_t source_ = 0, destination_ = 0;
  uint16_t source_port_ = 0, destination_port_ = 0;
  uint8_t ttl_ = 64, tos_ = 0, protocol_ = 0;
  uint16_t id_ = 0x1234, fragment_ = 0x4000;
  Bytes ip_options_;
  std::optional<uint8_t> version_and_length_;
  std::optional<uint16_t> total_length_;
  uint8_t flags_ = 0;
  uint32_t seq_ = 1000, ack_ = 0;
  Bytes tcp_options_;
  std::optional<uint8_t> tcp_words_;
  std::optional<uint16_t> udp_length_, checksum_;
  uint16_t error_ = 0, ip_error_ = 0;
  uint8_t icmp_type_ = 0, icmp_code_ = 0;
  uint32_t icmp_rest_ = 0;
  Bytes data_;
  bool bare_ = false;  // no header of TCP, UDP or ICMP before the data
};

// Ends are "IP:port"; for icmp and ip "IP".
Frame tcp(std::string_view from, std::string_view to);
Frame udp(std::string_view from, std::string_view to);
Frame icmp(std::string_view from, std::string_view to, uint8_t type, uint8_t code,
           uint32_t rest = 0);
Frame echo_request(std::string_view from, std::string_view to);
// Whatever the protocol, nothing but `data` behind the IP header.
Frame ip(std::string_view from, std::string_view to, uint8_t protocol);
Frame raw(uint16_t ethertype, Bytes payload);

// ARP from the host `sender`, by its own MAC address unless given.
struct Arp {
  std::string_view sender, target;
  std::optional<lb::MacAddress> sender_mac = {};
  uint16_t operation = 1;
  uint16_t hardware_type = 1, protocol_type = 0x0800;
  uint8_t hardware_length = 6, protocol_length = 4;
};
Frame arp(const Arp& fields);
Frame arp_request(std::string_view sender, std::string_view target);
Frame arp_reply(std::string_view sender, std::string_view target);

}  // namespace dataplane_test
