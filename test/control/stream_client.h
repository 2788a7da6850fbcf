// A blocking client for the tests of servers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace control::test {

class StreamClient {
 public:
  explicit StreamClient(const std::string& unix_path);
  explicit StreamClient(uint16_t local_port);  // TCP on 127.0.0.1
  StreamClient(StreamClient&& other) noexcept;
  ~StreamClient();

  // False when the server has gone.
  bool send(std::string_view bytes) const;
  void end_sending() const;
  // At most `size` bytes; empty at end of file.
  std::string receive(size_t size) const;
  // Whether so many bytes come to wait to be received, within ten seconds.
  bool gets_waiting(int bytes) const;
  // Until end of file. A connection that breaks adds "<reset>". More than ten seconds of silence,
  // "<timeout>".
  std::string receive_all() const;
  std::string ask(std::string_view bytes) const {
    send(bytes);
    return receive_all();
  }

 private:
  int fd_;
};

}  // namespace control::test
