#pragma once

#include <string>

#include "core/exec/fetch.h"
#include "core/exec/run_options.h"

namespace faultline::internal {

// WS-36: takes `from` into `into`: maxima, disjunctions, and watches in order.
void MergeRunOptions(const RunOptions& from, RunOptions* into);

// Names of the tensors that both feed, joined by ", "; empty if there is none (WS-34, WS-35).
std::string CommonFeeds(const FeedDict& a, const FeedDict& b);

}  // namespace faultline::internal
