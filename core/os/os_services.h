#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "core/env/clock.h"
#include "core/env/logger.h"
#include "core/env/observer.h"
#include "core/env/random.h"

namespace faultline {

// Lines on stderr: "2026-01-31 12:00:00.123456: W text", in UTC.
class StderrLogger final : public Logger {
 public:
  StderrLogger(Clock& clock, LogLevel min_level) : clock_(clock), min_level_(min_level) {}
  void Log(LogLevel level, std::string_view text) override;

 private:
  Clock& clock_;
  LogLevel min_level_;
};

// The system's entropy, whatever the purpose.
class OsRandom final : public Random {
 public:
  std::uint64_t Draw(std::string_view purpose) override;
};

// Logs announcements, or does nothing with a null logger.
class LoggingObserver final : public Observer {
 public:
  explicit LoggingObserver(Logger* logger) : logger_(logger) {}
  void Announce(Point point, std::initializer_list<Field> fields) override;

 private:
  Logger* logger_;
};

}  // namespace faultline
