// An array whose elements never move and cost memory only once they are written: address space for
// all is reserved, pages come when touched. For what workers index while the control thread adds to
// it.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <span>

namespace lb {

// T must be valid as all zeroes, which is what every element starts as.
template <class T>
class ReservedArray {
 public:
  // Throws std::bad_alloc when not even address space is to be had.
  explicit ReservedArray(size_t size) : size_(size) {
    void* memory = mmap(nullptr, size * sizeof(T), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    data_ = static_cast<T*>(memory);
  }
  ReservedArray(const ReservedArray&) = delete;
  ReservedArray& operator=(const ReservedArray&) = delete;
  ~ReservedArray() { munmap(data_, size_ * sizeof(T)); }

  T& operator[](size_t index) { return data_[index]; }
  const T& operator[](size_t index) const { return data_[index]; }
  std::span<T> span() { return {data_, size_}; }

 private:
  T* data_;
  size_t size_;
};

}  // namespace lb
