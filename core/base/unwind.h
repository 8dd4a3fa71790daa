#pragma once

#include <string>
#include <utility>

namespace faultline {

// Base of what unwinds a fiber without being an error: a crash of its process or a failed
// assertion. No std::exception, so that ordinary handlers let it pass (MP-4, CONTRIBUTING, errors).
// Only the fiber's entry catches it.
struct Unwind {
  virtual ~Unwind() = default;
};

// The simulated process of this fiber has crashed.
struct NodeCrashed final : Unwind {};

// A defect in our own code. The message tells file, line and values.
struct AssertionFailed final : Unwind {
  explicit AssertionFailed(std::string text) : message(std::move(text)) {}
  std::string message;
};

}  // namespace faultline
