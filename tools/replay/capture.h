// Capture files: pcap and pcapng, of microseconds or nanoseconds, of Ethernet frames.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>

struct pcap;
struct pcap_dumper;

namespace replay {

// Nanoseconds since 1970, as captures have it.
using Time = int64_t;
inline constexpr Time kNanosecondsPerSecond = 1'000'000'000;

struct CapturedFrame {
  Time time;
  std::span<const uint8_t> bytes;  // valid until the next one is read
  bool cut;                        // the capture holds only the frame's beginning
};

class CaptureReader {
 public:
  // Errors: one line that names the file.
  static std::expected<CaptureReader, std::string> open(const std::string& path);

  // The next frame in the order of the file; nullopt at its end. Error: the file is broken there.
  std::expected<std::optional<CapturedFrame>, std::string> next();

  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(pcap* capture) const;
  };
  CaptureReader(std::string path, pcap* capture) : path_(std::move(path)), capture_(capture) {}

  std::string path_;
  std::unique_ptr<pcap, Close> capture_;
};

// Writes pcap with nanoseconds.
class CaptureWriter {
 public:
  static std::expected<CaptureWriter, std::string> create(const std::string& path);

  void write(Time time, std::span<const uint8_t> frame);
  // To be called once, at the end: whether everything is in the file.
  std::expected<void, std::string> finish();

 private:
  struct Close {
    void operator()(pcap* capture) const;
    void operator()(pcap_dumper* file) const;
  };
  CaptureWriter(std::string path, pcap* format, pcap_dumper* file)
      : path_(std::move(path)), format_(format), file_(file) {}

  std::string path_;
  std::unique_ptr<pcap, Close> format_;
  std::unique_ptr<pcap_dumper, Close> file_;
};

}  // namespace replay
