#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/prng.h"
#include "core/env/logger.h"
#include "core/env/observer.h"
#include "core/env/random.h"

namespace faultline::testing {

// Keeps every line.
class RecordingLogger final : public Logger {
 public:
  struct Line {
    LogLevel level;
    std::string text;
  };
  void Log(LogLevel level, std::string_view text) override;
  const std::vector<Line>& lines() const { return lines_; }
  // How many lines contain `text`.
  int Count(std::string_view text) const;

 private:
  std::vector<Line> lines_;
};

// Keeps every announcement.
class RecordingObserver final : public Observer {
 public:
  struct Announcement {
    Point point;
    std::map<std::string, std::variant<std::int64_t, std::string>, std::less<>> fields;
    // Assert that the field exists and has this type.
    std::int64_t number(std::string_view field) const;
    const std::string& text(std::string_view field) const;
  };

  void Announce(Point point, std::initializer_list<Field> fields) override;
  bool WantsDigests() const override { return wants_digests; }

  const std::vector<Announcement>& all() const { return all_; }
  std::vector<Announcement> Of(Point point) const;
  int Count(Point point) const { return static_cast<int>(Of(point).size()); }
  void Clear() { all_.clear(); }

  bool wants_digests = false;
  // Called after each announcement has been kept, on the announcing fiber; may suspend or throw.
  std::function<void(const Announcement&)> strike;

 private:
  std::vector<Announcement> all_;
};

// The same bits for the same seed and purpose, each purpose a stream of its own.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : root_(seed) {}
  std::uint64_t Draw(std::string_view purpose) override;

 private:
  Prng root_;
  std::map<std::string, Prng, std::less<>> streams_;
};

}  // namespace faultline::testing
