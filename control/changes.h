// What can be changed while the director runs. Commands and ipvsadm ask for changes here and know
// nothing of snapshots, slots or workers. Every change is validated first, then applied as a whole
// and at once, or not at all; none waits for a worker. All calls come on the control thread.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"

namespace control {

// Which service is meant, whatever it is called.
struct ServiceKey {
  lb::Protocol protocol = lb::Protocol::kTcp;
  lb::Endpoint address;

  auto operator<=>(const ServiceKey&) const = default;
};

inline std::string name_of(const ServiceKey& key) {
  return conf::derived_name(key.protocol, key.address);
}
inline ServiceKey key_of(const conf::ServiceSettings& service) {
  return {service.protocol, service.address};
}

// What becomes of the connections of a real server or service that goes.
struct Farewell {
  enum class Kind : uint8_t {
    kDrain,  // they go on to their end, or until `deadline_seconds` have passed and they are cut
    kCut,    // they end now; TCP's ends are sent resets
  };
  Kind kind = Kind::kDrain;
  std::optional<uint32_t> deadline_seconds = {};
};

// Why a change was refused: `text` is one line for people; the kind lets ipvsadm say it in its own
// words.
struct Refusal {
  enum class Kind : uint8_t {
    kInvalid,  // what the configuration's checks say
    kNoSuchService,
    kServiceExists,
    kNoSuchServer,
    kServerExists,
    kFailed,  // the machine: a file that cannot be written, and so on
  };
  Kind kind = Kind::kInvalid;
  std::string text;
};

using Change = std::expected<void, Refusal>;

// A table of services to which changes are made: the running one, or a draft that becomes the
// running one as a whole.
class ServiceTable {
 public:
  virtual ~ServiceTable() = default;
  virtual const std::vector<conf::Service>& services() const = 0;
  // Of a draft, a service as it was before: only what a draft is in the end counts, so what comes
  // back has never gone. nullptr: there was none, or what goes is gone.
  virtual const conf::Service* before(const ServiceKey&) const { return nullptr; }
  virtual Change add_service(conf::Service service) = 0;
  // Lets `edit` change a copy of the service, its servers included, and puts that into its place.
  // Servers are the same where their addresses are; those that are no more leave by `farewell`.
  using Edit = std::function<Change(conf::Service&)>;
  virtual Change edit_service(const ServiceKey& key, const Edit& edit,
                              const Farewell& farewell = {}) = 0;
  virtual Change delete_service(const ServiceKey& key, const Farewell& farewell = {}) = 0;
};

class Changes : public ServiceTable {
 public:
  // Another farewell for what was deleted before and has not gone yet: a server, by its service's
  // name, or a service with all of its servers. It only hastens: a deadline never moves away.
  virtual Change hasten(std::string_view service, const std::optional<lb::Endpoint>& server,
                        const Farewell& farewell) = 0;
  // The running configuration, every default filled in.
  virtual const conf::Config& running() const = 0;
  virtual Change set_timeouts(const conf::Timeouts& timeouts) = 0;
  // Takes the VIPs over from another director, as soon as that has stopped answering for them or a
  // second has passed, and announces them for some seconds; or leaves them to it at once. The
  // configuration, which says whose they are at start, stays as it is.
  virtual Change set_vips(conf::Vips vips) = 0;
  // Makes totals of one service, or of all, count from zero again.
  virtual Change clear_counters(const std::optional<ServiceKey>& key) = 0;
  // Makes the running configuration `wanted`; the state of servers that stay is kept, and whose the
  // VIPs are. Refused when
  // something differs that needs a restart.
  virtual Change replace(conf::Config wanted, const Farewell& farewell = {}) = 0;
  // What `replace` would do, a line each, or why it would refuse.
  virtual std::expected<std::vector<std::string>, Refusal> plan(const conf::Config& wanted) = 0;
  // The file that lbd was started with.
  virtual std::expected<std::vector<std::string>, Refusal> reload() = 0;
  virtual Change save() = 0;
};

}  // namespace control
