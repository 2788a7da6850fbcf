#include "control/ipvsadm/options.h"

#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <bitset>
#include <charconv>
#include <string>
#include <utility>

#include "control/ipvsadm/option_table.h"

namespace control::ipvsadm {
namespace {

constexpr int kUsage = 2;  // what ipvsadm exits with when it does not like its arguments
constexpr int kUnknownOption = 255;

CommandError try_help() {
  return {"Try `ipvsadm -h' or 'ipvsadm --help' for more information.", kUnknownOption};
}

// Finds by long name or, with an empty one, by short name.
template <typename Table>
const typename Table::value_type* find(const Table& table, std::string_view long_name,
                                       char short_name) {
  const auto found = std::ranges::find_if(table, [&](const auto& entry) {
    return long_name.empty() ? short_name != '\0' && entry.short_name == short_name
                             : entry.long_name == long_name;
  });
  return found == table.end() ? nullptr : &*found;
}

// Walks words as popt does: clusters of short options, values attached or in the next word, "--".
class Walker {
 public:
  explicit Walker(std::span<const std::string_view> words) : words_(words) {}

  struct Item {
    std::string_view word;       // as typed, for messages
    std::string_view long_name;  // empty: short_name counts
    char short_name = '\0';
  };

  // The next option; words that are none are put aside.
  std::optional<Item> next() {
    if (!cluster_.empty()) return from_cluster();
    while (at_ < words_.size()) {
      const std::string_view word = words_[at_++];
      if (only_arguments_ || word.size() < 2 || word[0] != '-') {
        arguments_.push_back(word);
      } else if (word == "--") {
        only_arguments_ = true;
      } else if (word.starts_with("--")) {
        const size_t equals = std::min(word.find('='), word.size());
        value_.reset();
        if (equals < word.size()) value_ = word.substr(equals + 1);
        return Item{word, word.substr(2, equals - 2), '\0'};
      } else {
        word_ = word;
        cluster_ = word.substr(1);
        return from_cluster();
      }
    }
    return std::nullopt;
  }

  // The value of the option just returned, if there is one.
  std::optional<std::string_view> value() {
    if (value_) return std::exchange(value_, std::nullopt);
    if (!cluster_.empty()) {
      std::string_view rest = std::exchange(cluster_, {});
      if (rest.front() == '=') rest.remove_prefix(1);
      return rest;
    }
    if (at_ == words_.size()) return std::nullopt;
    return words_[at_++];
  }

  // True when value() would take the next word although that is an option itself.
  bool next_is_option() const {
    return !value_ && cluster_.empty() && (at_ == words_.size() || words_[at_].starts_with('-'));
  }

  const std::vector<std::string_view>& arguments() const { return arguments_; }

 private:
  Item from_cluster() {
    const char letter = cluster_.front();
    cluster_.remove_prefix(1);
    value_.reset();
    return {word_, {}, letter};
  }

  std::span<const std::string_view> words_;
  size_t at_ = 0;
  std::string_view word_;
  std::string_view cluster_;  // what is left of "-Ln"
  std::optional<std::string_view> value_;
  std::vector<std::string_view> arguments_;
  bool only_arguments_ = false;
};

// 0 to 65535, or a name of the services database, which is a local file. No host names: the
// daemon's control thread must not wait for DNS.
std::optional<uint16_t> parse_port(std::string_view text, lb::Protocol protocol) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error == std::errc{} && end == text.data() + text.size()) return port;
  servent entry{};
  servent* found = nullptr;
  std::array<char, 1024> buffer{};
  const std::string name(text), of(lb::to_string(protocol));
  getservbyname_r(name.c_str(), of.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return std::nullopt;
  return ntohs(static_cast<uint16_t>(found->s_port));
}

std::optional<lb::Endpoint> parse_address(std::string_view text, lb::Protocol protocol) {
  if (const auto address = lb::IpAddress::parse(text)) return lb::Endpoint{*address, 0};
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = lb::IpAddress::parse(host);
  const auto port = parse_port(text.substr(colon + 1), protocol);
  if (!address || !port || address->is_ipv4() == bracketed) return std::nullopt;
  return lb::Endpoint{*address, *port};
}

std::expected<void, CommandError> set_service(const OptionWord& option, std::string_view value,
                                              ListOptions& out) {
  if (option.short_name == 't' || option.short_name == 'u') {
    const auto protocol = option.short_name == 't' ? lb::Protocol::kTcp : lb::Protocol::kUdp;
    const auto address = parse_address(value, protocol);
    if (!address) {
      return std::unexpected(
          CommandError{"illegal virtual server address[:port] specified", kUsage});
    }
    out.service = ServiceSelection{protocol, *address};
    return {};
  }
  uint32_t mark = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), mark);
  if (option.short_name == 'f' &&
      (error != std::errc{} || end != value.data() + value.size() || mark == 0)) {
    return std::unexpected(
        CommandError{fmt::format("invalid fwmark value `{}' specified", value), kUsage});
  }
  out.service = ForeignSelection{};
  return {};
}

using Seen = std::bitset<static_cast<size_t>(OptionId::kCount)>;

bool has(const Seen& seen, OptionId id) { return seen[static_cast<size_t>(id)]; }

std::expected<void, CommandError> check_combination(const Seen& seen) {
  const OptionInfo* exclusive = nullptr;
  for (size_t i = 0; i < seen.size(); ++i) {
    if (!seen[i]) continue;
    const OptionInfo& info = kOptionInfo[i];
    if (info.in_list == InList::kIllegal) {
      return std::unexpected(CommandError{
          fmt::format("Illegal '{}' option with the 'list' command", info.name), kUsage});
    }
    if (info.in_list != InList::kExclusive) continue;
    if (exclusive != nullptr) {
      return std::unexpected(CommandError{
          fmt::format("The option '{}' conflicts with the '{}' option in the 'list' command",
                      info.name, exclusive->name),
          kUsage});
    }
    exclusive = &info;
  }
  const bool no_table = has(seen, OptionId::kTimeout) || has(seen, OptionId::kDaemon);
  const bool counters =
      has(seen, OptionId::kStats) || has(seen, OptionId::kRate) || has(seen, OptionId::kThresholds);
  if (((no_table || has(seen, OptionId::kConnection)) && counters) ||
      (no_table && has(seen, OptionId::kPersistentConn))) {
    return std::unexpected(CommandError{"options conflicts in the list command", kUsage});
  }
  return {};
}

void set_flags(const Seen& seen, ListOptions& out) {
  out.numeric = has(seen, OptionId::kNumeric);
  out.connection = has(seen, OptionId::kConnection);
  out.timeout = has(seen, OptionId::kTimeout);
  out.daemon = has(seen, OptionId::kDaemon);
  out.stats = has(seen, OptionId::kStats);
  out.rate = has(seen, OptionId::kRate);
  out.thresholds = has(seen, OptionId::kThresholds);
  out.persistent_conn = has(seen, OptionId::kPersistentConn);
  out.tun_info = has(seen, OptionId::kTunInfo);
  out.nosort = has(seen, OptionId::kNosort);
  out.exact = has(seen, OptionId::kExact);
}

std::expected<ListOptions, CommandError> parse_list(Walker& walker) {
  ListOptions out;
  Seen seen;
  while (const auto item = walker.next()) {
    const OptionWord* option = find(kOptionWords, item->long_name, item->short_name);
    if (option == nullptr) {
      // A second verb is an option that ipvsadm knows and does not want here.
      const bool verb = find(kVerbWords, item->long_name, item->short_name) != nullptr;
      return std::unexpected(
          verb ? CommandError{fmt::format("invalid option `{}'", item->word), kUsage}
               : CommandError{fmt::format("{}: unknown option", item->word), kUnknownOption});
    }
    std::optional<std::string_view> value;
    if (option->argument == Argument::kRequired ||
        (option->argument == Argument::kOptional && !walker.next_is_option())) {
      value = walker.value();
      if (!value) {
        return std::unexpected(
            CommandError{fmt::format("{}: missing argument", item->word), kUnknownOption});
      }
    }
    if (option->id == OptionId::kCount) continue;
    if (has(seen, option->id)) {
      return std::unexpected(
          CommandError{fmt::format("multiple '{}' options specified",
                                   kOptionInfo[static_cast<size_t>(option->id)].name),
                       kUsage});
    }
    seen.set(static_cast<size_t>(option->id));
    if (option->id == OptionId::kService) {
      if (auto set = set_service(*option, *value, out); !set) return std::unexpected(set.error());
    }
  }
  if (!walker.arguments().empty()) {
    return std::unexpected(
        CommandError{fmt::format("unexpected argument {}", walker.arguments().front()), kUsage});
  }
  if (auto fits = check_combination(seen); !fits) return std::unexpected(fits.error());
  set_flags(seen, out);
  return out;
}

}  // namespace

std::expected<Request, CommandError> parse(std::span<const std::string_view> words) {
  if (words.empty()) return Request{};
  Walker walker(words);
  const auto first = walker.next();
  if (!first) return std::unexpected(try_help());
  const VerbWord* verb = find(kVerbWords, first->long_name, first->short_name);
  if (verb == nullptr) return std::unexpected(try_help());
  Request request{.verb = verb->verb, .list = {}};
  if (request.verb == Verb::kList) {
    auto list = parse_list(walker);
    if (!list) return std::unexpected(list.error());
    request.list = *list;
  }
  return request;
}

}  // namespace control::ipvsadm
