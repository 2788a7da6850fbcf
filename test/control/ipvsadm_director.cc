#include "test/control/ipvsadm_director.h"

#include <catch2/catch.hpp>

#include "control/ipvsadm/run.h"
#include "test/control/lvs_facts.h"

namespace control::test {

conf::Vocabulary lvs_vocabulary() {
  conf::Vocabulary vocabulary;
  for (const char* name : {"rr", "wrr", "lc", "wlc"})
    vocabulary.schedulers.push_back({name, "", {}});
  for (const char* name : {"sh", "mh"}) {
    vocabulary.schedulers.push_back({name,
                                     "",
                                     {{"port", {conf::Boolean{}}, "", false, "false"},
                                      {"fallback", {conf::Boolean{}}, "", false, "false"},
                                      {"size", {conf::Integer{}}, "", false, "4093"}}});
  }
  for (const char* name : {"nat", "dr", "tunnel"}) vocabulary.methods.push_back({name, ""});
  return vocabulary;
}

Reply IpvsadmDirector::run(const std::string& line, std::string_view document, Level level) {
  FakeFacts facts = facts_of(changes.config);
  const std::vector<std::string> words = split(line);
  const std::vector<std::string_view> views(words.begin(), words.end());
  const Call call{
      .arguments = views, .document = document, .level = level, .table = {}, .changes = &changes};
  return control::ipvsadm::run(facts, call, vocabulary);
}

std::string IpvsadmDirector::transcript(const std::string& line, std::string_view document) {
  const Reply reply = run(line, document);
  if (reply) return *reply + "[exit 0]";
  return reply.error().text + "\n[exit " + std::to_string(reply.error().status) + "]";
}

std::string IpvsadmDirector::output(const std::string& line, std::string_view document) {
  const Reply reply = run(line, document);
  INFO(line << (reply ? "" : ": " + reply.error().text));
  REQUIRE(reply.has_value());
  return *reply;
}

std::string IpvsadmDirector::error(const std::string& line, std::string_view document) {
  const Reply reply = run(line, document);
  INFO(line);
  REQUIRE_FALSE(reply.has_value());
  return std::to_string(reply.error().status) + " " + reply.error().text;
}

}  // namespace control::test
