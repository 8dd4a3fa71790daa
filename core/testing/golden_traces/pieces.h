#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/session/scaffold.h"
#include "core/testing/golden_traces/driver.h"
#include "core/testing/golden_traces/values.h"

namespace faultline::testing {

// An init function that is shown, runs what it is told, then raises in the calls it is told.
std::function<void(Session&)> MakeInitFn(Driver& driver, const Params& spec);
// "exported" or "empty"; null for a missing field.
std::shared_ptr<Saver> MakeSaver(Driver& driver, const Params& params, const char* key);
// From the arguments of the action "scaffold". Its pieces are known from now on.
std::shared_ptr<Scaffold> MakeScaffold(Driver& driver, const Params& args);
// A name or such arguments under `key`; null for a missing field.
std::shared_ptr<Scaffold> ScaffoldOf(Driver& driver, const Params& params, const char* key);
// The field, a tensor or operation or nested ones; a null fetch if it is missing.
Fetch PieceOf(Driver& driver, const Params& params, const char* key);
FeedDict FeedsOf(Driver& driver, const Params& params, const char* key,
                 FeedKeys keys = FeedKeys::kTensors);

}  // namespace faultline::testing
