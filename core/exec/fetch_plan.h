#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/exec/fetch.h"
#include "core/graph/graph.h"

namespace faultline::internal {

using Feeds = std::vector<std::pair<Output, Tensor>>;

// Checks the feeds in TensorFlow's order and converts their values to the tensors' types (SE-17).
// Of several feeds for one tensor the last counts.
Result<Feeds> CheckFeeds(const Graph& graph, const FeedDict& feeds);

// A fetch structure resolved against a graph (SE-12 .. SE-15): what has to be computed, and how the
// values get into the caller's shape.
class FetchPlan {
 public:
  // TypeError for a null fetch, ValueError for what is not in the graph, then for what the graph
  // does not let be fetched.
  static Result<FetchPlan> Make(const Graph& graph, const Fetch& fetches, const Feeds& feeds);

  // Each once, in order of first mention, without the fed ones.
  const std::vector<Output>& fetches() const { return fetches_; }
  const std::vector<Operation*>& targets() const { return targets_; }
  // Whether the engine has to be called at all.
  bool empty() const { return fetches_.empty() && targets_.empty(); }
  // `values` belong to fetches().
  Fetched Arrange(const std::vector<Tensor>& values) const;

 private:
  // Where a leaf's value comes from: the computed ones, then the fed ones; -1 for an operation.
  struct Shape {
    enum class Kind { kLeaf, kList, kMap } kind = Kind::kLeaf;
    int source = -1;
    bool fed = false;
    std::vector<std::pair<std::string, Shape>> items;
  };

  Result<Shape> Resolve(const Graph& graph, const Fetch& fetch, const Feeds& feeds, int depth);
  Result<Shape> ResolveName(const Graph& graph, const std::string& name, const Feeds& feeds);
  Status CheckFetchable(const Graph& graph);
  Shape AddOutput(Output output, const Feeds& feeds);
  Shape AddTarget(Operation* op);
  Fetched Arrange(const Shape& shape, const std::vector<Tensor>& values) const;

  std::vector<Output> fetches_;
  std::vector<Operation*> targets_;
  std::vector<Tensor> fed_;
  std::vector<const Operation*> mentioned_;  // of every leaf, until all are resolved
  Shape shape_;
};

}  // namespace faultline::internal
