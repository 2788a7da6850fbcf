#include "control/health/dns_message.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <fmt/format.h>
#include <resolv.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "control/health/options.h"
#include "lb/address.h"

namespace control::health {
namespace {

struct TypeName {
  std::string_view name;
  int type;
};

constexpr TypeName kTypes[] = {
    {"A", ns_t_a},   {"AAAA", ns_t_aaaa}, {"CNAME", ns_t_cname}, {"MX", ns_t_mx},
    {"NS", ns_t_ns}, {"PTR", ns_t_ptr},   {"SOA", ns_t_soa},     {"TXT", ns_t_txt},
};

std::string code_text(int code) {
  constexpr std::array kNames{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
  return static_cast<size_t>(code) < kNames.size() ? kNames[static_cast<size_t>(code)]
                                                   : fmt::format("RCODE {}", code);
}

std::string name_at(const ns_msg& message, const unsigned char* data) {
  char name[NS_MAXDNAME];
  const int used =
      ns_name_uncompress(ns_msg_base(message), ns_msg_end(message), data, name, sizeof(name));
  return used < 0 ? std::string() : std::string(name);
}

// Strings of a TXT record are one text in pieces.
std::string text_data(const unsigned char* data, size_t size) {
  std::string text;
  for (size_t at = 0; at < size; at += 1 + data[at]) {
    const size_t length = std::min<size_t>(data[at], size - at - 1);
    text.append(reinterpret_cast<const char*>(data + at + 1), length);
  }
  return text;
}

std::string address_data(int family, const ns_rr& record, size_t size) {
  char text[INET6_ADDRSTRLEN];
  if (ns_rr_rdlen(record) != size) return {};
  return inet_ntop(family, ns_rr_rdata(record), text, sizeof(text)) ? text : "";
}

std::string data_of(const ns_msg& message, const ns_rr& record) {
  switch (ns_rr_type(record)) {
    case ns_t_a:
      return address_data(AF_INET, record, NS_INADDRSZ);
    case ns_t_aaaa:
      return address_data(AF_INET6, record, NS_IN6ADDRSZ);
    case ns_t_mx:  // a preference comes first
      return ns_rr_rdlen(record) < 3 ? "" : name_at(message, ns_rr_rdata(record) + 2);
    case ns_t_txt:
      return text_data(ns_rr_rdata(record), ns_rr_rdlen(record));
    default:
      return name_at(message, ns_rr_rdata(record));
  }
}

bool parse(std::string_view bytes, ns_msg& message) {
  return ns_initparse(reinterpret_cast<const unsigned char*>(bytes.data()),
                      static_cast<int>(bytes.size()), &message) == 0;
}

constexpr std::string_view kMalformed = "malformed";

// By what every message begins with: ID and flags, of which the first says which way it goes.
bool begins_as_answer(std::string_view bytes, std::string_view question) {
  constexpr unsigned char kResponse = 0x80;
  return bytes.size() > 2 && bytes.substr(0, 2) == question.substr(0, 2) &&
         (static_cast<unsigned char>(bytes[2]) & kResponse) != 0;
}

bool have_same_question(ns_msg& one, ns_msg& other) {
  ns_rr first, second;
  return ns_parserr(&one, ns_s_qd, 0, &first) == 0 &&
         ns_parserr(&other, ns_s_qd, 0, &second) == 0 && ns_rr_type(first) == ns_rr_type(second) &&
         is_same_record(ns_rr_name(first), ns_rr_name(second));
}

std::string without_dot(std::string_view text) {
  if (text.size() > 1 && text.ends_with('.')) text.remove_suffix(1);
  return std::string(text);
}

}  // namespace

int dns_type(std::string_view name) {
  for (const TypeName& known : kTypes) {
    if (known.name == name) return known.type;
  }
  return 0;
}

std::vector<std::string> dns_type_names() {
  std::vector<std::string> names;
  for (const TypeName& known : kTypes) names.emplace_back(known.name);
  return names;
}

bool is_dns_name(const std::string& name) {
  unsigned char encoded[NS_MAXCDNAME];
  return is_visible(name) && !name.contains('\\') &&
         ns_name_pton(name.c_str(), encoded, sizeof(encoded)) >= 0;
}

std::string dns_question(const std::string& name, int type) {
  struct __res_state state {};
  state.options = RES_RECURSE;
  std::array<unsigned char, NS_PACKETSZ> packet;
  const int size = res_nmkquery(&state, ns_o_query, name.c_str(), ns_c_in, type, nullptr, 0,
                                nullptr, packet.data(), static_cast<int>(packet.size()));
  return {reinterpret_cast<const char*>(packet.data()), static_cast<size_t>(std::max(size, 0))};
}

std::optional<DnsAnswer> read_dns_answer(std::string_view bytes, std::string_view question,
                                         int type) {
  ns_msg answer, asked;
  if (!parse(question, asked)) return std::nullopt;
  if (!parse(bytes, answer)) {
    if (!begins_as_answer(bytes, question)) return std::nullopt;
    return DnsAnswer{std::string(kMalformed)};
  }
  if (ns_msg_id(answer) != ns_msg_id(asked) || !ns_msg_getflag(answer, ns_f_qr)) {
    return std::nullopt;
  }
  // A server that did not understand may leave the question out.
  const int code = ns_msg_getflag(answer, ns_f_rcode);
  if (ns_msg_count(answer, ns_s_qd) == 0 ? code == ns_r_noerror
                                         : !have_same_question(answer, asked)) {
    return std::nullopt;
  }
  DnsAnswer result{code_text(code), ns_msg_getflag(answer, ns_f_tc) != 0, {}};
  for (int i = 0; i < ns_msg_count(answer, ns_s_an); ++i) {
    ns_rr record;
    if (ns_parserr(&answer, ns_s_an, i, &record) != 0) return DnsAnswer{std::string(kMalformed)};
    if (ns_rr_type(record) == type) result.records.push_back(data_of(answer, record));
  }
  return result;
}

bool is_same_record(std::string_view one, std::string_view other) {
  // One address has many forms.
  const auto address = lb::IpAddress::parse(one);
  if (address && address == lb::IpAddress::parse(other)) return true;
  return strcasecmp(without_dot(one).c_str(), without_dot(other).c_str()) == 0;
}

}  // namespace control::health
