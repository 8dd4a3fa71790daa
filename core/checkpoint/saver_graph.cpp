#include "core/checkpoint/saver_graph.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/checkpoint/device_name.h"
#include "core/graph/ops.h"

namespace faultline {
namespace {

Output StringConstant(Graph& graph, const std::string& text, const std::string& name) {
  return Constant(graph, Tensor::Scalar(text), name);
}

Output StringList(Graph& graph, const std::vector<std::string>& texts, const std::string& name) {
  const TensorShape shape({static_cast<std::int64_t>(texts.size())});
  return Constant(graph, Tensor::Of<std::string>(shape, texts), name);
}

std::vector<std::string> Names(const Saveables& saveables) {
  std::vector<std::string> names;
  for (const auto& [name, variable] : saveables) names.push_back(name);
  return names;
}

// Builds the nodes of one saver; all names are within its scope.
class SaverGraph {
 public:
  SaverGraph(Graph& graph, const SaverOptions& options) : graph_(graph), options_(options) {}

  Output Filename() {
    const Output text = StringConstant(graph_, options_.filename, "filename/input");
    const Output given = PlaceholderWithDefault(text, PartialShape({}), "filename");
    return PlaceholderWithDefault(given, PartialShape({}), "Const");
  }

  // Writes the variables under `prefix`.
  Operation* Save(Output prefix, const Saveables& saveables) {
    std::vector<Output> values;
    for (const auto& [name, variable] : saveables) {
      values.push_back(variable.is_resource ? variable.snapshot : variable.handle);
    }
    const NameScope scope(graph_, "SaveV2");
    std::vector<Output> inputs = {prefix, StringList(graph_, Names(saveables), "tensor_names"),
                                  WholeTensors(saveables.size())};
    inputs.insert(inputs.end(), values.begin(), values.end());
    return AddInScope("SaveV2", std::move(inputs));
  }

  Output SavePlain(Output filename, const Saveables& saveables) {
    Operation* save = nullptr;
    {
      const DeviceScope device(graph_, CpuOfDevice(""));
      save = Save(filename, saveables);
    }
    return WithDependencies({save}, filename);
  }

  Output SaveSharded(Output filename, const std::map<std::string, Saveables>& by_device,
                     const std::string& directory_suffix) {
    const Output joined = Join(filename, "_temp_" + directory_suffix + "/part");
    const Output count =
        Constant(graph_, Tensor::Scalar(static_cast<std::int32_t>(by_device.size())), "num_shards");
    std::vector<Output> prefixes;
    std::vector<Operation*> saved;
    std::int32_t shard = 0;
    for (const auto& [device, saveables] : by_device) {
      const DeviceScope scope(graph_, CpuOfDevice(device));
      prefixes.push_back(ShardedFilename(joined, shard++, count));
      Operation* save = Save(prefixes.back(), saveables);
      saved.push_back(WithDependencies({save}, prefixes.back()).op);
    }
    const ControlScope after_saves(graph_, saved);
    // The merge goes to the last device.
    const DeviceScope scope(graph_, CpuOfDevice(by_device.rbegin()->first));
    Operation* merge = Merge(prefixes, filename);
    const ControlScope after_merge(graph_, {merge});
    return Identity(filename);
  }

  // Assigns the variables of one device.
  Operation* Restore(Output filename, const Saveables& saveables, const std::string& device,
                     const std::string& name) {
    Operation* restore = nullptr;
    {
      const DeviceScope scope(graph_, CpuOfDevice(device));
      restore = RestoreValues(filename, saveables);
    }
    std::vector<Operation*> assigned;
    int i = 0;
    for (const auto& [checkpoint_name, variable] : saveables) {
      std::vector<Operation*> after;
      if (options_.restore_sequentially && !assigned.empty()) after = {assigned.back()};
      assigned.push_back(AssignRestored(variable, restore->output(i++), std::move(after)));
    }
    return Group(graph_, assigned, name);
  }

 private:
  // An operation that bears the name of the present scope.
  Operation* AddInScope(const char* type, std::vector<Output> inputs, AttrMap attrs = {}) {
    return graph_.AddOperation({.type = type,
                                .name = graph_.name_scope() + "/",
                                .inputs = std::move(inputs),
                                .attrs = std::move(attrs),
                                .control_inputs = {},
                                .device = ""});
  }

  Output WholeTensors(std::size_t count) {
    return StringList(graph_, std::vector<std::string>(count), "shape_and_slices");
  }

  Output Join(Output filename, const std::string& suffix) {
    const NameScope scope(graph_, "StringJoin");
    const Output end = StringConstant(graph_, suffix, "inputs_1");
    return AddInScope("StringJoin", {filename, end})->output();
  }

  Output ShardedFilename(Output base, std::int32_t shard, Output count) {
    const NameScope scope(graph_, "ShardedFilename");
    const Output number = Constant(graph_, Tensor::Scalar(shard), "shard");
    return AddInScope("ShardedFilename", {base, number, count})->output();
  }

  Operation* Merge(const std::vector<Output>& prefixes, Output filename) {
    const NameScope scope(graph_, "MergeV2Checkpoints");
    const Output packed = Pack(prefixes, "checkpoint_prefixes");
    return AddInScope("MergeV2Checkpoints", {packed, filename}, {{"delete_old_dirs", true}});
  }

  Operation* RestoreValues(Output filename, const Saveables& saveables) {
    std::vector<DataType> dtypes;
    for (const auto& [name, variable] : saveables) dtypes.push_back(variable.dtype());
    const NameScope scope(graph_, "RestoreV2");
    const Output names = StringList(graph_, Names(saveables), "tensor_names");
    const Output slices = WholeTensors(saveables.size());
    return AddInScope("RestoreV2", {filename, names, slices}, {{"dtypes", std::move(dtypes)}});
  }

  Operation* AssignRestored(const Variable& variable, Output value, std::vector<Operation*> after) {
    const PartialShape& shape = variable.shape();
    const bool known = shape.fully_defined();
    if (options_.reshape) {
      value = Reshape(value,
                      known ? KnownShape(shape)
                            : ShapeOf(variable.is_resource ? variable.value() : variable.handle));
    }
    if (variable.is_resource) return AssignResource(variable, value, std::move(after));
    return graph_.AddOperation({.type = "Assign",
                                .name = "Assign",
                                .inputs = {variable.handle, value},
                                .attrs = {{"validate_shape", known && !options_.reshape}},
                                .control_inputs = std::move(after),
                                .device = ""});
  }

  // By a copy on the variable's device.
  Operation* AssignResource(const Variable& variable, Output value, std::vector<Operation*> after) {
    const DeviceScope device(graph_, variable.handle.op->device());
    const Output copy = Identity(value);
    return graph_.AddOperation({.type = "AssignVariableOp",
                                .name = "AssignVariableOp",
                                .inputs = {variable.handle, copy},
                                .attrs = {{"dtype", variable.dtype()}},
                                .control_inputs = std::move(after),
                                .device = ""});
  }

  Output KnownShape(const PartialShape& shape) {
    std::vector<std::int32_t> dims;
    for (const std::int64_t dim : shape.dims()) dims.push_back(static_cast<std::int32_t>(dim));
    return Constant(
        graph_,
        Tensor::Of<std::int32_t>(TensorShape({static_cast<std::int64_t>(dims.size())}), dims),
        "Reshape/shape");
  }

  Graph& graph_;
  const SaverOptions& options_;
};

std::string DrawHex(Random& random) {
  const std::uint64_t high = random.Draw("checkpoint/saver");
  const std::uint64_t low = random.Draw("checkpoint/saver");
  return fmt::format("{:016x}{:016x}", high, low);
}

}  // namespace

Saveables CollectSaveables(const Graph& graph, const SaverOptions& options) {
  Saveables saveables = options.variables;
  if (saveables.empty()) {
    for (const Variable& variable : graph.GetVariables(GraphKeys::kGlobalVariables)) {
      saveables.emplace_back(variable.name(), variable);
    }
  }
  std::stable_sort(saveables.begin(), saveables.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::set<std::string> names;
  std::set<std::string> variables;
  for (const auto& [name, variable] : saveables) {
    if (!names.insert(name).second) {
      throw ValueError("At least two variables have the same name: " + name);
    }
    if (!variables.insert(variable.name()).second) {
      throw ValueError("The same saveable will be restored with two names: " + name);
    }
  }
  return saveables;
}

SaverDef BuildSaverNodes(Graph& graph, Random& random, const SaverOptions& options,
                         const Saveables& saveables) {
  FL_ASSERT(!saveables.empty(), "a saver without variables has no nodes");
  SaverDef def;
  const NameScope scope(graph, options.name);
  SaverGraph nodes(graph, options);
  const Output filename = nodes.Filename();
  Output saved;
  std::vector<Operation*> restored;
  if (options.sharded) {
    std::map<std::string, Saveables> by_device;  // CK-1305: in the order of their names
    for (const auto& item : saveables) {
      by_device[CanonicalDevice(item.second.handle.op->device())].push_back(item);
    }
    saved = nodes.SaveSharded(filename, by_device, DrawHex(random));
    for (const auto& [device, on_device] : by_device) {
      restored.push_back(nodes.Restore(filename, on_device, device, "restore_shard"));
    }
    def.restore_op_name = Group(graph, restored, "restore_all")->name();
  } else {
    saved = nodes.SavePlain(filename, saveables);
    def.restore_op_name = nodes.Restore(filename, saveables, "", "restore_all")->name();
  }
  def.filename_tensor_name = filename.name();
  def.save_tensor_name = saved.name();
  return def;
}

}  // namespace faultline
