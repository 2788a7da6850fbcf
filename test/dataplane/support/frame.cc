#include "test/dataplane/support/frame.h"

#include <algorithm>

namespace dataplane_test {
namespace {

constexpr std::string_view kFlagLetters = "FSRPAUEC";

lb::MacAddress mac_of_number(uint32_t a) {
  return {{2, 0, static_cast<uint8_t>(a >> 24), static_cast<uint8_t>(a >> 16),
           static_cast<uint8_t>(a >> 8), static_cast<uint8_t>(a)}};
}

}  // namespace

uint32_t number_of(std::string_view address) {
  return lb::IpAddress::parse(address).value().ipv4().bits.value();
}

lb::MacAddress mac_of(std::string_view address) { return mac_of_number(number_of(address)); }

Frame& Frame::flags(std::string_view letters) {
  flags_ = 0;
  for (const char letter : letters) flags_ |= static_cast<uint8_t>(1 << kFlagLetters.find(letter));
  return *this;
}

Frame& Frame::data(size_t length) {
  data_.resize(length);
  for (size_t i = 0; i < length; ++i) data_[i] = static_cast<uint8_t>(i);
  return *this;
}

Frame& Frame::between(std::string_view from, std::string_view to) {
  const auto source = lb::Endpoint::parse_or(from, 0).value();
  const auto destination = lb::Endpoint::parse_or(to, 0).value();
  source_ = source.address.ipv4().bits.value();
  destination_ = destination.address.ipv4().bits.value();
  source_port_ = source.port;
  destination_port_ = destination.port;
  return *this;
}

Bytes Frame::transport() const {
  if (bare_) return data_;
  Bytes bytes;
  bytes.reserve(20 + tcp_options_.size() + data_.size());
  size_t checksum_at = 0;
  switch (protocol_) {
    case 6:
      append16(bytes, source_port_);
      append16(bytes, destination_port_);
      append32(bytes, seq_);
      append32(bytes, ack_);
      bytes.push_back(static_cast<uint8_t>(
          tcp_words_.value_or(static_cast<uint8_t>(5 + tcp_options_.size() / 4)) << 4));
      bytes.push_back(flags_);
      append16(bytes, 64240);  // window
      append32(bytes, 0);      // checksum, urgent
      append(bytes, tcp_options_);
      checksum_at = 16;
      break;
    case 17:
      append16(bytes, source_port_);
      append16(bytes, destination_port_);
      append16(bytes, udp_length_.value_or(static_cast<uint16_t>(8 + data_.size())));
      append16(bytes, 0);
      checksum_at = 6;
      break;
    case 1:
      bytes.assign({icmp_type_, icmp_code_});
      append16(bytes, 0);
      append32(bytes, icmp_rest_);
      checksum_at = 2;
      break;
  }
  append(bytes, data_);
  uint16_t sum = protocol_ == 1 ? internet_checksum(bytes)
                                : segment_checksum(source_, destination_, protocol_, bytes);
  if (protocol_ == 17 && sum == 0) sum = 0xffff;
  const uint32_t field = checksum_.value_or(sum) + uint32_t{error_};
  set16(bytes, checksum_at, field > 0xffff ? field - 0xffff : field);
  return bytes;
}

Bytes Frame::ip_packet() const {
  const Bytes payload = transport();
  const size_t header = 20 + ip_options_.size();
  Bytes bytes;
  bytes.reserve(header + payload.size());
  bytes.push_back(version_and_length_.value_or(static_cast<uint8_t>(0x40 | header / 4)));
  bytes.push_back(tos_);
  append16(bytes, total_length_.value_or(static_cast<uint16_t>(header + payload.size())));
  append16(bytes, id_);
  append16(bytes, fragment_);
  bytes.push_back(ttl_);
  bytes.push_back(protocol_);
  append16(bytes, 0);
  append32(bytes, source_);
  append32(bytes, destination_);
  append(bytes, ip_options_);
  set16(bytes, 10, static_cast<uint16_t>(internet_checksum(bytes) + ip_error_));
  append(bytes, payload);
  return bytes;
}

Bytes Frame::build(const lb::MacAddress& director) const {
  const Bytes packet = raw_.empty() ? ip_packet() : raw_;
  Bytes bytes;
  bytes.reserve(14 + packet.size());
  append(bytes, to_mac_.value_or(director).bytes);
  append(bytes, from_mac_.value_or(mac_of_number(source_)).bytes);
  append16(bytes, ethertype_);
  append(bytes, packet);
  if (padded_to_) bytes.resize(std::max(bytes.size(), *padded_to_), padding_);
  if (cut_to_) bytes.resize(std::min(bytes.size(), *cut_to_));
  return bytes;
}

Frame with_header(std::string_view from, std::string_view to, uint8_t protocol) {
  Frame frame = ip(from, to, protocol);
  frame.bare_ = false;
  return frame;
}

Frame tcp(std::string_view from, std::string_view to) { return with_header(from, to, 6); }

Frame udp(std::string_view from, std::string_view to) { return with_header(from, to, 17); }

Frame icmp(std::string_view from, std::string_view to, uint8_t type, uint8_t code, uint32_t rest) {
  Frame frame = with_header(from, to, 1);
  frame.icmp_type_ = type;
  frame.icmp_code_ = code;
  frame.icmp_rest_ = rest;
  return frame;
}

Frame echo_request(std::string_view from, std::string_view to) {
  return icmp(from, to, 8, 0, 0x00050001).data(4);
}

Frame ip(std::string_view from, std::string_view to, uint8_t protocol) {
  Frame frame;
  frame.between(from, to);
  frame.protocol_ = protocol;
  frame.bare_ = true;
  return frame;
}

Frame raw(uint16_t ethertype, Bytes payload) {
  Frame frame;
  frame.ethertype_ = ethertype;
  frame.raw_ = std::move(payload);
  return frame;
}

Frame arp(const Arp& fields) {
  const lb::MacAddress mac = fields.sender_mac.value_or(mac_of(fields.sender));
  Bytes bytes;
  append16(bytes, fields.hardware_type);
  append16(bytes, fields.protocol_type);
  bytes.push_back(fields.hardware_length);
  bytes.push_back(fields.protocol_length);
  append16(bytes, fields.operation);
  append(bytes, mac.bytes);
  append32(bytes, number_of(fields.sender));
  append(bytes, Bytes(6, 0));
  append32(bytes, number_of(fields.target));
  return raw(0x0806, bytes).from_mac(mac);
}

Frame arp_request(std::string_view sender, std::string_view target) {
  return arp({.sender = sender, .target = target}).to_mac(lb::kBroadcastMac);
}

Frame arp_reply(std::string_view sender, std::string_view target) {
  return arp({.sender = sender, .target = target, .operation = 2});
}

}  // namespace dataplane_test
