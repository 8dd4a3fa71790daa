#include "core/session/step_function.h"

#include <utility>

#include "core/base/error.h"

namespace faultline {

Fetched StepFnContext::RunWithHooks(const Fetch& fetches, const FeedDict& feeds,
                                    const RunOptions* options, RunMetadata* metadata) {
  Result<Fetched> result =
      run_({.fetches = fetches, .feeds = feeds, .options = options, .metadata = metadata});
  ThrowIfError(result.status());
  return std::move(result).value();
}

void StepFnContext::RequestStop() { throw StopIteration(); }

}  // namespace faultline
