#include "core/exec/step_graph.h"

#include <algorithm>

namespace faultline {
namespace {

constexpr std::size_t kMaxIdleStates = 8;

bool IsPlaceholder(const Operation& op) {
  return op.type() == "Placeholder" || op.type() == "PlaceholderWithDefault" ||
         op.type() == "PlaceholderV2";
}

std::pair<int, int> KeyOf(const Output& output) { return {output.op->id(), output.index}; }

}  // namespace

Result<std::shared_ptr<StepGraph>> StepGraph::Make(
    const std::vector<Output>& fetches, const std::vector<std::pair<Output, Tensor>>& feeds,
    const std::vector<Operation*>& targets, const MakeKernel& make_kernel) {
  auto graph = std::make_shared<StepGraph>();
  Feeds fed;
  for (const auto& [output, value] : feeds)
    fed.emplace(KeyOf(output), static_cast<int>(fed.size()));
  FL_ASSERT(fed.size() == feeds.size(), "a tensor is fed twice");
  graph->AddNodes(fetches, fed, targets);
  FL_RETURN_IF_ERROR(graph->AddKernels(make_kernel));
  for (auto& [key, slot] : fed) slot += graph->first_feed_slot_;
  graph->initial_.slots.resize(static_cast<std::size_t>(graph->first_feed_slot_) + feeds.size());
  graph->initial_.readers.resize(graph->initial_.slots.size());
  graph->AddEdges(fed);
  graph->AddFetches(fetches, fed);
  return graph;
}

// Backwards from what is wanted; a fed tensor needs nothing, and a fed placeholder is not run at
// all.
void StepGraph::AddNodes(const std::vector<Output>& fetches, const Feeds& fed,
                         const std::vector<Operation*>& targets) {
  std::map<int, const Operation*> needed;
  std::vector<const Operation*> open;
  const auto need = [&](const Operation* op) {
    if (needed.emplace(op->id(), op).second) open.push_back(op);
  };
  for (const Output& fetch : fetches) {
    if (!fed.contains(KeyOf(fetch))) need(fetch.op);
  }
  for (const Operation* target : targets) need(target);
  while (!open.empty()) {
    const Operation* op = open.back();
    open.pop_back();
    for (const Output& input : op->inputs()) {
      if (!fed.contains(KeyOf(input))) need(input.op);
    }
    for (const Operation* control : op->control_inputs()) {
      if (!IsPlaceholder(*control) || !fed.contains({control->id(), 0})) need(control);
    }
  }
  index_.assign(needed.empty() ? 0 : static_cast<std::size_t>(needed.rbegin()->first) + 1, -1);
  for (const auto& [id, op] : needed) {
    index_[static_cast<std::size_t>(id)] = static_cast<int>(nodes_.size());
    Node node;
    node.op = op;
    node.first_slot = first_feed_slot_;
    first_feed_slot_ += op->num_outputs();
    nodes_.push_back(std::move(node));
  }
}

Status StepGraph::AddKernels(const MakeKernel& make_kernel) {
  for (Node& node : nodes_) {
    FL_ASSIGN_OR_RETURN(node.kernel, make_kernel(*node.op));
    node.async = dynamic_cast<AsyncOpKernel*>(node.kernel);
    node.traits = node.kernel->traits();
  }
  return Status();
}

int StepGraph::NodeOf(const Operation* op) const {
  const auto id = static_cast<std::size_t>(op->id());
  return id < index_.size() ? index_[id] : -1;
}

void StepGraph::AddEdges(const Feeds& fed) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    const int self = static_cast<int>(i);
    bool living_input = false;
    for (const Output& input : node.op->inputs()) {
      const auto feed = fed.find(KeyOf(input));
      int slot = 0;
      if (feed != fed.end()) {
        slot = feed->second;
        living_input = true;
      } else {
        Node& producer = nodes_[static_cast<std::size_t>(NodeOf(input.op))];
        slot = producer.first_slot + input.index;
        producer.consumers.push_back({self, input.index});
        ++node.data_edges;
      }
      node.inputs.push_back(slot);
      ++initial_.readers[static_cast<std::size_t>(slot)];
    }
    int control_edges = 0;
    for (const Operation* control : node.op->control_inputs()) {
      const int producer = NodeOf(control);
      if (producer < 0 || (IsPlaceholder(*control) && fed.contains({control->id(), 0}))) continue;
      nodes_[static_cast<std::size_t>(producer)].consumers.push_back({self, -1});
      ++control_edges;
    }
    node.pending = node.traits.merge ? 2 * control_edges + (living_input ? 0 : 1)
                                     : node.data_edges + control_edges;
    initial_.pending.push_back(node.pending);
    if (node.pending == 0) initial_.ready.push_back(self);
  }
  initial_.dead.resize(nodes_.size());
  initial_.started.resize(nodes_.size());
}

void StepGraph::AddFetches(const std::vector<Output>& fetches, const Feeds& fed) {
  for (std::size_t i = 0; i < fetches.size(); ++i) {
    const int index = static_cast<int>(i);
    if (const auto feed = fed.find(KeyOf(fetches[i])); feed != fed.end()) {
      fed_fetches_.emplace_back(index, feed->second);
    } else {
      Node& node = nodes_[static_cast<std::size_t>(NodeOf(fetches[i].op))];
      node.fetched.emplace_back(fetches[i].index, index);
    }
  }
}

std::unique_ptr<StepState> StepGraph::Begin() {
  if (idle_.empty()) return std::make_unique<StepState>(initial_);
  std::unique_ptr<StepState> state = std::move(idle_.back());
  idle_.pop_back();
  state->readers = initial_.readers;
  state->pending = initial_.pending;
  state->dead = initial_.dead;
  state->started = initial_.started;
  state->ready = initial_.ready;
  return state;
}

void StepGraph::End(std::unique_ptr<StepState> state) {
  for (Slot& slot : state->slots) slot = Slot();
  if (idle_.size() < kMaxIdleStates) idle_.push_back(std::move(state));
}

}  // namespace faultline
