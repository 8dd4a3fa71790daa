#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/time.h"
#include "core/fiber/task_group.h"

namespace faultline {

// Pending timers by (moment, number): a 4-ary heap. The numbers differ, so the order is total and
// nothing is left to chance.
class TimerHeap {
 public:
  struct Entry {
    TimePoint at;
    std::uint64_t number;
    internal::TimerTarget* target;
    bool live() const { return target->timer_number == number; }
  };

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  const Entry& top() const { return entries_.front(); }
  void Push(const Entry& entry);
  void Pop();
  // Drops the entries that are not live.
  void Compact();

 private:
  static bool Before(const Entry& a, const Entry& b) {
    return a.at != b.at ? a.at < b.at : a.number < b.number;
  }
  void SiftDown(std::size_t hole, const Entry& entry);

  std::vector<Entry> entries_;
};

}  // namespace faultline
