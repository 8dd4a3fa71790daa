#pragma once

#include <cstdint>
#include <string_view>

namespace faultline {

enum class LogLevel : std::uint8_t { kInfo, kWarning, kError };

// Lines for people. Never suspends, never fails.
class Logger {
 public:
  virtual ~Logger() = default;
  virtual void Log(LogLevel level, std::string_view text) = 0;
};

}  // namespace faultline
