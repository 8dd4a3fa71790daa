#pragma once

#include <string>

#include "core/exec/fetch.h"
#include "core/exec/run_options.h"

namespace faultline::internal {

// WS-36: takes `from` into `into`: maxima, disjunctions, and watches in order.
void MergeRunOptions(const RunOptions& from, RunOptions* into);

// Names of the tensors that both feed, joined by ", "; empty if there is none (WS-34, WS-35).
// A tensor and its name are two keys, as they are in TensorFlow.
std::string CommonFeeds(const FeedDict& a, const FeedDict& b);

// Adds every feed of `from`.
void AddFeeds(const FeedDict& from, FeedDict* into);

}  // namespace faultline::internal
