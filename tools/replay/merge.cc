#include "tools/replay/merge.h"

#include <fmt/format.h>

#include <utility>

namespace replay {

std::expected<Merge, std::string> Merge::open(const std::vector<Input>& inputs) {
  Merge merge;
  for (const Input& input : inputs) {
    auto reader = CaptureReader::open(input.path);
    if (!reader) return std::unexpected(reader.error());
    merge.sources_.push_back({input.interface, std::move(*reader), {}});
    read_head(merge.sources_.back());
  }
  return merge;
}

void Merge::read_head(Source& source) {
  source.head.reset();
  while (!source.head) {
    const auto frame = source.reader.next();
    if (!frame) source.fault = frame.error();
    if (!frame || !*frame) return;
    const CapturedFrame& captured = **frame;
    if (source.frames++ > 0 && captured.time < source.last) ++source.backwards;
    source.last = captured.time;
    source.cut += captured.cut;
    if (captured.bytes.size() > HeapIo::kLargestFrame) {
      ++source.too_large;
      continue;
    }
    source.head = {source.interface, captured.time, {captured.bytes.begin(), captured.bytes.end()}};
  }
}

std::optional<MergedFrame> Merge::next() {
  Source* earliest = nullptr;
  for (Source& source : sources_) {
    if (source.head && (earliest == nullptr || source.head->time < earliest->head->time)) {
      earliest = &source;
    }
  }
  if (earliest == nullptr) return std::nullopt;
  MergedFrame frame = std::move(*earliest->head);
  read_head(*earliest);
  return frame;
}

std::vector<std::string> Merge::faults() const {
  std::vector<std::string> lines;
  for (const Source& source : sources_) {
    if (source.fault) lines.push_back(*source.fault);
  }
  return lines;
}

std::vector<std::string> Merge::complaints() const {
  std::vector<std::string> lines;
  for (const Source& source : sources_) {
    const auto complain = [&](uint64_t count, std::string_view what) {
      if (count == 0) return;
      lines.push_back(
          fmt::format("{}: {} of {} frames {}", source.reader.path(), count, source.frames, what));
    };
    complain(source.cut, "are cut short by the capture (tcpdump -s 0 keeps them whole)");
    complain(source.too_large, "are larger than an mbuf and were left out");
    complain(source.backwards, "are older than the one before, and count as simultaneous");
  }
  return lines;
}

}  // namespace replay
