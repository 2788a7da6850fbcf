#include "control/health/dns.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "control/health/datagram.h"
#include "control/health/dns_message.h"
#include "control/health/options.h"

namespace control::health {
namespace {

constexpr std::string_view kName = "a domain name such as \"example.org\", or \".\"";

struct Wanted {
  std::string name;
  std::string type_name;
  std::string answer;  // empty: any will do
  int type = 0;
};

class DnsAttempt final : public DatagramAttempt {
 public:
  DnsAttempt(boost::asio::io_context& io, const lb::Endpoint& target, Done done,
             const Wanted& wanted)
      : DatagramAttempt(io, target, std::move(done)),
        wanted_(wanted),
        question_(dns_question(wanted.name, wanted.type)) {}

 private:
  std::string question() override { return question_; }
  std::optional<Result> judge(std::string_view bytes) override {
    const auto answer = read_dns_answer(bytes, question_, wanted_.type);
    if (!answer) return std::nullopt;
    if (answer->code != "NOERROR") {
      return Result{false, fmt::format("answer: {} for {} {}", answer->code, wanted_.name,
                                       wanted_.type_name)};
    }
    if (wanted_.answer.empty()) return Result{true, answer->code};
    const auto is_wanted = [&](const std::string& record) {
      return is_same_record(record, wanted_.answer);
    };
    if (std::ranges::any_of(answer->records, is_wanted)) return Result{true, wanted_.answer};
    if (answer->records.empty()) {
      return Result{false, fmt::format("answer: no {} of {}{}", wanted_.type_name, wanted_.name,
                                       answer->truncated ? ", truncated" : "")};
    }
    return Result{false, fmt::format("answer: {}, expected {}", fmt::join(answer->records, ", "),
                                     wanted_.answer)};
  }

  const Wanted& wanted_;  // the check's, which outlives its probes
  std::string question_;
};

class DnsCheck final : public Check {
 public:
  DnsCheck(boost::asio::io_context& io, const conf::Options& options)
      : io_(io),
        wanted_{value_of<std::string>(options, "name"), value_of<std::string>(options, "query"),
                value_of<std::string>(options, "answer"),
                dns_type(value_of<std::string>(options, "query"))} {}
  std::unique_ptr<Probe> start(const lb::Endpoint& target, std::chrono::milliseconds timeout,
                               Done done) override {
    return Attempt::launch(std::make_shared<DnsAttempt>(io_, target, std::move(done), wanted_),
                           timeout);
  }

 private:
  boost::asio::io_context& io_;
  Wanted wanted_;
};

}  // namespace

std::vector<conf::Property> dns_options() {
  conf::Choice types;
  for (const std::string& name : dns_type_names()) types.words.push_back({name, "its records"});
  const conf::Text name{std::string(kName), "",
                        [](std::string_view text) -> std::optional<std::string> {
                          if (is_dns_name(std::string(text))) return std::nullopt;
                          return std::string(kName);
                        }};
  return {option("name", {name}, "\".\"", "The name that is asked for."),
          option("query", {types}, "\"SOA\"", "The type of records that is asked for."),
          option("answer", {conf::Text{"a record's data", "", nullptr}}, "",
                 "A record that must be among the answers: an address, a name, or a text; left "
                 "out, any answer without error will do.")};
}

std::optional<conf::CheckType::Contradiction> dns_contradiction(const conf::Options& options) {
  const auto query = value_of<std::string>(options, "query");
  const auto answer = value_of<std::string>(options, "answer");
  const bool is_ipv4 = query == "A";
  if (answer.empty() || query == "TXT") return std::nullopt;
  if (!is_ipv4 && query != "AAAA") {
    if (answer.find_first_of(" \t") == std::string::npos) return std::nullopt;
    return conf::CheckType::Contradiction{
        "answer",
        fmt::format("a name alone (without preference), as in records of type {}", query)};
  }
  const auto address = lb::IpAddress::parse(answer);
  if (address && address->is_ipv4() == is_ipv4) return std::nullopt;
  return conf::CheckType::Contradiction{
      "answer",
      fmt::format("an {} address, as records of type {} are", is_ipv4 ? "IPv4" : "IPv6", query)};
}

std::unique_ptr<Check> make_dns(boost::asio::io_context& io, const conf::Options& options) {
  return std::make_unique<DnsCheck>(io, options);
}

}  // namespace control::health
