#include "lb/drop_reason.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

TEST_CASE("every drop reason has a name of its own, of small letters and underscores") {
  std::set<std::string_view> names;
  for (const lb::DropReasonText& text : lb::kDropReasonTexts) {
    CAPTURE(text.name);
    CHECK_FALSE(text.name.empty());
    CHECK(std::all_of(text.name.begin(), text.name.end(),
                      [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; }));
    CHECK(names.insert(text.name).second);
  }
  CHECK(names.size() == lb::kDropReasons);
}

TEST_CASE("every drop reason has a description of its own, of one line") {
  std::set<std::string_view> descriptions;
  for (const lb::DropReasonText& text : lb::kDropReasonTexts) {
    CAPTURE(text.name, text.description);
    CHECK_FALSE(text.description.empty());
    CHECK(text.description.find('\n') == std::string_view::npos);
    CHECK(descriptions.insert(text.description).second);
  }
}

TEST_CASE("drop reasons and their texts stand in the same order") {
  CHECK(lb::text_of(lb::DropReason::kForeignMac).name == "foreign_mac");
  CHECK(lb::text_of(lb::DropReason::kBadIpOptions).name == "bad_ip_options");
  CHECK(lb::text_of(lb::DropReason::kBadSource).name == "bad_source");
  CHECK(lb::text_of(lb::DropReason::kClosedPort).name == "closed_port");
  CHECK(lb::text_of(lb::DropReason::kNoServer).name == "no_server");
  CHECK(lb::text_of(lb::DropReason::kTableFull).name == "table_full");
  CHECK(lb::text_of(lb::DropReason::kAmbiguousTuple).name == "ambiguous_tuple");
  CHECK(lb::text_of(lb::DropReason::kNoRoute).name == "no_route");
  CHECK(lb::text_of(lb::DropReason::kTransmitFull).name == "transmit_full");
}
