#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/graph/graph.h"

namespace faultline {

// A node under construction, as its shape function sees it. Types and attributes are resolved.
class ShapeContext {
 public:
  ShapeContext(const std::vector<Output>& inputs, const AttrMap& attrs,
               std::vector<PartialShape>& outputs)
      : inputs_(inputs), attrs_(attrs), outputs_(outputs) {}

  int num_inputs() const { return static_cast<int>(inputs_.size()); }
  Output tensor(int i) const { return inputs_[static_cast<std::size_t>(i)]; }
  const PartialShape& input(int i) const { return tensor(i).shape(); }
  // The value of an input, if it is known before running.
  std::optional<Tensor> value(int i) const;
  // The one integer of an input, if known.
  std::optional<std::int64_t> integer(int i) const;
  template <class T>
  const T& attr(std::string_view name) const {
    return std::get<T>(attrs_.find(name)->second);
  }

  int num_outputs() const { return static_cast<int>(outputs_.size()); }
  void set_output(int i, PartialShape shape) {
    outputs_[static_cast<std::size_t>(i)] = std::move(shape);
  }
  // An error if the rank of input `i` is known and another one.
  Status RequireRank(int i, int rank) const;

 private:
  const std::vector<Output>& inputs_;
  const AttrMap& attrs_;
  std::vector<PartialShape>& outputs_;
};

// What is known if both are right. False if they contradict.
bool MergeShapes(const PartialShape& a, const PartialShape& b, PartialShape* merged);

namespace internal {

// ---- common ----
Status NoShape(ShapeContext& c);
Status ScalarShape(ShapeContext& c);           // each output is a scalar
Status ScalarsToScalarShape(ShapeContext& c);  // so is each input
Status SameShape(ShapeContext& c);             // that of input 0, for one output
Status AllSameShape(ShapeContext& c);          // the inputs agree
Status ShapeAttrShape(ShapeContext& c);        // that of attribute "shape"
Status BroadcastShape(ShapeContext& c);
Status UnknownVectorsShape(ShapeContext& c);
// ---- arrays ----
Status ConstShape(ShapeContext& c);
Status PlaceholderWithDefaultShape(ShapeContext& c);
Status ShapeShape(ShapeContext& c);
Status ReshapeShape(ShapeContext& c);
Status ExpandDimsShape(ShapeContext& c);
Status SqueezeShape(ShapeContext& c);
Status PackShape(ShapeContext& c);
Status ConcatShape(ShapeContext& c);
Status GatherShape(ShapeContext& c);
Status GatherV2Shape(ShapeContext& c);
Status StridedSliceShape(ShapeContext& c);
Status WhereShape(ShapeContext& c);
Status FillShape(ShapeContext& c);
Status TileShape(ShapeContext& c);
Status RangeShape(ShapeContext& c);
Status StringJoinShape(ShapeContext& c);
// ---- mathematics ----
Status SelectShape(ShapeContext& c);
Status SelectV2Shape(ShapeContext& c);
Status ReductionShape(ShapeContext& c);
Status MatMulShape(ShapeContext& c);
Status BiasAddShape(ShapeContext& c);
Status BiasAddGradShape(ShapeContext& c);
// ---- state and control ----
Status SameAsFirstShape(ShapeContext& c);
Status SwitchShape(ShapeContext& c);
Status MergeShape(ShapeContext& c);
Status AssignShape(ShapeContext& c);
Status CountUpToShape(ShapeContext& c);
Status ApplyGradientDescentShape(ShapeContext& c);
Status ReadVariableShape(ShapeContext& c);
Status AssignVariableShape(ShapeContext& c);
Status ResourceGradientDescentShape(ShapeContext& c);
Status QueueDequeueShape(ShapeContext& c);
Status SaveShape(ShapeContext& c);
Status RestoreShape(ShapeContext& c);
Status MergeCheckpointsShape(ShapeContext& c);

}  // namespace internal
}  // namespace faultline
