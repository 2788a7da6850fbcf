#include "control/health/command.h"

#include <fmt/format.h>

#include "conf/format.h"
#include "control/health/options.h"
#include "control/health/process.h"

namespace control::health {
namespace {

class CommandCheck final : public Check {
 public:
  CommandCheck(boost::asio::io_context& io, std::vector<std::string> argv)
      : io_(io), argv_(std::move(argv)) {}
  std::unique_ptr<Probe> start(const lb::Endpoint& target, std::chrono::milliseconds timeout,
                               Done done) override {
    const Program program{
        argv_,
        {{"LBD_ADDRESS", target.address.to_string()},
         {"LBD_PORT", std::to_string(target.port)},
         {"LBD_TIMEOUT", fmt::format("{}", static_cast<double>(timeout.count()) / 1000.0)}}};
    return run(io_, program, timeout, std::move(done));
  }

 private:
  boost::asio::io_context& io_;
  std::vector<std::string> argv_;
};

}  // namespace

std::vector<conf::Property> command_options() {
  const conf::List words{
      .item = std::make_shared<const conf::Shape>(conf::Shape{conf::any_argument()}),
      .min_items = 1};
  return {{"argv", {words}, "The program and its arguments; no shell reads them.", true}};
}

std::unique_ptr<Check> make_command(boost::asio::io_context& io, const conf::Options& options) {
  return std::make_unique<CommandCheck>(io, value_of<std::vector<std::string>>(options, "argv"));
}

}  // namespace control::health
