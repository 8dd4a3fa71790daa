#include "core/exec/session.h"

#include "core/base/error.h"

namespace faultline {

Fetched Session::Run(const Fetch& fetches, const FeedDict& feeds, const RunOptions* options,
                     RunMetadata* metadata) {
  RunRequest request;
  request.fetches = fetches;
  request.feeds = feeds;
  request.options = options;
  request.metadata = metadata;
  Result<Fetched> fetched = TryRun(request);
  ThrowIfError(fetched.status());
  return std::move(fetched).value();
}

void Session::Close() { ThrowIfError(TryClose()); }

}  // namespace faultline
