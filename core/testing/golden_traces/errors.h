#pragma once

#include <string>

#include "core/base/error.h"
#include "core/testing/golden_traces/json.h"
#include "core/testing/golden_traces/params.h"

namespace faultline::testing {

// An error as a case names it: a code, a class, or {"error", "text", "tag"}. One with a tag is an
// exception object of its own, so that it can be told whether this very one comes out. BadCase for
// an unknown name.
Status MakeError(const Json& spec, const std::string& where);

// {"error": NAME, "tag": TAG}: what a failed status shows in an event; without tag if it has none.
Json DescribeError(const Status& status);

}  // namespace faultline::testing
