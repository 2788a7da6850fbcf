// Frames on their way from one thread to another, copied in and copied out: neither side ever holds
// the other's buffers, takes part in its pool, or waits for it. One producer, one consumer.
#pragma once

#include <atomic>
#include <cstring>
#include <optional>
#include <span>

#include "dataplane/io.h"
#include "lb/reserved_array.h"

namespace dataplane {

class FrameRing {
 public:
  static constexpr uint32_t kFrames = 512;  // that it holds

  struct Frame {
    LinkNumber link;
    std::span<const uint8_t> bytes;
  };

  // `largest`: bytes of a frame. Memory is taken as slots are used for the first time.
  explicit FrameRing(uint16_t largest)
      : largest_(largest),
        slot_bytes_((sizeof(Header) + largest + 63) / 64 * 64),
        memory_(kFrames * slot_bytes_) {}
  FrameRing(const FrameRing&) = delete;
  FrameRing& operator=(const FrameRing&) = delete;

  uint16_t largest() const { return largest_; }

  // The producer's.
  bool writer_has_room(uint32_t frames) {
    if (kFrames - (written_ - read_seen_) >= frames) return true;
    read_seen_ = read_.load(std::memory_order_acquire);
    return kFrames - (written_ - read_seen_) >= frames;
  }
  // Where the next frame is to be put. Precondition: there is room for one.
  std::span<uint8_t> writer_slot() { return {bytes_of(written_), largest_}; }
  // Preconditions: its bytes are in the slot.
  void writer_commit(LinkNumber link, uint16_t length) {
    *header_of(written_) = {link, length};
    published_.store(++written_, std::memory_order_release);
  }
  // Preconditions: there is room for one, and the frame is no longer than the largest.
  void writer_put(LinkNumber link, std::span<const uint8_t> frame) {
    std::memcpy(bytes_of(written_), frame.data(), frame.size());
    writer_commit(link, static_cast<uint16_t>(frame.size()));
  }

  // The consumer's. The oldest frame; its bytes stay until reader_pop.
  std::optional<Frame> reader_front() {
    if (taken_ == published_seen_) {
      published_seen_ = published_.load(std::memory_order_acquire);
      if (taken_ == published_seen_) return std::nullopt;
    }
    const Header& header = *header_of(taken_);
    return Frame{header.link, {bytes_of(taken_), header.length}};
  }
  void reader_pop() { read_.store(++taken_, std::memory_order_release); }

 private:
  struct Header {
    LinkNumber link;
    uint16_t length;
  };
  std::byte* slot(uint32_t number) { return &memory_[(number % kFrames) * slot_bytes_]; }
  Header* header_of(uint32_t number) { return reinterpret_cast<Header*>(slot(number)); }
  uint8_t* bytes_of(uint32_t number) {
    return reinterpret_cast<uint8_t*>(slot(number) + sizeof(Header));
  }

  uint16_t largest_;
  size_t slot_bytes_;
  lb::ReservedArray<std::byte> memory_;
  // Counts of frames; each side on a line of its own, with what it has last seen of the other's.
  alignas(64) std::atomic<uint32_t> published_{0};
  uint32_t written_ = 0;
  uint32_t read_seen_ = 0;
  alignas(64) std::atomic<uint32_t> read_{0};
  uint32_t taken_ = 0;
  uint32_t published_seen_ = 0;
};

}  // namespace dataplane
