#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "sim/trace.h"

namespace faultline::v1 {
class TraceFile;
}  // namespace faultline::v1

namespace faultline::sim {

// Stores every event in compact binary form (sim/trace.proto). Pieces go to `write` as they fill
// up; the last when the writer is flushed or dies.
class TraceWriter final : public TraceSink {
 public:
  using Write = std::function<void(std::string_view piece)>;
  static constexpr int kEventsPerPiece = 4096;

  explicit TraceWriter(Write write);
  ~TraceWriter() override;
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;

  void OnEvent(const TraceEvent& event) override;
  void Flush();

 private:
  std::uint32_t TextIndex(std::string_view text);

  const Write write_;
  std::unique_ptr<v1::TraceFile> piece_;
  std::map<std::string, std::uint32_t, std::less<>> texts_;
  TimePoint last_;
};

// The events of a stored trace, without their hashes. INVALID_ARGUMENT if the bytes are none.
Result<std::vector<StoredEvent>> ReadTrace(std::string_view bytes);

}  // namespace faultline::sim
