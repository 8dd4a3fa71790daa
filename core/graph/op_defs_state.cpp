#include "core/graph/op_def_builder.h"
#include "core/graph/op_defs.h"

namespace faultline::internal {
namespace {

constexpr OpDef Accumulation(std::string_view name) {
  return {.name = name,
          .inputs = {Ref("ref", "T"), Arg("value", "T")},
          .outputs = {Ref("output_ref", "T")},
          .attrs = {Type("T", kNumberTypes), Bool("use_locking", false)},
          .shape = SameAsFirstShape};
}

constexpr OpDef kOps[] = {
    // ---- control ----
    {.name = "NoOp", .shape = NoShape},
    {.name = "Switch",
     .inputs = {Arg("data", "T"), Arg("pred", kBool)},
     .outputs = {Arg("output_false", "T"), Arg("output_true", "T")},
     .attrs = {Type("T")},
     .shape = SwitchShape},
    AllowsUninitialized({.name = "RefSwitch",
                         .inputs = {Ref("data", "T"), Arg("pred", kBool)},
                         .outputs = {Ref("output_false", "T"), Ref("output_true", "T")},
                         .attrs = {Type("T")},
                         .shape = SwitchShape}),
    {.name = "Merge",
     .inputs = {Several("inputs", "T")},
     .outputs = {Arg("output", "T"), Arg("value_index", kInt32)},
     .attrs = {Type("T"), Count()},
     .shape = MergeShape},
    // ---- variables ----
    Stateful({.name = "VariableV2",
              .outputs = {Ref("ref", "dtype")},
              .attrs = {Attr("shape", AttrKind::kShape), Type("dtype"), Text("container", ""),
                        Text("shared_name", "")},
              .shape = ShapeAttrShape}),
    AllowsUninitialized(
        {.name = "Assign",
         .inputs = {Ref("ref", "T"), Arg("value", "T")},
         .outputs = {Ref("output_ref", "T")},
         .attrs = {Type("T"), Bool("validate_shape", true), Bool("use_locking", true)},
         .shape = AssignShape}),
    Accumulation("AssignAdd"),
    Accumulation("AssignSub"),
    {.name = "CountUpTo",
     .inputs = {Ref("ref", "T")},
     .outputs = {Arg("output", "T")},
     .attrs = {Attr("limit", AttrKind::kInt), Type("T", kIndexTypes)},
     .shape = CountUpToShape},
    AllowsUninitialized({.name = "IsVariableInitialized",
                         .inputs = {Ref("ref", "dtype")},
                         .outputs = {Arg("is_initialized", kBool)},
                         .attrs = {Type("dtype")},
                         .shape = ScalarShape}),
    {.name = "ApplyGradientDescent",
     .inputs = {Ref("var", "T"), Arg("alpha", "T"), Arg("delta", "T")},
     .outputs = {Ref("out", "T")},
     .attrs = {Type("T", kNumberTypes), Bool("use_locking", false)},
     .shape = ApplyGradientDescentShape},
    // ---- queues ----
    Stateful({.name = "FIFOQueueV2",
              .outputs = {Arg("handle", kResource)},
              .attrs = {Types("component_types"), ListOrEmpty("shapes", AttrKind::kShapeList),
                        Int("capacity", -1), Text("container", ""), Text("shared_name", "")},
              .shape = ScalarShape}),
    Stateful({.name = "QueueEnqueueV2",
              .inputs = {Arg("handle", kResource), Each("components", "Tcomponents")},
              .attrs = {Types("Tcomponents"), Int("timeout_ms", -1)},
              .shape = NoShape}),
    Stateful({.name = "QueueDequeueV2",
              .inputs = {Arg("handle", kResource)},
              .outputs = {Each("components", "component_types")},
              .attrs = {Types("component_types"), Int("timeout_ms", -1)},
              .shape = QueueDequeueShape}),
    Stateful({.name = "QueueCloseV2",
              .inputs = {Arg("handle", kResource)},
              .attrs = {Bool("cancel_pending_enqueues", false)},
              .shape = NoShape}),
    Stateful({.name = "QueueSizeV2",
              .inputs = {Arg("handle", kResource)},
              .outputs = {Arg("size", kInt32)},
              .shape = ScalarShape}),
    // ---- summaries ----
    {.name = "ScalarSummary",
     .inputs = {Arg("tags", kString), Arg("values", "T")},
     .outputs = {Arg("summary", kString)},
     .attrs = {Type("T", kRealTypes)},
     .shape = ScalarShape},
    {.name = "MergeSummary",
     .inputs = {Several("inputs", kString)},
     .outputs = {Arg("summary", kString)},
     .attrs = {Count()},
     .shape = ScalarShape},
    // ---- checkpoints ----
    Stateful({.name = "SaveV2",
              .inputs = {Arg("prefix", kString), Arg("tensor_names", kString),
                         Arg("shape_and_slices", kString), Each("tensors", "dtypes")},
              .attrs = {Types("dtypes")},
              .shape = SaveShape}),
    Stateful({.name = "RestoreV2",
              .inputs = {Arg("prefix", kString), Arg("tensor_names", kString),
                         Arg("shape_and_slices", kString)},
              .outputs = {Each("tensors", "dtypes")},
              .attrs = {Types("dtypes")},
              .shape = RestoreShape}),
    Stateful({.name = "MergeV2Checkpoints",
              .inputs = {Arg("checkpoint_prefixes", kString), Arg("destination_prefix", kString)},
              .attrs = {Bool("delete_old_dirs", true), Bool("allow_missing_files", false)},
              .shape = MergeCheckpointsShape}),
    {.name = "ShardedFilename",
     .inputs = {Arg("basename", kString), Arg("shard", kInt32), Arg("num_shards", kInt32)},
     .outputs = {Arg("filename", kString)},
     .shape = ScalarsToScalarShape},
};

}  // namespace

std::span<const OpDef> StateOpDefs() { return kOps; }

}  // namespace faultline::internal
