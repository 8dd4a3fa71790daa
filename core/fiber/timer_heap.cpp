#include "core/fiber/timer_heap.h"

#include <algorithm>

#include "core/base/assert.h"

namespace faultline {

void TimerHeap::Push(const Entry& entry) {
  std::size_t hole = entries_.size();
  entries_.push_back(entry);
  while (hole > 0) {
    const std::size_t parent = (hole - 1) / 4;
    if (!Before(entry, entries_[parent])) break;
    entries_[hole] = entries_[parent];
    hole = parent;
  }
  entries_[hole] = entry;
}

void TimerHeap::Pop() {
  FL_ASSERT(!entries_.empty(), "no timer to pop");
  const Entry last = entries_.back();
  entries_.pop_back();
  if (!entries_.empty()) SiftDown(0, last);
}

void TimerHeap::SiftDown(std::size_t hole, const Entry& entry) {
  Entry* const entries = entries_.data();
  const std::size_t size = entries_.size();
  for (;;) {
    const std::size_t first = hole * 4 + 1;
    if (first >= size) break;
    const std::size_t end = std::min(first + 4, size);
    std::size_t least = first;
    for (std::size_t child = first + 1; child < end; ++child) {
      if (Before(entries[child], entries[least])) least = child;
    }
    if (!Before(entries[least], entry)) break;
    entries[hole] = entries[least];
    hole = least;
  }
  entries[hole] = entry;
}

void TimerHeap::Compact() {
  std::erase_if(entries_, [](const Entry& entry) { return !entry.live(); });
  for (std::size_t i = entries_.size(); i-- > 0;) {
    const Entry entry = entries_[i];
    SiftDown(i, entry);
  }
}

}  // namespace faultline
