#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/base/time.h"
#include "sim/choices.h"
#include "sim/disk_state.h"
#include "sim/interposer.h"

namespace faultline::sim {

// How long operations take: uniform between two bounds, plus the bytes by throughput.
struct DiskOptions {
  Duration operation_min = Duration::Microseconds(20);
  Duration operation_max = Duration::Microseconds(200);
  Duration sync_min = Duration::Milliseconds(1);
  Duration sync_max = Duration::Milliseconds(10);
  std::int64_t bytes_per_second = 500'000'000;
  std::uint64_t capacity_bytes = UINT64_MAX;
};

// A disk of the simulator: its state, its timing, and what tests and scenarios do to it from
// outside. Nothing here suspends; what processes see is SimFileSystem.
class SimDisk {
 public:
  SimDisk(std::string name, DiskOptions options, ChoiceSource& choices);
  SimDisk(const SimDisk&) = delete;
  SimDisk& operator=(const SimDisk&) = delete;

  // Puts a file there with all directories above it, durable at once.
  void Put(std::string_view path, std::string_view content);
  // Content as a process would read it. NOT_FOUND, FAILED_PRECONDITION.
  Result<std::string> Get(std::string_view path) const;
  // Every path with its content; directories end with '/'.
  std::map<std::string, std::string> Contents() const { return state_.Contents(); }
  // Flips bits of one byte where it lies: silent damage. False if there is no such byte.
  bool Damage(std::string_view path, std::uint64_t offset, std::uint8_t flip);
  // Cuts a file to `size` bytes where it lies. False if there is no such file or it is shorter.
  bool Truncate(std::string_view path, std::uint64_t size);
  void set_capacity(std::uint64_t bytes) { state_.set_capacity(bytes); }
  // Undoes what `owner` (a node's id) had not synced.
  void PowerFail(std::uint32_t owner, LossModel loss);

  const std::string& name() const { return name_; }
  DiskState& state() { return state_; }
  // Draws how long an operation on so many bytes takes.
  Duration DrawLatency(FileOperation operation, std::uint64_t bytes);

 private:
  const std::string name_;
  const DiskOptions options_;
  DiskState state_;
  ChoiceStream& latency_;
  ChoiceStream& power_;
};

}  // namespace faultline::sim
