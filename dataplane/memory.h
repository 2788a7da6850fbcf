// Memory for tables. From EAL where it has hugepages; else from the kernel, which is asked for
// transparent ones: EAL's memory is a file's then, and has none. They take a third off the time of
// a packet of one in a million connections.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>

namespace dataplane {

// Rounded up, for people.
constexpr size_t megabytes(size_t bytes) { return (bytes >> 20) + 1; }

class Memory {
 public:
  // Zeroed, aligned to 64 bytes. `purpose` names it in the error; `socket`: the NUMA node that it
  // should lie on, or -1.
  static std::expected<Memory, std::string> take(size_t bytes, const std::string& purpose,
                                                 int socket = -1);
  std::span<std::byte> bytes() const { return bytes_; }

 private:
  struct Free {
    Free() : Free(0) {}
    explicit Free(size_t bytes) : mapped(bytes) {}
    size_t mapped;  // bytes; 0: it is EAL's
    void operator()(std::byte* memory) const;
  };
  static std::expected<Memory, std::string> map(size_t bytes, const std::string& purpose);
  std::unique_ptr<std::byte, Free> owned_;
  std::span<std::byte> bytes_;
};

}  // namespace dataplane
