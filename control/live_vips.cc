// The part of live changes that gives the VIPs away to another director, or takes them over.
#include <fmt/format.h>

#include <algorithm>

#include "conf/check.h"
#include "control/live_changes.h"
#include "control/log.h"

namespace control {
namespace {

// Neighbours may miss one, or hear the other director's last word after it.
constexpr unsigned kAnnouncements = 5;
constexpr std::chrono::seconds kBetweenAnnouncements{1};
// One of a pair goes on, as after two that were cut off from one another neighbours may hold to the
// other. keepalived has this as garp_master_refresh. It costs every host of the network a look at
// each, so many addresses take longer.
constexpr std::chrono::seconds kRefresh{5};
constexpr std::chrono::milliseconds kRefreshPerAddress{20};
// The other director is asked whether it still answers for the VIPs. It and this one are told at
// the same time, and either may be slower; one that never stops is overruled, as VRRP has decided.
constexpr std::chrono::milliseconds kTimeToAnswer{50};
constexpr std::chrono::seconds kPatience{1};

}  // namespace

Change LiveChanges::check_vips(const conf::Config& config, std::span<const conf::Service> services,
                               conf::Vips vips) const {
  if (vips == conf::Vips::kActive) return {};
  for (const conf::Service& service : services) {
    const auto why = conf::why_never_standby(config, service);
    if (!why) continue;
    return std::unexpected(Refusal{
        Refusal::Kind::kInvalid, fmt::format("service {}: found \"{}\", expected {}", service.name,
                                             service.address.to_string(), *why)});
  }
  return {};
}

Change LiveChanges::set_vips(conf::Vips vips) {
  if (auto valid = check_vips(running_.config, running_.config.services, vips); !valid)
    return valid;
  if (vips == conf::Vips::kStandby) {
    take_over_.reset();
    if (running_.vips != vips) make_vips(vips);
    return {};
  }
  if (running_.vips == vips) {
    announce();
    announce_what_is_due();
  } else if (!take_over_) {
    take_over_ = TakeOver{running_.now(), running_.now()};
    ask_elsewhere();
    running_.hurry();
  }
  return {};
}

void LiveChanges::ask_elsewhere() {
  take_over_->asked = running_.now();
  take_over_->answer.clear();
  running_.orders->to_one({.kind = dataplane::Request::Kind::kAskElsewhere});
}

void LiveChanges::hear_of_vip(std::string text) {
  if (take_over_) take_over_->answer = std::move(text);
}

void LiveChanges::follow_take_over() {
  if (!take_over_) return;
  const auto now = running_.now();
  if (now - take_over_->asked < kTimeToAnswer) return;
  const bool answered = !take_over_->answer.empty();
  if (answered && now - take_over_->begun < kPatience) {
    ask_elsewhere();
    return;
  }
  if (answered) log::warning("{}, and is overruled", take_over_->answer);
  take_over_.reset();
  make_vips(conf::Vips::kActive);
}

void LiveChanges::make_vips(conf::Vips vips) {
  running_.vips = vips;
  auto next = std::make_unique<Snapshot>(running_.publisher->snapshot());
  next->standby = vips == conf::Vips::kStandby;
  // Which announces those that have come.
  publish_endpoints(std::move(next));
  announcements_ = vips == conf::Vips::kActive ? kAnnouncements - 1 : 0;
  announced_ = running_.now();
  log::notice("VIPs are {}", vips == conf::Vips::kActive ? "active" : "standby");
}

void LiveChanges::announce() { announcements_ = kAnnouncements; }

bool LiveChanges::is_announcement_due() const {
  const auto since = running_.now() - announced_;
  if (announcements_ > 0) return since >= kBetweenAnnouncements;
  const bool one_of_a_pair = running_.config.vips == conf::Vips::kStandby;
  if (!one_of_a_pair || running_.vips != conf::Vips::kActive) return false;
  const size_t addresses = running_.publisher->snapshot().own.all().size();
  return since >= std::max<std::chrono::milliseconds>(kRefresh, addresses * kRefreshPerAddress);
}

void LiveChanges::announce_what_is_due() {
  if (!is_announcement_due()) return;
  if (announcements_ > 0) --announcements_;
  announce_all();
}

}  // namespace control
