#include "control/health/udp.h"

#include "control/health/datagram.h"
#include "control/health/options.h"

namespace control::health {
namespace {

class UdpAttempt final : public DatagramAttempt {
 public:
  UdpAttempt(boost::asio::io_context& io, const lb::Endpoint& target, Done done,
             std::string payload, std::optional<std::string> expect)
      : DatagramAttempt(io, target, std::move(done)),
        payload_(std::move(payload)),
        expect_(std::move(expect)) {}

 private:
  std::string question() override { return payload_; }
  std::optional<Result> judge(std::string_view answer) override {
    if (!expect_) return Result{true, "answered"};
    // What is not expected may belong to an earlier question.
    if (answer.find(*expect_) != answer.npos) return Result{true, "the expected answer"};
    unexpected_ = true;
    return std::nullopt;
  }
  Result expired() const override {
    if (!expect_) return {true, "no error"};
    if (unexpected_) return {false, "answer: not the expected one"};
    return DatagramAttempt::expired();
  }

  std::string payload_;
  std::optional<std::string> expect_;
  bool unexpected_ = false;
};

class UdpCheck final : public Check {
 public:
  UdpCheck(boost::asio::io_context& io, const conf::Options& options)
      : io_(io), payload_(bytes_of(value_of<std::string>(options, "payload"))) {
    if (options.contains("expect")) expect_ = bytes_of(value_of<std::string>(options, "expect"));
  }
  std::unique_ptr<Probe> start(const lb::Endpoint& target, std::chrono::milliseconds timeout,
                               Done done) override {
    return Attempt::launch(
        std::make_shared<UdpAttempt>(io_, target, std::move(done), payload_, expect_), timeout);
  }

 private:
  boost::asio::io_context& io_;
  std::string payload_;
  std::optional<std::string> expect_;
};

}  // namespace

std::vector<conf::Property> udp_options() {
  return {option("payload", {bytes_text()}, "\"\"",
                 "What is sent: text, or \"hex:\" with hexadecimal digits."),
          option("expect", {bytes_text()}, "",
                 "What an answer must have in it; left out, no answer is needed.")};
}

std::unique_ptr<Check> make_udp(boost::asio::io_context& io, const conf::Options& options) {
  return std::make_unique<UdpCheck>(io, options);
}

}  // namespace control::health
