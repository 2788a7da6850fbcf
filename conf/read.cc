#include "conf/read.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <concepts>
#include <tuple>

#include "conf/document.h"
#include "conf/format.h"
#include "conf/keys.h"

namespace conf {
namespace {

// A place of the file: its value, or null where the file has none that can be used.
class Place {
 public:
  Place(const Value* value, std::string pointer, const Findings& findings)
      : value_(findings.usable(pointer) ? value : nullptr),
        pointer_(std::move(pointer)),
        findings_(findings) {}

  explicit operator bool() const { return value_ != nullptr; }
  const Value& operator*() const { return *value_; }
  const Value* operator->() const { return value_; }

  Place at(std::string_view key) const {
    return {value_ ? value_->find(key) : nullptr, child(pointer_, key), findings_};
  }
  std::vector<Place> items() const {
    std::vector<Place> result;
    if (!value_) return result;
    for (size_t i = 0; i < value_->items.size(); ++i) {
      result.emplace_back(&value_->items[i], child(pointer_, i), findings_);
    }
    return result;
  }

 private:
  const Value* value_;
  std::string pointer_;
  const Findings& findings_;
};

// Each read() leaves `target` as it is where the file has nothing to say.

void read(const Place& place, std::string& target) {
  if (place) target = place->text;
}

template <std::unsigned_integral T>
void read(const Place& place, T& target) {
  if (place) target = static_cast<T>(*place->whole_number());
}

template <class T>
requires requires { T::parse(std::string_view()); }
void read(const Place& place, T& target) {
  if (place) target = *T::parse(place->text);
}

template <class T>
void read(const Place& place, std::optional<T>& target) {
  if (place) read(place, target.emplace());
}

void read(const Place& place, bool& target) {
  if (place) target = place->boolean;
}

// Target: the words' type, or an optional of it.
template <class T, size_t count, class Target>
void read_word(const Place& place, const std::array<Word<T>, count>& words, Target& target) {
  if (place) target = *value_of(words, place->text);
}

void read(const Place& place, Neighbour& target) {
  read(place.at("address"), target.address);
  read(place.at("mac"), target.mac);
}

void read(const Place& place, Route& target) {
  read(place.at("destination"), target.destination);
  read(place.at("gateway"), target.gateway);
}

void read(const Place& place, Masquerade& target) {
  read(place.at("source"), target.source);
  read(place.at("interface"), target.interface);
  if (const Place ports = place.at("ports")) {
    std::tie(target.first_port, target.last_port) = *parse_ports(ports->text);
  }
}

void read(const Place& place, Socket& target) {
  read(place.at("path"), target.path);
  read_word(place.at("level"), kLevels, target.level);
  read(place.at("group"), target.group);
  if (const Place mode = place.at("mode")) {
    const std::string& text = mode->text;
    std::from_chars(text.data(), text.data() + text.size(), target.mode, 8);
  }
}

template <class T>
void read(const Place& place, std::vector<T>& target) {
  if (!place) return;
  target.clear();
  for (const Place& item : place.items()) read(item, target.emplace_back());
}

void read(const Place& place, Interface& target) {
  read(place.at("name"), target.name);
  const Place device = place.at("device");
  if (device && device->kind == Value::Kind::kString) {
    target.devices = {device->text};
  } else {
    read(device, target.devices);
  }
  read(place.at("addresses"), target.addresses);
  read(place.at("virtual_addresses"), target.virtual_addresses);
  read(place.at("neighbours"), target.neighbours);
  read(place.at("mtu"), target.mtu);
  read(place.at("kernel_interface"), target.kernel_interface);
}

// A default is the shortest of documents, and not of the file's making.
Value default_value(const Property& option) {
  Findings none;
  return parse_document(option.default_json, none).value();
}

void read_option(const Value& value, Options& target, const std::string& name) {
  if (value.kind == Value::Kind::kBoolean) {
    target[name] = value.boolean;
  } else if (const auto number = value.whole_number()) {
    target[name] = *number;
  } else if (value.kind == Value::Kind::kList) {
    std::vector<std::string> texts;
    for (const Value& item : value.items) texts.push_back(item.text);
    target[name] = std::move(texts);
  } else {
    target[name] = value.text;
  }
}

// The options that `entry` describes, each with the file's value or else its default.
template <class Entry>
Options read_options(const Place& place, const Entry* entry) {
  Options result;
  if (entry == nullptr) return result;
  for (const Property& option : entry->options) {
    if (const Place given = place.at(option.name)) {
      read_option(*given, result, option.name);
    } else if (!option.default_json.empty()) {
      read_option(default_value(option), result, option.name);
    }
  }
  return result;
}

void read_seconds(const Place& place, uint32_t& target_ms) {
  if (place) target_ms = *place->milliseconds();
}

std::optional<HealthCheck> read_check(const Place& place, const Vocabulary& vocabulary) {
  if (!place) return std::nullopt;
  HealthCheck check;
  read(place.at("type"), check.type);
  read_seconds(place.at("interval"), check.interval_ms);
  read_seconds(place.at("timeout"), check.timeout_ms);
  read(place.at("fall"), check.fall);
  read(place.at("rise"), check.rise);
  read(place.at("start_down"), check.start_down);
  read(place.at("address"), check.address);
  read(place.at("port"), check.port);
  check.options = read_options(place, vocabulary.find_check(check.type));
  return check;
}

// What servers and the sorry server have in common.
void read_way(const Place& place, const Service& service, const Vocabulary& vocabulary,
              Server& server) {
  if (const Place address = place.at("address")) {
    server.address = *lb::Endpoint::parse_or(address->text, service.address.port);
  }
  server.forward = service.forward;
  read(place.at("forward"), server.forward);
  const Place options = place.at("forward_options");
  const bool inherits = !options && server.forward == service.forward;
  server.forward_options = inherits ? service.forward_options
                                    : read_options(options, vocabulary.find_method(server.forward));
}

Server read_server(const Place& place, const Service& service, const Vocabulary& vocabulary) {
  Server server;
  read_way(place, service, vocabulary, server);
  read(place.at("weight"), server.weight);
  read_word(place.at("state"), kServerStates, server.state);
  read(place.at("upper_threshold"), server.upper_threshold);
  read(place.at("lower_threshold"), server.lower_threshold);
  server.health_check = read_check(place.at("health_check"), vocabulary);
  return server;
}

void read_health(const Place& place, Service& service, const Vocabulary& vocabulary) {
  service.health_check = read_check(place.at("health_check"), vocabulary);
  read_word(place.at("on_down"), kOnDown, service.on_down);
  if (const Place sorry = place.at("sorry_server")) {
    read_way(sorry, service, vocabulary, service.sorry_server.emplace());
  }
  read(place.at("quorum"), service.quorum);
  read(place.at("quorum_hysteresis"), service.quorum_hysteresis);
  read(place.at("quorum_up"), service.quorum_up);
  read(place.at("quorum_down"), service.quorum_down);
}

Service read_service(const Place& place, const Vocabulary& vocabulary) {
  Service service;
  if (const Place protocol = place.at("protocol")) {
    service.protocol = *lb::parse_protocol(protocol->text);
  }
  read(place.at("address"), service.address);
  service.name = service.derived_name();
  read(place.at("name"), service.name);
  read(place.at("scheduler"), service.scheduler);
  service.scheduler_options =
      read_options(place.at("scheduler_options"), vocabulary.find_scheduler(service.scheduler));
  read(place.at("forward"), service.forward);
  service.forward_options =
      read_options(place.at("forward_options"), vocabulary.find_method(service.forward));
  read(place.at("persistence_timeout"), service.persistence_timeout);
  read(place.at("persistence_netmask"), service.persistence_netmask);
  read(place.at("expire_quiescent_template"), service.expire_quiescent_template);
  read(place.at("one_packet"), service.one_packet);
  read(place.at("sloppy_tcp"), service.sloppy_tcp);
  read(place.at("announce"), service.announce);
  read(place.at("slow_start"), service.slow_start);
  read_health(place, service, vocabulary);
  for (const Place& server : place.at("servers").items()) {
    service.servers.push_back(read_server(server, service, vocabulary));
  }
  return service;
}

}  // namespace

const Interface* Config::interface_with(const lb::IpAddress& address) const {
  for (const Interface& interface : interfaces) {
    for (const lb::Prefix& prefix : interface.addresses) {
      if (prefix.address == address) return &interface;
    }
  }
  return nullptr;
}

std::string derived_name(lb::Protocol protocol, const lb::Endpoint& address) {
  return fmt::format("{}:{}", to_string(protocol), address.to_string());
}

std::optional<size_t> Service::place_of(const lb::Endpoint& server) const {
  const auto found = std::ranges::find(servers, server, &Server::address);
  if (found == servers.end()) return std::nullopt;
  return static_cast<size_t>(found - servers.begin());
}

std::string Masquerade::ports() const { return fmt::format("{}-{}", first_port, last_port); }

Service read_service(const Value& root, const Findings& findings, const Vocabulary& vocabulary) {
  return read_service(Place(&root, "", findings), vocabulary);
}

Config read(const Value& root, const Findings& findings, const Vocabulary& vocabulary) {
  const Place file(&root, "", findings);
  Config config;
  read(file.at("eal"), config.eal);
  read(file.at("interfaces"), config.interfaces);
  read(file.at("routes"), config.routes);
  for (const Place& service : file.at("services").items()) {
    config.services.push_back(read_service(service, vocabulary));
  }
  read(file.at("masquerade"), config.masquerade);
  for (const TimeoutKey& key : kTimeoutKeys) {
    read(file.at("timeouts").at(key.name), config.timeouts.*key.seconds);
  }
  read(file.at("connections").at("capacity"), config.connections.capacity);
  read(file.at("idle").at("after_polls"), config.idle.after_polls);
  read(file.at("idle").at("sleep_us"), config.idle.sleep_us);
  read(file.at("mbufs"), config.mbufs);
  read_word(file.at("vips"), kVips, config.vips);
  read(file.at("control").at("sockets"), config.control.sockets);
  read(file.at("control").at("metrics"), config.control.metrics);
  return config;
}

}  // namespace conf
