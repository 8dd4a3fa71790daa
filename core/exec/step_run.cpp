#include "core/exec/step_run.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

namespace faultline {

StepRun::StepRun(const ExecEnvironment& environment, StepGraph& graph,
                 const StepArguments& arguments)
    : environment_(environment),
      graph_(graph),
      arguments_(arguments),
      parent_(arguments.cancel, &cancel_),
      state_(graph.Begin()),
      results_(arguments.fetches.size()) {}

StepRun::~StepRun() {
  // Kernels that still wait (the fiber is being unwound) refer to the state.
  if (waiting_.empty()) graph_.End(std::move(state_));
}

Result<std::vector<Tensor>> StepRun::Run() {
  for (std::size_t i = 0; i < arguments_.feeds.size(); ++i) {
    Slot& slot = SlotAt(graph_.feed_slot(i));
    slot.state = Slot::State::kValue;
    slot.value = arguments_.feeds[i].second;
  }
  for (const auto& [fetch, slot] : graph_.fed_fetches()) {
    results_[static_cast<std::size_t>(fetch)] = SlotAt(slot).value;
  }
  for (;;) {
    TakeCompleted();
    CheckLimits();
    if (status_.ok() && !state_->ready.empty()) {
      Execute(PopReady());
    } else if (!waiting_.empty()) {
      Wait();
    } else {
      break;
    }
  }
  if (cost_ > 0) environment_.env.spawner.Compute(std::exchange(cost_, 0));
  CheckLimits();
  if (!status_.ok()) return status_;
  for (std::size_t i = 0; i < results_.size(); ++i) {
    if (!results_[i].valid()) {
      return Status(Code::kInvalidArgument, fmt::format("Retval[{}] does not have value", i))
          .WithNode(arguments_.fetches[i].op->name());
    }
  }
  return std::move(results_);
}

// ---- ends ----

bool StepRun::Expired() {
  return arguments_.deadline != TimePoint::Max() &&
         environment_.env.clock.Now() >= arguments_.deadline;
}

// The first error wins; what it cancels is a consequence and says so (RF-36).
void StepRun::Fail(Status status) {
  if (!status_.ok()) return;
  status_ = std::move(status);
  cancel_.Cancel(Status(Code::kCancelled, "the step has failed").AsDerived());
}

void StepRun::CheckLimits() {
  if (!status_.ok()) return;
  if (cancel_.cancelled()) {
    Fail(cancel_.reason());
  } else if (Expired()) {
    Fail(Status(Code::kDeadlineExceeded, "Timed out waiting for notification"));  // SE-20
  }
}

void StepRun::Wait() {
  if (!wake_) wake_ = environment_.env.spawner.MakeWaitQueue();
  if (!completed_.empty()) return;
  const std::string what = WhatIsWaitedFor();
  WaitOptions options{.what = what};
  if (status_.ok()) {
    options.deadline = arguments_.deadline;
    options.cancel = &cancel_;
  }
  wake_->Wait(options);
}

std::string StepRun::WhatIsWaitedFor() const {
  constexpr std::size_t kNamed = 3;
  std::string text = fmt::format("step of session {}:", arguments_.context.session_id);
  std::size_t named = 0;
  for (const Waiting& waiting : waiting_) {
    if (++named > kNamed) return text + " ...";
    const Operation& op = waiting.context.op();
    text += fmt::format("{} {} {}", named > 1 ? "," : "", op.type(), op.name());
  }
  return text;
}

void StepRun::TakeCompleted() {
  while (!completed_.empty()) {
    Waiting* done = completed_.front();
    completed_.erase(completed_.begin());
    Finish(done->node, done->status, done->context.reported_, done->started);
    waiting_.remove_if([done](const Waiting& waiting) { return &waiting == done; });
  }
}

// ---- one node ----

void StepRun::PushReady(int node) {
  state_->ready.push_back(node);
  std::push_heap(state_->ready.begin(), state_->ready.end(), std::greater<>());
}

int StepRun::PopReady() {
  std::pop_heap(state_->ready.begin(), state_->ready.end(), std::greater<>());
  const int node = state_->ready.back();
  state_->ready.pop_back();
  return node;
}

void StepRun::Execute(int index) {
  const Node& node = graph_.nodes()[static_cast<std::size_t>(index)];
  const auto at = static_cast<std::size_t>(index);
  state_->started[at] = 1;
  const bool all_dead = node.traits.merge && state_->pending[at] > 0;
  if (all_dead || (!node.traits.merge && state_->dead[at] > 0)) return FinishDead(index);
  if (Status status = CheckInputs(node); !status.ok()) {
    return Fail(status.WithNode(node.op->name()));
  }
  if (node.async != nullptr) return StartAsync(index);
  FillContext(&context_, node);
  const TimePoint started =
      arguments_.node_stats != nullptr ? environment_.env.clock.Now() : TimePoint();
  Status status = node.kernel->Compute(context_);
  Finish(index, std::move(status), context_.reported_, started);
}

Status StepRun::CheckInputs(const Node& node) {
  if (node.traits.reference_input && SlotAt(node.inputs[0]).state != Slot::State::kResource) {
    return Status(Code::kInvalidArgument,
                  fmt::format("input 0 of {} must be a reference", node.op->type()));
  }
  if (node.traits.allow_uninitialized) return Status();
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Slot& slot = SlotAt(node.inputs[i]);
    // Whoever takes a handle does not read what it stands for.
    if (slot.state == Slot::State::kResource && !slot.resource->initialized() &&
        node.op->inputs()[i].dtype() != DataType::kResource) {
      return Status(Code::kFailedPrecondition,  // ER-10
                    "Attempting to use uninitialized value " + slot.resource->name());
    }
  }
  return Status();
}

void StepRun::FillContext(OpKernelContext* context, const Node& node) {
  context->environment_ = &environment_;
  context->op_ = node.op;
  context->step_ = &arguments_.context;
  context->cancel_ = &cancel_;
  context->cost_ = &cost_;
  context->reported_ = false;
  context->inputs_.clear();
  context->last_reader_.clear();
  for (const int input : node.inputs) {
    context->inputs_.push_back(&SlotAt(input));
    context->last_reader_.push_back(state_->readers[static_cast<std::size_t>(input)] == 1 ? 1 : 0);
  }
  context->outputs_ = node.op->num_outputs() > 0 ? &SlotAt(node.first_slot) : nullptr;
  context->num_outputs_ = node.op->num_outputs();
}

void StepRun::StartAsync(int index) {
  const Node& node = graph_.nodes()[static_cast<std::size_t>(index)];
  Waiting& waiting = waiting_.emplace_back();
  FillContext(&waiting.context, node);
  waiting.node = index;
  waiting.started = environment_.env.clock.Now();
  node.async->ComputeAsync(&waiting.context, [this, &waiting](Status status) {
    waiting.status = std::move(status);
    completed_.push_back(&waiting);
    if (wake_) wake_->WakeAll();
  });
}

void StepRun::Finish(int index, Status status, bool cost_reported, TimePoint started) {
  const Node& node = graph_.nodes()[static_cast<std::size_t>(index)];
  if (status.ok()) status = CheckOutputs(node);
  if (status.ok()) status = TakeFetches(node);
  if (!status.ok()) return Fail(status.node().empty() ? status.WithNode(node.op->name()) : status);
  if (!cost_reported) {
    ++cost_;
    for (int i = 0; i < node.op->num_outputs(); ++i) {
      cost_ += SlotAt(node.first_slot + i).value.NumElements();
    }
  }
  if (arguments_.node_stats != nullptr) {
    const Duration duration = environment_.env.clock.Now() - started;
    arguments_.node_stats->push_back(
        {node.op->name(), node.op->type(), started, duration, OutputBytes(node)});
  }
  ReleaseInputs(node);
  Propagate(node, false);
}

std::int64_t StepRun::OutputBytes(const Node& node) {
  std::size_t bytes = 0;
  for (int i = 0; i < node.op->num_outputs(); ++i) {
    const Slot& slot = SlotAt(node.first_slot + i);
    if (slot.state == Slot::State::kValue) bytes += slot.value.TotalBytes();
  }
  return static_cast<std::int64_t>(bytes);
}

Status StepRun::CheckOutputs(const Node& node) {
  for (int i = 0; i < node.op->num_outputs(); ++i) {
    Slot& slot = SlotAt(node.first_slot + i);
    if (slot.state == Slot::State::kEmpty) {
      if (!node.traits.dead_outputs) {
        return Status(Code::kInternal,
                      fmt::format("Missing {}-th output from {}", i, node.op->name()));
      }
      slot.state = Slot::State::kDead;
    } else if (slot.state == Slot::State::kValue &&
               slot.value.dtype() != BaseType(node.op->output_type(i))) {
      return Status(
          Code::kInternal,
          fmt::format("Output {} of type {} does not match declared output type {}", i,
                      DataTypeName(slot.value.dtype()), DataTypeName(node.op->output_type(i))));
    }
  }
  return Status();
}

// Taken as soon as they are there: a fetched variable has the value of this moment.
Status StepRun::TakeFetches(const Node& node) {
  for (const auto& [output, fetch] : node.fetched) {
    const Slot& slot = SlotAt(node.first_slot + output);
    Tensor& result = results_[static_cast<std::size_t>(fetch)];
    if (slot.state == Slot::State::kValue) result = slot.value;
    if (slot.state != Slot::State::kResource) continue;
    const bool handle = node.op->output_type(output) == DataType::kResource;
    if (!handle && !slot.resource->initialized()) {
      return Status(Code::kFailedPrecondition,
                    "Attempting to use uninitialized value " + slot.resource->name());
    }
    if (handle || slot.resource->tensor() == nullptr) {
      return Status(Code::kInvalidArgument, "the resource " + slot.resource->name() +
                                                " has no value that could be fetched");
    }
    result = *slot.resource->tensor();
  }
  return Status();
}

void StepRun::ReleaseInputs(const Node& node) {
  for (const int input : node.inputs) {
    if (--state_->readers[static_cast<std::size_t>(input)] == 0) SlotAt(input) = Slot();
  }
}

// ---- edges ----

void StepRun::FinishDead(int index) {
  const Node& node = graph_.nodes()[static_cast<std::size_t>(index)];
  for (int i = 0; i < node.op->num_outputs(); ++i) {
    SlotAt(node.first_slot + i).state = Slot::State::kDead;
  }
  ReleaseInputs(node);
  Propagate(node, true);
}

void StepRun::Propagate(const Node& node, bool dead) {
  for (const StepGraph::Edge& edge : node.consumers) {
    const bool dead_edge =
        dead ||
        (edge.output >= 0 && SlotAt(node.first_slot + edge.output).state == Slot::State::kDead);
    Deliver(edge, dead_edge);
  }
}

void StepRun::Deliver(const StepGraph::Edge& edge, bool dead) {
  const auto at = static_cast<std::size_t>(edge.node);
  const Node& consumer = graph_.nodes()[at];
  bool ready = false;
  if (consumer.traits.merge) {
    ready = DeliverToMerge(edge, consumer, dead);
  } else {
    if (dead) ++state_->dead[at];
    ready = --state_->pending[at] == 0;
  }
  if (ready && state_->started[at] == 0) {
    state_->started[at] = 1;
    PushReady(edge.node);
  }
}

// Ready with its first living input, or when all inputs are dead; either way after its control
// inputs, whose death does not matter.
bool StepRun::DeliverToMerge(const StepGraph::Edge& edge, const Node& consumer, bool dead) {
  const auto at = static_cast<std::size_t>(edge.node);
  int& pending = state_->pending[at];
  if (edge.output < 0) {
    pending -= 2;
  } else if (dead) {
    ++state_->dead[at];
  } else if (pending % 2 != 0) {
    --pending;
  }
  return pending == 0 || (pending == 1 && state_->dead[at] == consumer.data_edges);
}

}  // namespace faultline
