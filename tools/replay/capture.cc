#include "tools/replay/capture.h"

#include <pcap/pcap.h>

#include <cstdio>
#include <string_view>

namespace replay {
namespace {

constexpr int kLargestSnapshot = 262144;  // libpcap's own MAXIMUM_SNAPLEN

// Some of libpcap's messages name the file already.
std::string with_path(const std::string& path, std::string_view message) {
  if (message.starts_with(path)) return std::string(message);
  return path + ": " + std::string(message);
}

}  // namespace

void CaptureReader::Close::operator()(pcap* capture) const { pcap_close(capture); }
void CaptureWriter::Close::operator()(pcap* capture) const { pcap_close(capture); }
void CaptureWriter::Close::operator()(pcap_dumper* file) const { pcap_dump_close(file); }

std::expected<CaptureReader, std::string> CaptureReader::open(const std::string& path) {
  char why[PCAP_ERRBUF_SIZE] = "";
  pcap* capture =
      pcap_open_offline_with_tstamp_precision(path.c_str(), PCAP_TSTAMP_PRECISION_NANO, why);
  if (capture == nullptr) return std::unexpected(with_path(path, why));
  CaptureReader reader(path, capture);
  if (pcap_datalink(capture) != DLT_EN10MB) {
    const char* name = pcap_datalink_val_to_name(pcap_datalink(capture));
    return std::unexpected(path + ": holds frames of link type " +
                           (name != nullptr ? name : std::to_string(pcap_datalink(capture))) +
                           " (expected Ethernet)");
  }
  return reader;
}

std::expected<std::optional<CapturedFrame>, std::string> CaptureReader::next() {
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  switch (pcap_next_ex(capture_.get(), &header, &bytes)) {
    case 1:
      // Of nanosecond precision, tv_usec holds nanoseconds.
      return CapturedFrame{header->ts.tv_sec * kNanosecondsPerSecond + header->ts.tv_usec,
                           {bytes, header->caplen},
                           header->caplen < header->len};
    case PCAP_ERROR_BREAK:
      return std::nullopt;
    default:
      return std::unexpected(with_path(path_, pcap_geterr(capture_.get())));
  }
}

std::expected<CaptureWriter, std::string> CaptureWriter::create(const std::string& path) {
  pcap* format = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, kLargestSnapshot,
                                                      PCAP_TSTAMP_PRECISION_NANO);
  if (format == nullptr) return std::unexpected(path + ": no memory");
  CaptureWriter writer(path, format, nullptr);
  writer.file_.reset(pcap_dump_open(format, path.c_str()));
  if (writer.file_ == nullptr) return std::unexpected(with_path(path, pcap_geterr(format)));
  return writer;
}

void CaptureWriter::write(Time time, std::span<const uint8_t> frame) {
  pcap_pkthdr header{};
  header.ts.tv_sec = time / kNanosecondsPerSecond;
  header.ts.tv_usec = time % kNanosecondsPerSecond;
  header.caplen = header.len = static_cast<bpf_u_int32>(frame.size());
  pcap_dump(reinterpret_cast<u_char*>(file_.get()), &header, frame.data());
}

std::expected<void, std::string> CaptureWriter::finish() {
  if (pcap_dump_flush(file_.get()) != 0 || std::ferror(pcap_dump_file(file_.get())) != 0) {
    return std::unexpected(path_ + ": cannot be written whole");
  }
  return {};
}

}  // namespace replay
