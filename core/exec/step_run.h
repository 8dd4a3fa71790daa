#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "core/env/cancel.h"
#include "core/exec/executor.h"
#include "core/exec/step_graph.h"

namespace faultline {

// One execution of a step graph, on one fiber.
class StepRun {
 public:
  // All must outlive the run.
  StepRun(const ExecEnvironment& environment, StepGraph& graph, const StepArguments& arguments);
  ~StepRun();
  StepRun(const StepRun&) = delete;
  StepRun& operator=(const StepRun&) = delete;

  // See Executor::Run.
  Result<std::vector<Tensor>> Run();

 private:
  using Node = StepGraph::Node;

  // An asynchronous kernel that has been started.
  struct Waiting {
    OpKernelContext context;
    int node = 0;
    Status status;
    TimePoint started;
  };

  bool Expired();
  void Fail(Status status);
  void CheckLimits();
  void Wait();
  std::string WhatIsWaitedFor() const;
  void TakeCompleted();

  int PopReady();
  void PushReady(int node);
  void Execute(int index);
  Status CheckInputs(const Node& node);
  void FillContext(OpKernelContext* context, const Node& node);
  void StartAsync(int index);
  void Finish(int index, Status status, bool cost_reported, TimePoint started);
  std::int64_t OutputBytes(const Node& node);
  Status CheckOutputs(const Node& node);
  Status TakeFetches(const Node& node);
  void ReleaseInputs(const Node& node);
  void FinishDead(int index);
  void Propagate(const Node& node, bool dead);
  void Deliver(const StepGraph::Edge& edge, bool dead);
  bool DeliverToMerge(const StepGraph::Edge& edge, const Node& consumer, bool dead);
  Slot& SlotAt(int i) { return state_->slots[static_cast<std::size_t>(i)]; }

  const ExecEnvironment& environment_;
  StepGraph& graph_;
  const StepArguments& arguments_;
  CancelToken cancel_;
  CancelLink parent_;
  std::unique_ptr<StepState> state_;
  OpKernelContext context_;
  Status status_;
  std::int64_t cost_ = 0;
  std::vector<Tensor> results_;
  std::list<Waiting> waiting_;
  std::vector<Waiting*> completed_;
  std::unique_ptr<WaitQueue> wake_;
};

}  // namespace faultline
