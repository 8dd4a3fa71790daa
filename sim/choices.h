#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/prng.h"
#include "core/base/time.h"

namespace faultline::sim {

// Draws that a replay or a shrunk failure replaces: name of the stream, then index of the draw
// (from 0), then its value. The rest comes from the seed (DESIGN 2.1(10)).
using Overrides = std::map<std::string, std::map<std::uint64_t, std::uint64_t>>;

// One draw as it was recorded: `value` of `bound` possible ones; bound 0 stands for 2^64.
struct RecordedDraw {
  std::uint64_t bound = 0;
  std::uint64_t value = 0;
};

// Hears of every draw, for the trace.
class DrawListener {
 public:
  virtual ~DrawListener() = default;
  virtual void OnDraw(std::string_view stream, std::uint64_t index, std::uint64_t value) = 0;
};

// The draws of one purpose of one thing. Each draw takes exactly one number of the generator,
// overridden or not, so an override changes this draw and no other. Never suspends.
//
// What an override's value means: the result itself for Next and Below, the distance from `low` for
// Between, 0 or 1 for Chance, nanoseconds for Exponential. A value out of range is reduced modulo
// the range, so that shrinking can never make a draw invalid.
class ChoiceStream {
 public:
  ChoiceStream(std::string name, Prng prng);
  ChoiceStream(const ChoiceStream&) = delete;
  ChoiceStream& operator=(const ChoiceStream&) = delete;

  std::uint64_t Next();
  // Uniform in [0, bound); bound > 0.
  std::uint64_t Below(std::uint64_t bound);
  // Uniform in [low, high], both included.
  std::int64_t Between(std::int64_t low, std::int64_t high);
  Duration Between(Duration low, Duration high);
  bool Chance(Ratio ratio);
  Duration Exponential(Duration mean);

  const std::string& name() const { return name_; }
  // How many draws were made.
  std::uint64_t count() const { return count_; }

 private:
  friend class ChoiceSource;
  std::uint64_t Settle(std::uint64_t bound, std::uint64_t drawn);

  const std::string name_;
  Prng prng_;
  std::uint64_t count_ = 0;
  const std::map<std::uint64_t, std::uint64_t>* overrides_ = nullptr;
  std::vector<RecordedDraw>* recorded_ = nullptr;
  DrawListener* listener_ = nullptr;
};

// The source of every choice of a run. Streams are keyed by (component, purpose, instance): what is
// not asked for draws nothing, so a class or a node that is switched off moves no other draw.
class ChoiceSource {
 public:
  explicit ChoiceSource(std::uint64_t seed, Overrides overrides = {});
  ChoiceSource(const ChoiceSource&) = delete;
  ChoiceSource& operator=(const ChoiceSource&) = delete;

  // The stream "component/purpose/instance", made on first use; lives as long as the source. The
  // parts hold no '/'.
  ChoiceStream& Stream(std::string_view component, std::string_view purpose,
                       std::string_view instance = {});

  // Keeps the draws of streams whose names begin so, from now on; "" keeps all.
  void Record(std::string prefix);
  // What was kept, by stream.
  const std::map<std::string, std::vector<RecordedDraw>>& recorded() const { return recorded_; }

  // Draws of the streams made from now on are told to `listener`, but for those of `component`.
  void Listen(DrawListener* listener, std::string except_component);

  std::uint64_t seed() const { return seed_; }
  // Names of all streams used so far, sorted.
  std::vector<std::string> StreamNames() const;
  // Overrides of streams or draws that never came: "stream[index]". A replay that has any did not
  // replay.
  std::vector<std::string> UnusedOverrides() const;

 private:
  const std::uint64_t seed_;
  const Prng root_;
  const Overrides overrides_;
  std::vector<std::string> record_prefixes_;
  std::map<std::string, std::vector<RecordedDraw>> recorded_;
  std::map<std::string, std::unique_ptr<ChoiceStream>> streams_;
  DrawListener* listener_ = nullptr;
  std::string unheard_;
};

}  // namespace faultline::sim
