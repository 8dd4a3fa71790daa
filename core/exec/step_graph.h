#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/exec/op_kernel.h"
#include "core/graph/graph.h"

namespace faultline {

// What changes while a step runs. Kept between steps of the same kind, so that a step allocates
// nothing but its values.
struct StepState {
  std::vector<Slot> slots;
  std::vector<int> readers;           // for each slot: inputs that have not read it yet
  std::vector<int> pending;           // for each node: see StepGraph::Node::pending
  std::vector<int> dead;              // for each node: dead inputs so far
  std::vector<std::uint8_t> started;  // for each node
  std::vector<int> ready;             // heap of node indices, lowest first
};

// The part of a graph that a kind of step needs: what its fetches and targets depend on, cut at the
// feeds. Immutable, but for the idle states that it keeps.
class StepGraph {
 public:
  struct Edge {
    int node;    // index of the consumer
    int output;  // of the producer; -1: control
  };
  struct Node {
    const Operation* op = nullptr;
    OpKernel* kernel = nullptr;
    AsyncOpKernel* async = nullptr;  // the same, if it is one
    KernelTraits traits;
    std::vector<int> inputs;  // slots
    int first_slot = 0;
    std::vector<Edge> consumers;
    // Inputs still to come: data and control edges. A Merge counts 2 for each control edge and 1
    // for its first living input.
    int pending = 0;
    int data_edges = 0;
    std::vector<std::pair<int, int>> fetched;  // (output, index among the fetches)
  };
  using MakeKernel = std::function<Result<OpKernel*>(const Operation&)>;

  // Errors come from making kernels.
  static Result<std::shared_ptr<StepGraph>> Make(
      const std::vector<Output>& fetches, const std::vector<std::pair<Output, Tensor>>& feeds,
      const std::vector<Operation*>& targets, const MakeKernel& make_kernel);

  // In the order of operation ids.
  const std::vector<Node>& nodes() const { return nodes_; }
  // Slot of the i-th feed.
  int feed_slot(std::size_t i) const { return first_feed_slot_ + static_cast<int>(i); }
  // (index among the fetches, slot) of fetches that are fed.
  const std::vector<std::pair<int, int>>& fed_fetches() const { return fed_fetches_; }

  // A state at its beginning: the caller fills the feeds' slots.
  std::unique_ptr<StepState> Begin();
  // Takes a state back; releases its values.
  void End(std::unique_ptr<StepState> state);

 private:
  using Feeds = std::map<std::pair<int, int>, int>;  // (op id, output) -> slot

  void AddNodes(const std::vector<Output>& fetches, const Feeds& fed,
                const std::vector<Operation*>& targets);
  Status AddKernels(const MakeKernel& make_kernel);
  void AddEdges(const Feeds& fed);
  void AddFetches(const std::vector<Output>& fetches, const Feeds& fed);
  int NodeOf(const Operation* op) const;

  std::vector<Node> nodes_;
  std::vector<int> index_;  // node index by operation id; -1: not in the step
  int first_feed_slot_ = 0;
  std::vector<std::pair<int, int>> fed_fetches_;
  StepState initial_;
  std::vector<std::unique_ptr<StepState>> idle_;
};

}  // namespace faultline
