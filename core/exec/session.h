#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "core/env/step_context.h"
#include "core/exec/fetch.h"
#include "core/exec/run_options.h"

namespace faultline {

struct RunRequest {
  Fetch fetches = {};
  FeedDict feeds = {};
  const RunOptions* options = nullptr;  // null: not given
  RunMetadata* metadata = nullptr;      // null: not wanted
  StepContext context = {};             // session_id is filled in by the session
};

// A session on one graph and one target (SE-1): what runs operations. Runs may suspend and may be
// made by several fibers at once. Users call Run and Close, which throw typed errors (CONTRIBUTING,
// errors); the layers below call TryRun and TryClose.
class Session {
 public:
  virtual ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  virtual Graph& graph() const = 0;
  // The target string; "" for an in-process session.
  virtual const std::string& target() const = 0;
  // Never reused within a process (MP-13).
  virtual std::uint64_t id() const = 0;

  // Evaluates `fetches` once each (SE-14). Not atomic: when it fails, any subset of its effects may
  // have happened (SE-19). RUNTIME_ERROR on a closed session (SE-8).
  virtual Result<Fetched> TryRun(const RunRequest& request) = 0;
  // Idempotent (SE-7): marks it closed, cancels runs in flight (SE-9), releases what it owns.
  virtual Status TryClose() = 0;
  virtual bool closed() const = 0;

  // The same, throwing.
  Fetched Run(const Fetch& fetches, const FeedDict& feeds = {}, const RunOptions* options = nullptr,
              RunMetadata* metadata = nullptr);
  void Close();

 protected:
  Session() = default;
};

}  // namespace faultline
