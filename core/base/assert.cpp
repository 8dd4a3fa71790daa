#include "core/base/assert.h"

#include "core/base/unwind.h"

namespace faultline::internal {

void FailAssertion(const char* file, int line, const char* condition, const std::string& text) {
  throw AssertionFailed(
      FormatValues("{}:{}: assertion failed: {}: {}", file, line, condition, text));
}

}  // namespace faultline::internal
