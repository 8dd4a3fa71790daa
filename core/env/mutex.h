#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/env/spawner.h"

namespace faultline {

// Excludes fibers of one process from a section that suspends. Not needed around code that does not
// suspend: fibers never run at the same time.
class Mutex {
 public:
  Mutex(Spawner& spawner, std::string name)
      : name_(std::move(name)), queue_(spawner.MakeWaitQueue()) {}

  // Suspends until the mutex is free; waiters get it in order. Not re-entrant.
  void Lock();
  // Never suspends.
  void Unlock();
  bool held() const { return held_; }

 private:
  std::string name_;
  bool held_ = false;
  std::unique_ptr<WaitQueue> queue_;
};

class MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace faultline
