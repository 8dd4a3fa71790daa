#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <vector>

#include <boost/context/fiber.hpp>

#include "core/base/hash.h"
#include "core/base/prng.h"
#include "core/fiber/stack_pool.h"

namespace faultline::bench {

// What the kernel is measured against: the least that a deterministic scheduler has to do, straight
// on Boost.Context. A random choice among the ready fibers, a hash of every choice, the exception
// state of each fiber, virtual timers in a std::priority_queue. No crash, no cancellation, no wait
// queues, no reasons, no budgets but a number of turns. Its fibers never end.
class YardstickScheduler {
 public:
  explicit YardstickScheduler(StackPool& stacks);
  ~YardstickScheduler();

  void Spawn(std::function<void()> body);
  // Runs so many turns.
  void Run(std::uint64_t turns);
  // From fibers.
  void Yield();
  void Sleep(std::int64_t nanoseconds);
  std::uint64_t hash() const { return hash_.value(); }

 private:
  struct ExceptionState {
    void* caught = nullptr;
    unsigned int uncaught = 0;
  };
  struct Fiber {
    boost::context::fiber context;
    std::uint64_t id = 0;
    ExceptionState exceptions;
  };
  struct Timer {
    std::int64_t at;
    std::uint64_t number;
    Fiber* fiber;
    bool operator<(const Timer& other) const {
      return at != other.at ? at > other.at : number > other.number;
    }
  };

  Fiber* Choose();
  void Switch();

  StackPool& stacks_;
  Prng prng_{1};
  Hash64 hash_;
  std::vector<Fiber*> ready_;
  std::priority_queue<Timer> timers_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  Fiber main_;
  Fiber* current_ = &main_;
  ExceptionState* exceptions_;
  std::uint64_t turns_left_ = 0;
  std::uint64_t timers_made_ = 0;
  std::int64_t now_ = 0;
};

}  // namespace faultline::bench
