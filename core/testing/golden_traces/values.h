#pragma once

#include <string>

#include "core/exec/fetch.h"
#include "core/exec/run_options.h"
#include "core/testing/golden_traces/json.h"
#include "core/testing/golden_traces/params.h"

// Between the values of a case file and ours. Those that read throw BadCase for what is malformed
// and ValueError for a name that the graph lacks.

namespace faultline::testing {

// A name, or nested lists and objects of names, left to be resolved by the session.
Fetch FetchOf(const Json& names, const std::string& where);
// The same, resolved now: "op:0" is a tensor, "op" an operation. A null fetch for null.
Fetch ElementsOf(Graph& graph, const Json& names, const std::string& where);
Fetch ElementOf(Graph& graph, const std::string& name);
// The names in the shape of the fetch; null for a null fetch.
Json NamesOf(const Fetch& fetch);

// `value` as a tensor of this type; nested lists of equal lengths.
Tensor TensorOf(const Json& value, DataType dtype, const std::string& where);
// {"tensor name": value}; nothing for null. Keyed by the tensors, or, as callers of runs do, by
// their names.
enum class FeedKeys : std::uint8_t { kTensors, kNames };
FeedDict FeedsOf(Graph& graph, const Json& feeds, const std::string& where,
                 FeedKeys keys = FeedKeys::kTensors);
Json JsonOf(const FeedDict& feeds);

// Numbers, texts and nested lists; "NaN" and "Infinity" as texts.
Json JsonOf(const Tensor& tensor);
Json JsonOf(const Fetched& fetched);

// Fields of RunOptions by TensorFlow's names; what is not default.
RunOptions OptionsOf(const Json& options, const std::string& where);
Json JsonOf(const RunOptions& options);

}  // namespace faultline::testing
