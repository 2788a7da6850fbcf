// Memory from EAL: hugepages where there are any.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>

namespace dataplane {

class Memory {
 public:
  // Zeroed, aligned to 64 bytes. `purpose` names it in the error; `socket`: the NUMA node that it
  // should lie on, or -1.
  static std::expected<Memory, std::string> take(size_t bytes, const std::string& purpose,
                                                 int socket = -1);
  std::span<std::byte> bytes() const { return bytes_; }

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte, Free> owned_;
  std::span<std::byte> bytes_;
};

}  // namespace dataplane
