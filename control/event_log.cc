#include "control/event_log.h"

#include <fmt/format.h>

namespace control {
namespace {

using Kind = dataplane::Event::Kind;

log::Level level_of(Kind kind) {
  return kind == Kind::kNeighbourMoved ? log::Level::kNotice : log::Level::kWarning;
}

}  // namespace

std::string event_text(const dataplane::Event& event, const conf::Config& config) {
  const std::string interface = "interface " + config.interfaces[event.link].name + ": ";
  const std::string address = lb::IpAddress(event.address).to_string();
  switch (event.kind) {
    case dataplane::Event::Kind::kNeighbourMoved:
      return interface + address + " moved from " + event.from.to_string() + " to " +
             event.to.to_string();
    case dataplane::Event::Kind::kNeighbourFailed:
      return interface + address + " does not answer ARP";
    case dataplane::Event::Kind::kPortsExhausted:
      return interface + "masquerade has no port left towards " + address;
    case dataplane::Event::Kind::kAnswersForVip:
      return interface + event.from.to_string() + " answers for the VIP " + address;
    case dataplane::Event::Kind::kAddressConflict:
      break;
  }
  return interface + event.from.to_string() + " claims the director's address " + address;
}

void EventLog::take(const dataplane::Event& event, const conf::Config& config, Time now) {
  // Not by its MAC address: who wants to fill the log draws a new one for each frame.
  const What what{event.kind, event.link, event.address.bits.value()};
  auto known = told_.find(what);
  if (known == told_.end()) {
    if (told_.size() == kMost) {
      ++untold_;
      return;
    }
    known = told_.emplace(what, Told{.since = now, .last = {}, .last_came = {}}).first;
  }
  Told& told = known->second;
  std::string text = event_text(event, config);
  const bool is_anothers = text == told.last && now - told.last_came < kSame;
  told.last = std::move(text);
  told.last_came = now;
  if (is_anothers) return;
  if (told.lines == kTold) {
    ++told.more;
    return;
  }
  ++told.lines;
  emit_(level_of(event.kind), told.last);
}

void EventLog::step(uint64_t unreported, Time now) {
  std::erase_if(told_, [&](const auto& entry) {
    const auto& [what, told] = entry;
    if (now - told.since < kWhile) return false;
    if (told.more > 0) {
      emit_(level_of(std::get<Kind>(what)),
            fmt::format("{} more in {} s, the last: {}", told.more, kWhile.count(), told.last));
    }
    return true;
  });
  if (now < next_sum_) return;
  next_sum_ = now + kWhile;
  const uint64_t lost = unreported - unreported_ + untold_;
  if (lost > 0) {
    emit_(log::Level::kWarning,
          fmt::format("{} more events on the wire were too many to be told", lost));
  }
  unreported_ = unreported;
  untold_ = 0;
}

}  // namespace control
