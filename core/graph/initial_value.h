#pragma once

#include <string>

#include "core/graph/graph.h"

namespace faultline::internal {

// A conditional, made of Switch and Merge nodes in the current name scope: the variable's value if
// it has one, else its initial value. Does not initialize the variable.
Output ValueOrInitial(const Variable& variable);

// SE-23: the initial value of variable `name`, in which each read of a variable of the global or
// the local collection is replaced by that variable's guarded value. What depends on such a read is
// copied, with "_name" appended to the nodes' names. The value itself if it reads no variable.
Output GuardedInitialValue(Output initial_value, const std::string& name);

}  // namespace faultline::internal
