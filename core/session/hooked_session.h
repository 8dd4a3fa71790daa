#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/session/session_layer.h"
#include "core/session/session_run_hook.h"

namespace faultline {

// A hook at its place in the list, which is what identifies it: the same object listed twice is two
// hooks (Q-9, MP-12). `label` is "name#place", for traces.
struct ListedHook {
  std::shared_ptr<SessionRunHook> hook;
  std::string label;
};
using ListedHooks = std::vector<ListedHook>;
ListedHooks ListHooks(const HookList& hooks);

// Calls `body`, which calls one callback of a hook. What it throws is announced and returned.
Status CallHook(const LayerContext& context, const std::function<void()>& body);

// The layer that calls hooks around every run of a raw session (WS-30..WS-39).
class HookedSession : public WrappedSession {
 public:
  HookedSession(LayerContext context, std::shared_ptr<Session> session, ListedHooks hooks);

  Result<bool> CheckStop() override { return stopped_; }
  Result<Fetched> Run(const RunRequest& request) override;

 private:
  struct Merged;
  // A run that is not made: RuntimeError.
  Status Refuse(std::string text);
  Result<Fetched> RunAttempt(const RunRequest& request, SessionLayer& raw,
                             SessionRunContext& context);
  Status AskHooks(const RunRequest& request, SessionRunContext& context, Merged* merged);
  Status TellHooks(const RunRequest& request, SessionRunContext& context, const Merged& merged,
                   const Fetched& results, const RunMetadata& metadata);
  void AnnounceHook(Point point, const ListedHook& hook, const RunRequest& request);

  std::shared_ptr<Session> session_;
  ListedHooks hooks_;
  bool stopped_ = false;  // never goes back (WS-38)
};

}  // namespace faultline
