#include "core/testing/golden_traces/recorder.h"

#include <utility>

#include "core/testing/golden_traces/errors.h"

namespace faultline::testing {

std::size_t Recorder::Add(Json event) {
  events_.push_back(std::move(event));
  return events_.size() - 1;
}

std::size_t Recorder::AddTimed(Json event) {
  event["t"] = Now();
  return Add(std::move(event));
}

void Recorder::Fail(std::size_t place, const Status& status) {
  if (!status.ok()) events_.at(place).update(DescribeError(status));
}

double Recorder::Now() const { return static_cast<double>(clock_.Now().nanoseconds()) / 1e9; }

std::string Recorder::Relative(const std::string& path) const {
  if (path == root_) return "";
  return path.starts_with(root_ + "/") ? path.substr(root_.size() + 1) : path;
}

std::string Recorder::Absolute(const std::string& path) const {
  return path.empty() ? path : root_ + "/" + path;
}

}  // namespace faultline::testing
