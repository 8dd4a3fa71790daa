#pragma once

#include <memory>
#include <string_view>

#include "core/testing/golden_traces/driver.h"

namespace faultline::testing {

// A hook from its description, or the one that a description refers to. Throws what its constructor
// throws. One with a name is known by it from now on.
std::shared_ptr<SessionRunHook> MakeHook(Driver& driver, const Params& spec);
// The hooks of a list under `key`; none if it is missing.
HookList MakeHooks(Driver& driver, const Params& params, const char* key);
// The action "hook_value": the property `what` of a hook.
Json ValueOfHook(const SessionRunHook& hook, const Params& params);
// What an event shows of a hook: its type, and for those of a training session its settings.
Json DescribeHook(Driver& driver, const SessionRunHook& hook);

// Fields that a hook of this type may have, separated by spaces; empty for an unknown type.
std::string_view HookFields(std::string_view type);

}  // namespace faultline::testing
