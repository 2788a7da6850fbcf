// A draft knows what there is, and does nothing by halves.
#include "control/service_draft.h"

#include <catch2/catch.hpp>

#include "test/control/fake_facts.h"

namespace control {
namespace {

using test::endpoint;

conf::Service service(std::string_view address, lb::Protocol protocol = lb::Protocol::kTcp) {
  conf::Service result;
  result.protocol = protocol;
  result.address = endpoint(address);
  result.name = result.derived_name();
  return result;
}

std::vector<std::string> names(const ServiceDraft& draft) {
  std::vector<std::string> result;
  for (const conf::Service& one : draft.services()) result.push_back(one.name);
  return result;
}

const ServiceKey kDrafted{lb::Protocol::kTcp, endpoint("10.0.0.1:80")};
const ServiceKey kDns{lb::Protocol::kUdp, endpoint("10.0.0.1:53")};

ServiceDraft two() {
  return ServiceDraft({service("10.0.0.1:80"), service("10.0.0.1:53", lb::Protocol::kUdp)});
}

TEST_CASE("draft: services are added at the end, once") {
  ServiceDraft draft = two();
  CHECK(draft.add_service(service("10.0.0.1:80", lb::Protocol::kUdp)).has_value());
  const Change again = draft.add_service(service("10.0.0.1:80"));
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().kind == Refusal::Kind::kServiceExists);
  CHECK(again.error().text == "there is a service tcp:10.0.0.1:80 already");
  CHECK(names(draft) ==
        std::vector<std::string>{"tcp:10.0.0.1:80", "udp:10.0.0.1:53", "udp:10.0.0.1:80"});
}

TEST_CASE("draft: an edit takes the service's place") {
  ServiceDraft draft = two();
  CHECK(draft.edit_service(kDrafted, [](conf::Service& web) -> Change {
    web.scheduler = "rr";
    return {};
  }));
  CHECK(draft.services()[0].scheduler == "rr");
}

TEST_CASE("draft: an edit that is refused says why") {
  ServiceDraft draft = two();
  const Change change = draft.edit_service(kDrafted, [](conf::Service& web) -> Change {
    CHECK(web.scheduler == "wlc");
    return std::unexpected(Refusal{Refusal::Kind::kNoSuchServer, "none"});
  });
  REQUIRE_FALSE(change.has_value());
  CHECK(change.error().text == "none");
}

TEST_CASE("draft: an edit may give a service another address that is free") {
  ServiceDraft draft = two();
  const auto move_to = [](std::string_view address, lb::Protocol protocol) {
    return [=](conf::Service& one) -> Change {
      one.address = endpoint(address);
      one.protocol = protocol;
      return {};
    };
  };
  CHECK_FALSE(draft.edit_service(kDrafted, move_to("10.0.0.1:53", lb::Protocol::kUdp)));
  CHECK(draft.edit_service(kDrafted, move_to("10.0.0.1:8080", lb::Protocol::kTcp)));
  CHECK_FALSE(draft.delete_service(kDrafted));
  CHECK(draft.delete_service({lb::Protocol::kTcp, endpoint("10.0.0.1:8080")}));
}

TEST_CASE("draft: what is not there cannot be edited or deleted") {
  ServiceDraft draft = two();
  CHECK(draft.delete_service(kDrafted));
  CHECK(draft.edit_service(kDns, [](conf::Service&) -> Change { return {}; }));
  CHECK(draft.delete_service(kDrafted).error().kind == Refusal::Kind::kNoSuchService);
  const Change edit = draft.edit_service(kDrafted, [](conf::Service&) -> Change { return {}; });
  CHECK(edit.error().text == "there is no service tcp:10.0.0.1:80");
}

TEST_CASE("draft: cleared, it takes everything again") {
  ServiceDraft draft = two();
  draft.clear();
  CHECK(draft.services().empty());
  CHECK(draft.add_service(service("10.0.0.1:80")));
}

}  // namespace
}  // namespace control
