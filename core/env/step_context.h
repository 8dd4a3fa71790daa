#pragma once

#include <cstdint>
#include <string_view>

namespace faultline {

// Why the graph is being run. Read at each variable write and copied into the messages of the step
// (DESIGN 2.1(6)).
enum class Cause : std::uint8_t {
  kUnknown,
  kInit,
  kRestore,
  kUpdate,
  kSave,
  kLocalInit,
  kReadyCheck,
};

// As announcements and scenarios write it.
constexpr std::string_view CauseName(Cause cause) {
  switch (cause) {
    case Cause::kUnknown:
      return "unknown";
    case Cause::kInit:
      return "init";
    case Cause::kRestore:
      return "restore";
    case Cause::kUpdate:
      return "update";
    case Cause::kSave:
      return "save";
    case Cause::kLocalInit:
      return "local_init";
    case Cause::kReadyCheck:
      return "ready_check";
  }
  return "unknown";
}

struct StepContext {
  std::uint64_t session_id = 0;
  Cause cause = Cause::kUnknown;
  // Number of the user's run on its monitored session, from 1; 0 outside of one.
  std::uint64_t user_run_id = 0;
  // 1 for the first attempt of that run, then 2, ...
  std::uint32_t attempt = 0;
};

}  // namespace faultline
