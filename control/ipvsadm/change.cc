#include "control/ipvsadm/change.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace control::ipvsadm {
namespace {

std::unexpected<Refusal> refusal(Refusal::Kind kind, std::string text = {}) {
  return std::unexpected(Refusal{kind, std::move(text)});
}

const conf::Property* find_option(const std::vector<conf::Property>& options,
                                  std::string_view name) {
  const auto found = std::ranges::find(options, name, &conf::Property::name);
  return found == options.end() ? nullptr : &*found;
}

conf::Options defaults(const std::vector<conf::Property>& options) {
  conf::Options result;
  for (const conf::Property& option : options) {
    if (option.default_json.empty()) continue;
    const auto value = nlohmann::json::parse(option.default_json);
    if (value.is_boolean()) {
      result[option.name] = value.get<bool>();
    } else if (value.is_number_unsigned()) {
      result[option.name] = value.get<uint64_t>();
    } else {
      result[option.name] = value.get<std::string>();
    }
  }
  return result;
}

class Changer {
 public:
  Changer(const Request& request, ServiceTable& table, const conf::Vocabulary& vocabulary)
      : request_(request),
        table_(table),
        vocabulary_(vocabulary),
        key_{request.selected().protocol, request.selected().address} {}

  Change change() {
    switch (request_.verb) {
      case Verb::kAddService:
        return add_service();
      case Verb::kEditService:
        return table_.edit_service(key_, [&](conf::Service& service) { return set(service); });
      case Verb::kDeleteService:
        return table_.delete_service(key_);
      case Verb::kAddServer:
        return table_.edit_service(key_, [&](conf::Service& service) { return add_to(service); });
      case Verb::kEditServer:
        return table_.edit_service(key_, [&](conf::Service& service) { return edit_in(service); });
      case Verb::kDeleteServer:
        return table_.edit_service(key_,
                                   [&](conf::Service& service) { return delete_from(service); });
      default:
        std::unreachable();
    }
  }

 private:
  Change add_service() {
    conf::Service service = come_back_or_new();
    if (Change change = set(service); !change) {
      // LVS looks for the service first.
      const auto& services = table_.services();
      const bool exists = std::ranges::find(services, key_, key_of) != services.end();
      return exists ? refusal(Refusal::Kind::kServiceExists) : change;
    }
    return table_.add_service(std::move(service));
  }

  // What only the file can say is what it was; servers come back each for itself.
  conf::Service come_back_or_new() const {
    if (const conf::Service* before = table_.before(key_)) return {*before, {}};
    conf::Service service;
    service.protocol = key_.protocol;
    service.address = key_.address;
    service.name = service.derived_name();
    service.scheduler.clear();  // so that set() fills in the options of the one that is wanted
    service.forward_options = method_defaults(service.forward);
    return service;
  }

  // What the options say replaces all that they could say.
  Change set(conf::Service& service) const {
    const ServiceOptions& options = request_.service_options;
    const conf::Scheduler* scheduler = vocabulary_.find_scheduler(options.scheduler);
    if (scheduler == nullptr) {
      return refusal(Refusal::Kind::kInvalid, "Scheduler or persistence engine not found");
    }
    if (service.scheduler != options.scheduler) {
      service.scheduler = options.scheduler;
      service.scheduler_options = defaults(scheduler->options);
    }
    for (const auto& [name, value] :
         {std::pair{"fallback", options.flags.fallback}, {"port", options.flags.port}}) {
      const conf::Property* option = find_option(scheduler->options, name);
      if (option != nullptr && std::holds_alternative<conf::Boolean>(option->shape.kind)) {
        service.scheduler_options[name] = value;
      } else if (value) {
        return refusal(Refusal::Kind::kInvalid, fmt::format("lbd's scheduler {} has no flag \"{}\"",
                                                            options.scheduler, name));
      }
    }
    service.persistence_timeout = options.persistence_timeout;
    service.persistence_netmask = options.persistence_netmask;
    service.one_packet = options.one_packet;
    return {};
  }

  Change add_to(conf::Service& service) const {
    if (Change fits = check_thresholds(); !fits) return fits;
    if (place_in(service)) return refusal(Refusal::Kind::kServerExists);
    if (service.sorry_server && service.sorry_server->address == request_.server.address) {
      return refusal(Refusal::Kind::kInvalid, fmt::format("{} is the service's sorry server",
                                                          request_.server.address.to_string()));
    }
    conf::Server server;
    server.address = request_.server.address;
    if (const conf::Service* before = table_.before(key_)) {
      if (const auto place = place_in(*before)) server = before->servers[*place];
    }
    set(server, service);
    service.servers.push_back(std::move(server));
    return {};
  }

  Change edit_in(conf::Service& service) const {
    if (Change fits = check_thresholds(); !fits) return fits;
    const auto place = place_in(service);
    if (!place) return refusal(Refusal::Kind::kNoSuchServer);
    set(service.servers[*place], service);
    return {};
  }

  Change delete_from(conf::Service& service) const {
    const auto place = place_in(service);
    if (!place) return refusal(Refusal::Kind::kNoSuchServer);
    service.servers.erase(service.servers.begin() + static_cast<ptrdiff_t>(*place));
    return {};
  }

  Change check_thresholds() const {
    if (request_.server.lower_threshold <= request_.server.upper_threshold) return {};
    return refusal(Refusal::Kind::kInvalid, "Numerical result out of range");
  }

  std::optional<size_t> place_in(const conf::Service& service) const {
    return service.place_of(request_.server.address);
  }

  void set(conf::Server& server, const conf::Service& service) const {
    const ServerOptions& options = request_.server;
    server.weight = options.weight;
    server.upper_threshold = options.upper_threshold;
    server.lower_threshold = options.lower_threshold;
    if (server.forward == options.forward) return;
    server.forward = options.forward;
    server.forward_options = server.forward == service.forward ? service.forward_options
                                                               : method_defaults(server.forward);
  }

  conf::Options method_defaults(std::string_view name) const {
    const conf::Method* method = vocabulary_.find_method(name);
    return method == nullptr ? conf::Options{} : defaults(method->options);
  }

  const Request& request_;
  ServiceTable& table_;
  const conf::Vocabulary& vocabulary_;
  const ServiceKey key_;
};

bool about_servers(Verb verb) {
  return verb == Verb::kAddServer || verb == Verb::kEditServer || verb == Verb::kDeleteServer;
}

}  // namespace

Outcome change(const Request& request, ServiceTable& table, const conf::Vocabulary& vocabulary) {
  if (Change change = Changer(request, table, vocabulary).change(); !change) {
    return std::unexpected(in_its_words(request.verb, change.error()));
  }
  return {};
}

conf::Timeouts with_timeouts(conf::Timeouts timeouts, const Request& request) {
  const std::array<uint32_t*, 3> targets{&timeouts.tcp, &timeouts.tcp_fin, &timeouts.udp};
  for (size_t i = 0; i < targets.size(); ++i) {
    if (request.timeouts[i] != 0) *targets[i] = request.timeouts[i];
  }
  return timeouts;
}

CommandError in_its_words(Verb verb, const Refusal& refusal) {
  switch (refusal.kind) {
    case Refusal::Kind::kServiceExists:
      return {"Service already exists", kRefused};
    case Refusal::Kind::kNoSuchService:
      return {about_servers(verb) ? "Service not defined" : "No such service", kRefused};
    case Refusal::Kind::kServerExists:
      return {"Destination already exists", kRefused};
    case Refusal::Kind::kNoSuchServer:
      return {"No such destination", kRefused};
    case Refusal::Kind::kInvalid:
    case Refusal::Kind::kFailed:
      return {refusal.text, kRefused};
  }
  std::unreachable();
}

}  // namespace control::ipvsadm
