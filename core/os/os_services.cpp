#include "core/os/os_services.h"

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <string>

#include <fmt/format.h>
#include <sys/random.h>

#include "core/base/assert.h"

namespace faultline {
namespace {

constexpr std::int64_t kMicrosecond = 1'000;
constexpr std::int64_t kSecond = 1'000'000'000;

}  // namespace

void StderrLogger::Log(LogLevel level, std::string_view text) {
  if (level < min_level_) return;
  const std::int64_t now = clock_.WallNow().nanoseconds();
  const std::time_t seconds = now / kSecond;
  std::tm utc;
  ::gmtime_r(&seconds, &utc);
  const std::string line =
      fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}: {} {}\n", utc.tm_year + 1900,
                  utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                  now % kSecond / kMicrosecond, "IWE"[static_cast<int>(level)], text);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

std::uint64_t OsRandom::Draw(std::string_view) {
  std::uint64_t bits = 0;
  const ssize_t got = ::getrandom(&bits, sizeof(bits), 0);
  FL_ASSERT(got == sizeof(bits), "getrandom: errno {}", errno);
  return bits;
}

void LoggingObserver::Announce(Point point, std::initializer_list<Field> fields) {
  if (logger_ == nullptr) return;
  std::string line(PointName(point));
  for (const Field& field : fields) {
    if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
      line += fmt::format(" {}={}", field.name, *number);
    } else {
      line += fmt::format(" {}=\"{}\"", field.name, std::get<1>(field.value));
    }
  }
  logger_->Log(LogLevel::kInfo, line);
}

}  // namespace faultline
