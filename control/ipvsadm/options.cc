#include "control/ipvsadm/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "control/ipvsadm/option_table.h"
#include "control/ipvsadm/words.h"

namespace control::ipvsadm {
namespace {

constexpr uint32_t kDefaultPersistence = 360;  // of -p without a value

CommandError try_help() {
  return {"Try `ipvsadm -h' or 'ipvsadm --help' for more information.", kRefused};
}

// Finds by long name or, with an empty one, by short name.
template <typename Table>
const typename Table::value_type* find(const Table& table, const Words::Option& option) {
  const auto found = std::ranges::find_if(table, [&](const auto& entry) {
    return option.long_name.empty()
               ? entry.short_name != '\0' && entry.short_name == option.short_name
               : entry.long_name == option.long_name;
  });
  return found == table.end() ? nullptr : &*found;
}

// Puts a parsed value where it belongs, or gives the error that stands in its place.
template <typename T>
std::optional<CommandError> put(const Parsed<T>& parsed, T& target) {
  if (!parsed) return parsed.error();
  target = *parsed;
  return std::nullopt;
}

std::optional<CommandError> failure(std::string text) {
  return CommandError{std::move(text), kUsage};
}

// Each step gives the error that ends the parsing, if there is one.
class Parser {
 public:
  explicit Parser(std::span<const std::string_view> words) : words_(words) {}

  Parsed<Request> parse() {
    using Step = std::optional<CommandError> (Parser::*)();
    // ipvsadm's order, which decides what is reported of several mistakes.
    constexpr std::array<Step, 7> kSteps{&Parser::read_verb,         &Parser::read_options,
                                         &Parser::resolve_server,    &Parser::read_rest,
                                         &Parser::check_combination, &Parser::check_values,
                                         &Parser::check_foreign};
    for (const Step step : kSteps) {
      if (auto error = (this->*step)()) return std::unexpected(*std::move(error));
      if (request_.verb == Verb::kHelp || request_.verb == Verb::kVersion) break;
    }
    return request_;
  }

 private:
  std::optional<CommandError> read_verb() {
    const auto first = words_.next();
    if (!first) return try_help();
    verb_ = find(kVerbWords, *first);
    if (verb_ == nullptr) return try_help();
    request_.verb = verb_->verb;
    if (verb_->argument == Argument::kNone) return std::nullopt;
    const auto role = words_.value();
    if (!role) return try_help();
    if (*role == "master" || *role == "backup") return std::nullopt;
    return failure(fmt::format("illegal {} specified", verb_->verb == Verb::kStartDaemon
                                                           ? "start-daemon parameter"
                                                           : "start_daemon"));
  }

  std::optional<CommandError> read_options() {
    while (const auto item = words_.next()) {
      const OptionWord* option = find(kOptionWords, *item);
      if (option == nullptr) {
        // A second verb is an option that ipvsadm knows and does not want here.
        if (find(kVerbWords, *item) != nullptr) {
          return failure(fmt::format("invalid option `{}'", item->word));
        }
        return CommandError{fmt::format("{}: unknown option", item->word), kRefused};
      }
      if (option->argument == Argument::kNone && words_.has_attached_value()) {
        return CommandError{fmt::format("{}: option does not take an argument", item->word),
                            kRefused};
      }
      std::optional<std::string_view> value;
      if (option->argument == Argument::kRequired ||
          (option->argument == Argument::kOptional && !words_.next_is_option())) {
        value = words_.value();
        if (!value) {
          return CommandError{fmt::format("{}: missing argument", item->word), kRefused};
        }
      }
      if (auto error = take(*option, value)) return error;
    }
    return std::nullopt;
  }

  std::optional<CommandError> take(const OptionWord& option,
                                   std::optional<std::string_view> value) {
    if (option.id == OptionId::kCount) {
      const auto* foreign = std::get_if<ForeignSelection>(&request_.service);
      if (option.short_name != '6' ||
          (foreign != nullptr && *foreign == ForeignSelection::kFirewallMark)) {
        return std::nullopt;
      }
      return failure("-6 used before -f");
    }
    if (seen_.has(option.id)) {
      return failure(fmt::format("multiple '{}' options specified", option_name(option.id)));
    }
    seen_.insert(option.id);
    return set(option, value);
  }

  std::optional<CommandError> set(const OptionWord& option, std::optional<std::string_view> value) {
    ServiceOptions& service = request_.service_options;
    ServerOptions& server = request_.server;
    switch (option.id) {
      case OptionId::kService:
        return set_service(option, *value);
      case OptionId::kScheduler:
        service.scheduler = *value;
        break;
      case OptionId::kPersistent:
        service.persistence_timeout = kDefaultPersistence;
        return value ? put(parse_timeout(*value, 1), service.persistence_timeout) : std::nullopt;
      case OptionId::kNetmask:
        return put(parse_netmask(*value), service.persistence_netmask);
      case OptionId::kOps:
        service.one_packet = true;
        break;
      case OptionId::kSchedFlags:
        scheduler_flags_ = *value;
        break;
      case OptionId::kServer:
        server_text_ = *value;
        return check_server();
      case OptionId::kForward:
        server.forward = option.short_name == 'm'   ? "nat"
                         : option.short_name == 'i' ? "tunnel"
                                                    : "dr";
        break;
      case OptionId::kWeight:
        return put(parse_weight(*value), server.weight);
      case OptionId::kUpper:
        return put(parse_threshold(*value, "u_threshold"), server.upper_threshold);
      case OptionId::kLower:
        return put(parse_threshold(*value, "l_threshold"), server.lower_threshold);
      case OptionId::kTunType:
        tunnel_type_ = *value;
        if (tunnel_type_ == "ipip" || tunnel_type_ == "gue" || tunnel_type_ == "gre") break;
        return failure("illegal tunnel type specified");
      case OptionId::kTunPort:
        return check_number(*value, 1, 65535, "tunnel port");
      case OptionId::kSyncid:
        return check_number(*value, 0, 255, "syncid");
      case OptionId::kMcastPort:
        return check_number(*value, 1, 65535, "mcast-port");
      case OptionId::kMcastTtl:
        return check_number(*value, 1, 255, "mcast-ttl");
      default:
        set_list_option(option.id);
    }
    return std::nullopt;
  }

  void set_list_option(OptionId id) {
    ListOptions& list = request_.list;
    constexpr std::array<std::pair<OptionId, bool ListOptions::*>, 11> kFlags{{
        {OptionId::kNumeric, &ListOptions::numeric},
        {OptionId::kConnection, &ListOptions::connection},
        {OptionId::kTimeout, &ListOptions::timeout},
        {OptionId::kDaemon, &ListOptions::daemon},
        {OptionId::kStats, &ListOptions::stats},
        {OptionId::kRate, &ListOptions::rate},
        {OptionId::kThresholds, &ListOptions::thresholds},
        {OptionId::kPersistentConn, &ListOptions::persistent_conn},
        {OptionId::kTunInfo, &ListOptions::tun_info},
        {OptionId::kNosort, &ListOptions::nosort},
        {OptionId::kExact, &ListOptions::exact},
    }};
    for (const auto& [flag, field] : kFlags) {
      if (flag == id) list.*field = true;
    }
  }

  std::optional<CommandError> check_number(std::string_view value, uint32_t min, uint32_t max,
                                           std::string_view name) {
    if (parse_number(value, min, max)) return std::nullopt;
    return failure(fmt::format("illegal {} specified", name));
  }

  std::optional<CommandError> set_service(const OptionWord& option, std::string_view value) {
    if (option.short_name == 'f') {
      request_.service = ForeignSelection::kFirewallMark;
      uint32_t mark = 0;
      return put(parse_fwmark(value), mark);
    }
    if (option.short_name == '\0') {
      request_.service = ForeignSelection::kSctp;
      return std::nullopt;
    }
    const auto protocol = option.short_name == 't' ? lb::Protocol::kTcp : lb::Protocol::kUdp;
    const auto address = parse_address(value, protocol, "virtual server");
    if (!address) return address.error();
    request_.service = ServiceSelection{protocol, address->endpoint};
    return std::nullopt;
  }

  std::optional<CommandError> check_server() const {
    // The service, and with it the protocol of a port's name, may be yet to come.
    if (parse_address(server_text_, lb::Protocol::kUdp, "real server")) return std::nullopt;
    const auto address = parse_address(server_text_, lb::Protocol::kTcp, "real server");
    return address ? std::nullopt : std::optional(address.error());
  }

  // Only now: a port's name is of the service's protocol, and without a port of its own the server
  // has the service's, wherever -t stood. (ipvsadm wants -t before -r.)
  std::optional<CommandError> resolve_server() {
    if (!seen_.has(OptionId::kServer)) return std::nullopt;
    const auto* service = std::get_if<ServiceSelection>(&request_.service);
    const auto address = parse_address(
        server_text_, service != nullptr ? service->protocol : lb::Protocol::kTcp, "real server");
    if (!address) return address.error();
    request_.server.address = address->endpoint;
    if (service == nullptr) return std::nullopt;
    // What keeps the port has the service's, whatever was said: as ipvsadm does, without a word.
    const bool keeps_port =
        request_.verb != Verb::kDeleteServer && request_.server.forward != "nat";
    if (keeps_port || !address->has_port || address->endpoint.port == 0) {
      request_.server.address.port = service->address.port;
    }
    return std::nullopt;
  }

  std::optional<CommandError> read_rest() {
    std::span<const std::string_view> rest = words_.arguments();
    if (request_.verb == Verb::kSetTimeouts) {
      if (rest.size() < 3) return failure("--set option requires 3 timeout values");
      for (uint32_t& seconds : request_.timeouts) {
        if (auto error = put(parse_timeout(rest.front(), 0), seconds)) return error;
        rest = rest.subspan(1);
      }
    }
    if (!rest.empty()) return failure(fmt::format("unexpected argument {}", rest.front()));
    return put(parse_scheduler_flags(scheduler_flags_, request_.service_options.scheduler),
               request_.service_options.flags);
  }

  std::optional<CommandError> check_combination() {
    const VerbOptions allowed = verb_options(request_.verb);
    std::optional<OptionId> exclusive;
    for (size_t i = 0; i < kOptionCount; ++i) {
      const auto id = static_cast<OptionId>(i);
      if (!seen_.has(id)) {
        if (!allowed.required.has(id)) continue;
        return failure(fmt::format("You need to supply the '{}' option for the '{}' command",
                                   option_name(id), verb_->name));
      }
      if (allowed.exclusive.has(id)) {
        if (exclusive) {
          return failure(
              fmt::format("The option '{}' conflicts with the '{}' option in the '{}' command",
                          option_name(id), option_name(*exclusive), verb_->name));
        }
        exclusive = id;
      } else if (!allowed.required.has(id) && !allowed.optional.has(id)) {
        return failure(
            fmt::format("Illegal '{}' option with the '{}' command", option_name(id), verb_->name));
      }
    }
    return std::nullopt;
  }

  std::optional<CommandError> check_values() {
    switch (request_.verb) {
      case Verb::kList:
        return check_list();
      case Verb::kAddService:
      case Verb::kEditService:
        return check_service();
      case Verb::kAddServer:
      case Verb::kEditServer:
        return check_tunnel();
      default:
        return std::nullopt;
    }
  }

  std::optional<CommandError> check_list() {
    using enum OptionId;
    const bool no_table = seen_.has_any({kTimeout, kDaemon});
    if (((no_table || seen_.has(kConnection)) && seen_.has_any({kStats, kRate, kThresholds})) ||
        (no_table && seen_.has(kPersistentConn))) {
      return failure("options conflicts in the list command");
    }
    return std::nullopt;
  }

  std::optional<CommandError> check_service() {
    const auto* service = std::get_if<ServiceSelection>(&request_.service);
    if (service == nullptr) return std::nullopt;
    if (service->address.port == 0 && request_.service_options.persistence_timeout == 0) {
      return failure("Zero port specified for non-persistent service");
    }
    if (request_.service_options.one_packet && service->protocol != lb::Protocol::kUdp) {
      return failure("One-Packet Scheduling is only for UDP virtual services");
    }
    return std::nullopt;
  }

  std::optional<CommandError> check_tunnel() {
    using enum OptionId;
    if (request_.server.forward != "tunnel") {
      if (!seen_.has_any({kTunType, kTunPort, kTunNocsum, kTunCsum, kTunRemcsum})) {
        return std::nullopt;
      }
      return failure("Tunnel options conflict with forward method");
    }
    if (tunnel_type_ != "ipip") {
      return failure(fmt::format("lbd has no {} tunnels yet: only --tun-type ipip", tunnel_type_));
    }
    for (const OptionId id : {kTunPort, kTunNocsum, kTunCsum, kTunRemcsum}) {
      if (seen_.has(id)) {
        return failure(
            fmt::format("Illegal '{}' option with the 'ipip' tunnel type", option_name(id)));
      }
    }
    return std::nullopt;
  }

  // What ipvsadm would do and lbd cannot.
  std::optional<CommandError> check_foreign() {
    if (!request_.changes()) return std::nullopt;
    if (request_.verb == Verb::kStartDaemon || request_.verb == Verb::kStopDaemon) {
      return failure(
          "lbd does not share connections with another director yet: it has no sync "
          "daemon to start or stop");
    }
    if (seen_.has(OptionId::kEngine)) return failure("lbd has no persistence engines (--pe) yet");
    if (const auto* foreign = std::get_if<ForeignSelection>(&request_.service)) {
      return failure(fmt::format("lbd has no {} services yet",
                                 *foreign == ForeignSelection::kSctp ? "SCTP" : "firewall-mark"));
    }
    const auto* service = std::get_if<ServiceSelection>(&request_.service);
    const bool ipv6 = (service != nullptr && !service->address.address.is_ipv4()) ||
                      !request_.server.address.address.is_ipv4();
    if (ipv6) return failure("lbd speaks no IPv6 yet");
    return std::nullopt;
  }

  Words words_;
  Request request_;
  const VerbWord* verb_ = nullptr;
  OptionSet seen_;
  std::string_view server_text_;
  std::string_view scheduler_flags_;
  std::string_view tunnel_type_ = "ipip";
};

}  // namespace

bool Request::changes() const {
  return verb != Verb::kList && verb != Verb::kSave && verb != Verb::kHelp &&
         verb != Verb::kVersion;
}

Parsed<Request> parse(std::span<const std::string_view> words) {
  if (words.empty()) return Request{};
  return Parser(words).parse();
}

}  // namespace control::ipvsadm
