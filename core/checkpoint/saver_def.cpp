#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>

#include "core/base/error.h"
#include "core/checkpoint/saver.h"
#include "core/proto/saver.pb.h"

namespace faultline {

std::string SaverDef::Serialize() const {
  v1::tf::SaverDef message;
  message.set_filename_tensor_name(filename_tensor_name);
  message.set_save_tensor_name(save_tensor_name);
  message.set_restore_op_name(restore_op_name);
  message.set_max_to_keep(max_to_keep);
  message.set_sharded(sharded);
  message.set_keep_checkpoint_every_n_hours(keep_checkpoint_every_n_hours);
  message.set_version(v1::tf::SaverDef::V2);
  return message.SerializeAsString();
}

Result<SaverDef> SaverDef::Parse(std::string_view serialized) {
  v1::tf::SaverDef message;
  // What is wrong with the bytes is in the status; protobuf would print it as well.
  const google::protobuf::LogSilencer silence;
  if (!message.ParseFromString(std::string(serialized))) {
    return Status(Code::kInvalidArgument, "The bytes are no SaverDef");
  }
  if (message.version() != v1::tf::SaverDef::V2) {
    return Status(Code::kInvalidArgument,
                  fmt::format("Checkpoints of version {} are not supported",
                              v1::tf::SaverDef::CheckpointFormatVersion_Name(message.version())));
  }
  SaverDef def;
  def.filename_tensor_name = message.filename_tensor_name();
  def.save_tensor_name = message.save_tensor_name();
  def.restore_op_name = message.restore_op_name();
  def.max_to_keep = message.max_to_keep();
  def.sharded = message.sharded();
  def.keep_checkpoint_every_n_hours = message.keep_checkpoint_every_n_hours();
  return def;
}

std::unique_ptr<Saver> SaverFromSerialized(Runtime& runtime, Graph& graph,
                                           std::string_view serialized_saver_def,
                                           const std::string& import_scope) {
  Result<SaverDef> def = SaverDef::Parse(serialized_saver_def);
  ThrowIfError(def.status());
  auto saver = std::make_unique<Saver>(runtime, graph, *std::move(def), import_scope);
  // Each throws if there is no such node.
  graph.FindOutput(saver->def().filename_tensor_name);
  graph.FindOutput(saver->def().save_tensor_name);
  if (graph.FindOperation(saver->def().restore_op_name) == nullptr) {
    throw ValueError(fmt::format("The graph has no operation '{}', which restores checkpoints",
                                 saver->def().restore_op_name));
  }
  return saver;
}

}  // namespace faultline
