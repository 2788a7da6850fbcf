#include "tools/replay/options.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <span>
#include <sstream>

#include "control/command_line.h"

namespace replay {
namespace {

namespace po = boost::program_options;
using Strings = std::vector<std::string>;

constexpr const char* kExplanation = R"(
Puts captures through the director of a configuration: its workers' own functions, the captures' own clock. Needs no
root, no ports and no hugepages, and gives the same result every time. Prints what each service and real server got
and why packets were dropped.

Captures are pcap or pcapng of Ethernet frames; several of one interface are merged, and all are merged by time.
Frames whose source is the interface's own MAC address are what a director sent when the capture was made, and are
left out; whatever else is in a capture arrives, frames for other MAC addresses included (dropped as foreign_mac).
The interface's own address is the one that speaks ARP as the director in the capture, or else the only one that
takes frames for its addresses, or else the only one that takes any; where several fit, --mac is needed.

As lbd does, the director asks for its next hops by ARP. Where the captures hold no answers, give them with
--neighbour or --answer-arp. It does not announce its addresses, and it starts without connections. Written captures
have nanoseconds.
)";

constexpr int64_t kLongestTail = 604'800;

// Writing begins while captures are still read, so none may be in the place of another.
std::optional<std::string> overwritten(const std::string& config_file,
                                       const std::vector<Options::File>& in,
                                       const std::vector<Options::File>& out) {
  const auto same = [](const std::string& a, const std::string& b) {
    std::error_code ignored;
    return std::filesystem::weakly_canonical(a, ignored) ==
               std::filesystem::weakly_canonical(b, ignored) ||
           std::filesystem::equivalent(a, b, ignored);
  };
  for (size_t i = 0; i < out.size(); ++i) {
    const std::string& path = out[i].path;
    // Devices take from many.
    std::error_code ignored;
    if (std::filesystem::is_character_file(path, ignored)) continue;
    if (same(config_file, path)) return path + " is read by --config";
    for (const Options::File& file : in) {
      if (same(file.path, path)) return path + " is read by --in";
    }
    for (const Options::File& file : std::span(out).first(i)) {
      if (same(file.path, path)) return path + " is written by another --out";
    }
  }
  return std::nullopt;
}

po::options_description description() {
  po::options_description options("Options", 110);
  const auto strings = [](const char* form) {
    return po::value<Strings>()->value_name(form)->composing();
  };
  options.add_options()("config", po::value<std::string>()->value_name("FILE"),
                        "the configuration; \"eal\", devices and \"control\" are ignored")(
      "in", strings("IFACE=FILE"), "capture of what arrives on an interface; may be repeated")(
      "out", strings("IFACE=FILE"), "where to write what leaves by an interface")(
      "mac", strings("IFACE=MAC"), "the director's MAC address on an interface")(
      "neighbour", strings("IFACE=IP=MAC"), "a static neighbour, besides the configuration's")(
      "answer-arp", "answer every ARP request of the director, with 02:00 and the address")(
      "tail", po::value<int64_t>()->value_name("SECONDS")->default_value(0),
      "how long to live on after the last frame")(
      "show", strings("COMMAND"),
      "a command of the control socket to print at the end, such as \"show connections\"; may be "
      "repeated "
      "(default: show interfaces, show services, show drops)")(
      "json", "print one JSON document instead of tables")("help", "print this and exit")(
      "version", "print the version and exit");
  return options;
}

std::unexpected<std::string> wrong(const char* option, const std::string& text, const char* form) {
  return std::unexpected(std::string("--") + option + ": \"" + text + "\" (expected " + form + ")");
}

// "NAME=REST"; both empty: there is no '='.
std::pair<std::string, std::string> split(const std::string& text) {
  const size_t at = text.find('=');
  if (at == std::string::npos) return {};
  return {text.substr(0, at), text.substr(at + 1)};
}

std::expected<std::vector<Options::File>, std::string> read_files(const char* option,
                                                                  const Strings& texts) {
  std::vector<Options::File> files;
  for (const std::string& text : texts) {
    auto [interface, path] = split(text);
    if (interface.empty() || path.empty()) return wrong(option, text, "IFACE=FILE");
    files.push_back({std::move(interface), std::move(path)});
  }
  return files;
}

std::expected<std::vector<Options::Mac>, std::string> read_macs(const Strings& texts) {
  std::vector<Options::Mac> macs;
  for (const std::string& text : texts) {
    const auto [interface, rest] = split(text);
    const auto mac = lb::MacAddress::parse(rest);
    if (interface.empty() || !mac || mac->is_multicast() || *mac == lb::MacAddress{}) {
      return wrong("mac", text,
                   "IFACE=MAC, such as wan=02:00:00:00:00:01, no group address and not all zeroes");
    }
    if (std::ranges::find(macs, interface, &Options::Mac::interface) != macs.end()) {
      return wrong("mac", text, "one for each interface");
    }
    macs.push_back({interface, *mac});
  }
  return macs;
}

std::expected<std::vector<Options::Neighbour>, std::string> read_neighbours(const Strings& texts) {
  std::vector<Options::Neighbour> neighbours;
  for (const std::string& text : texts) {
    const auto [interface, rest] = split(text);
    const auto [ip, mac_text] = split(rest);
    const auto address = lb::IpAddress::parse(ip);
    const auto mac = lb::MacAddress::parse(mac_text);
    if (interface.empty() || !address || !address->is_ipv4() || !mac || mac->is_multicast()) {
      return wrong("neighbour", text, "IFACE=IP=MAC, such as lan=192.168.11.100=02:00:00:00:00:64");
    }
    neighbours.push_back({interface, *address, *mac});
  }
  return neighbours;
}

std::expected<Options, std::string> read(const po::variables_map& values) {
  Options result;
  if (values.contains("version")) result.action = Options::Action::kVersion;
  if (values.contains("help")) result.action = Options::Action::kHelp;
  if (result.action != Options::Action::kReplay) return result;
  const auto all = [&](const char* option) {
    return values.contains(option) ? values[option].as<Strings>() : Strings{};
  };
  if (!values.contains("config")) return std::unexpected("--config: missing (expected FILE)");
  result.config_file = values["config"].as<std::string>();
  auto in = read_files("in", all("in"));
  if (!in) return std::unexpected(in.error());
  if (in->empty()) return std::unexpected("--in: missing (expected IFACE=FILE at least once)");
  auto out = read_files("out", all("out"));
  if (!out) return std::unexpected(out.error());
  if (const auto fault = overwritten(result.config_file, *in, *out)) {
    return std::unexpected("--out: " + *fault);
  }
  auto macs = read_macs(all("mac"));
  if (!macs) return std::unexpected(macs.error());
  auto neighbours = read_neighbours(all("neighbour"));
  if (!neighbours) return std::unexpected(neighbours.error());
  result.in = std::move(*in);
  result.out = std::move(*out);
  result.macs = std::move(*macs);
  result.neighbours = std::move(*neighbours);
  result.answer_arp = values.contains("answer-arp");
  const auto tail = values["tail"].as<int64_t>();
  if (tail < 0 || tail > kLongestTail) {
    return wrong("tail", std::to_string(tail), "0 to 604800 seconds, a week");
  }
  result.tail_seconds = static_cast<uint32_t>(tail);
  result.show = all("show");
  if (result.show.empty()) result.show = {"show interfaces", "show services", "show drops"};
  result.json = values.contains("json");
  return result;
}

}  // namespace

std::string usage() {
  std::ostringstream text;
  text << "Usage: lbd-replay --config FILE --in IFACE=FILE… [--out IFACE=FILE…] [OPTIONS]\n"
       << kExplanation << '\n'
       << description()
       << "\nExit status: 0; 2 for a configuration or usage error; 1 for anything else.\n";
  return text.str();
}

std::expected<Options, std::string> parse_options(int argc, char** argv) {
  try {
    return read(control::parse_command_line(argc, argv, description()));
  } catch (const po::error& error) {
    return std::unexpected(std::string(error.what()) + " (lbd-replay --help lists the options)");
  }
}

}  // namespace replay
