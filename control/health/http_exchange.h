// What http and https have in common: what is asked and when the answer is right.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conf/config.h"
#include "conf/shape.h"
#include "conf/vocabulary.h"
#include "lb/address.h"

namespace control::health {

// What the file may say of both.
std::vector<conf::Property> http_options();
// A `body` in the answer to HEAD, which has none (RFC 9110 section 9.3.2).
std::optional<conf::CheckType::Contradiction> http_contradiction(const conf::Options& options);

struct HttpWish {
  explicit HttpWish(const conf::Options& options);

  // The request's bytes. `port` is the scheme's own, which no Host field names.
  std::string request(const lb::Endpoint& target, uint16_t port) const;

  std::string method;
  std::string path;
  std::string host;  // empty: the target's address
  std::string status;
  std::vector<std::pair<unsigned, unsigned>> statuses;
  std::string body;  // empty: any
};

// Reads an answer until it is known to be right or wrong; it keeps no more than it needs for that.
class HttpAnswer {
 public:
  // How much of a body is looked at for the text.
  static constexpr size_t kLooked = 256 << 10;

  // `wish` outlives it.
  explicit HttpAnswer(const HttpWish& wish);
  ~HttpAnswer();

  // What came; or the end of what comes. True: the verdict is there.
  bool feed(std::string_view bytes);
  bool end();

  bool passed() const;
  const std::string& reason() const;

 private:
  class Judge;
  std::unique_ptr<Judge> judge_;
};

}  // namespace control::health
