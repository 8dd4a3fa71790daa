#include "core/testing/driven_hook.h"

#include "core/graph/ops.h"
#include "core/session/coordinator.h"

namespace faultline::testing {

DrivenHook::DrivenHook(std::shared_ptr<SessionRunHook> hook_in, std::int64_t increment)
    : hook(std::move(hook_in)) {
  model.emplace(graph, increment);
  step_to_set_ = Placeholder(graph, DataType::kInt64, PartialShape({}));
  set_step_ = Assign(model->global_step, step_to_set_);
}

void DrivenHook::Start(const std::function<void()>& body) {
  process.Run([&] {
    Begin();
    scaffold->Finalize(process.runtime, graph);
    graph.UnsafeUnfinalize();  // some cases begin a second hook on the same graph
    raw = process.OpenSession(graph);
    raw->Run(scaffold->init_op());
    raw->Run(scaffold->local_init_op());
    NewLayer();
    body();
    raw->Close();
  });
}

Fetched DrivenHook::Run(const Fetch& fetches, const FeedDict& feeds) {
  Result<Fetched> result = layer_->Run({.fetches = fetches, .feeds = feeds});
  ThrowIfError(result.status());
  return std::move(result).value();
}

void DrivenHook::Begin() { hook->Begin({process.runtime, graph}); }

void DrivenHook::AfterCreate() {
  coordinator_ = std::make_unique<Coordinator>(process.env());
  hook->AfterCreateSession(*raw, *coordinator_);
}

void DrivenHook::NewLayer() {
  layer_ = std::make_unique<HookedSession>(LayerContext{process.runtime}, raw, ListHooks({hook}));
}

void DrivenHook::SetStep(std::int64_t step) {
  raw->Run(set_step_, {{step_to_set_, Tensor::Scalar(step)}});
}

}  // namespace faultline::testing
