#include "dataplane/xdp_log.h"

#include <dlfcn.h>
#include <syslog.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace dataplane {
namespace {

// libbpf_print_fn_t and libxdp_print_fn_t.
using Print = int (*)(int level, const char* format, std::va_list arguments);
using SetPrint = Print (*)(Print);

LogSink g_xdp_sink = nullptr;

int pass_on(int, const char* format, std::va_list arguments) {
  char text[512];
  const int length = std::vsnprintf(text, sizeof text, format, arguments);
  std::string_view line(text, static_cast<size_t>(std::clamp<int>(length, 0, sizeof text - 1)));
  while (line.ends_with('\n')) line.remove_suffix(1);
  if (!line.empty()) g_xdp_sink(LOG_DEBUG, line);
  return length;
}

// The driver loads the same library when DPDK starts, so it stays loaded.
void set_print(const char* library, const char* function) {
  void* loaded = dlopen(library, RTLD_NOW);
  if (loaded == nullptr) return;
  if (auto* set = reinterpret_cast<SetPrint>(dlsym(loaded, function))) set(pass_on);
}

}  // namespace

void capture_xdp_log(LogSink sink) {
  g_xdp_sink = sink;
  set_print("libbpf.so.1", "libbpf_set_print");
  set_print("libxdp.so.1", "libxdp_set_print");
}

}  // namespace dataplane
