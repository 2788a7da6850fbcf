// What memory is left, from files as the kernel has them.
#include "dataplane/machine_memory.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "test/temp_dir.h"

namespace dataplane {
namespace {

constexpr size_t kMegabyte = 1 << 20;

class Machine {
 public:
  void write(const std::string& name, std::string_view text) const {
    const std::filesystem::path path = dir_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::optional<size_t> available() const {
    return available_memory(dir_ / "proc", dir_ / "cgroup");
  }

 private:
  shared_test::TempDir dir_;
};

TEST_CASE("available memory: nobody says") { CHECK(Machine().available() == std::nullopt); }

TEST_CASE("available memory: the machine's, unless a control group leaves less") {
  const Machine machine;
  machine.write("proc/meminfo", "MemTotal: 4096000 kB\nMemAvailable:    1024000 kB\n");
  CHECK(machine.available() == 1000 * kMegabyte);
  machine.write("proc/self/cgroup", "1:cpu:/\n0::/system.slice/lbd.service\n");
  CHECK(machine.available() == 1000 * kMegabyte);
  const auto limit = [&](const std::string& group, std::string_view most, std::string_view used,
                         std::string_view files) {
    machine.write("cgroup/" + group + "/memory.max", most);
    machine.write("cgroup/" + group + "/memory.current", used);
    machine.write("cgroup/" + group + "/memory.stat", files);
  };
  limit("system.slice/lbd.service", "max\n", "1000000\n", "file 0\n");
  CHECK(machine.available() == 1000 * kMegabyte);
  limit("system.slice", "524288000\n", "209715200\n", "anon 104857600\nfile 104857600\n");
  CHECK(machine.available() == 400 * kMegabyte);  // 500, of which 100 hold more than files
  limit("system.slice", "524288000\n", "209715200\n", "file 104857600\nshmem 52428800\n");
  CHECK(machine.available() == 350 * kMegabyte);  // half of its files are nowhere else
  limit("system.slice/lbd.service", "104857600\n", "209715200\n", "file 0\n");
  CHECK(machine.available() == 0);
}

}  // namespace
}  // namespace dataplane
