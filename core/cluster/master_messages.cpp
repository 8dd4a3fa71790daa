#include "core/cluster/master_messages.h"

#include <utility>

#include <fmt/format.h>

#include "core/base/hash.h"
#include "core/cluster/cluster.pb.h"
#include "core/cluster/message_conversion.h"
#include "core/tensor/tensor_proto.h"

namespace faultline {
namespace {

using internal::AddConfig;
using internal::AddContext;

// What a field costs beside its content, and what the fixed fields of a message cost together.
constexpr std::uint64_t kFieldBytes = 3;
constexpr std::uint64_t kHeaderBytes = 16;

std::uint64_t SizeOfNames(const std::vector<std::string>& names) {
  std::uint64_t bytes = 0;
  for (const std::string& name : names) bytes += kFieldBytes + name.size();
  return bytes;
}

std::uint64_t SizeOfTensors(const std::vector<NamedTensor>& tensors) {
  std::uint64_t bytes = 0;
  for (const auto& [name, tensor] : tensors) {
    bytes += 4 * kFieldBytes + name.size() + tensor.TotalBytes();
  }
  return bytes;
}

void AddNames(const std::vector<std::string>& names, Hash64* hash) {
  hash->Add(names.size());
  for (const std::string& name : names) hash->Add(name);
}

void AddTensors(const std::vector<NamedTensor>& tensors, Hash64* hash) {
  hash->Add(tensors.size());
  for (const auto& [name, tensor] : tensors) {
    hash->Add(name);
    hash->Add(tensor.Digest());
  }
}

template <class Repeated>
void TensorsToProto(const std::vector<NamedTensor>& tensors, Repeated* repeated) {
  for (const auto& [name, tensor] : tensors) {
    auto* out = repeated->Add();
    out->set_name(name);
    TensorToProto(tensor, out->mutable_tensor());
  }
}

template <class Repeated>
Result<std::vector<NamedTensor>> TensorsFromProto(const Repeated& repeated) {
  std::vector<NamedTensor> tensors;
  for (const auto& in : repeated) {
    FL_ASSIGN_OR_RETURN(Tensor tensor, TensorFromProto(in.tensor()));
    tensors.emplace_back(in.name(), std::move(tensor));
  }
  return tensors;
}

template <class Proto>
Status Parse(std::string_view bytes, std::string_view kind, Proto* proto) {
  if (proto->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return Status();
  return Status(Code::kInvalidArgument,
                fmt::format("these {} bytes are no {}", bytes.size(), kind));
}

template <class T>
std::unique_ptr<Message> Own(T message) {
  return std::make_unique<T>(std::move(message));
}

template <class Names>
std::vector<std::string> ToVector(const Names& names) {
  return std::vector<std::string>(names.begin(), names.end());
}

}  // namespace

// ---- CreateSession ----

std::uint64_t CreateSessionRequest::byte_size() const {
  return kHeaderBytes + graph_def.size() + target.size() + SizeOfNames(config.device_filters);
}

std::uint64_t CreateSessionRequest::digest() const {
  Hash64 hash;
  hash.Add(graph_def);
  AddConfig(config, &hash);
  hash.Add(target);
  AddContext(context, &hash);
  return hash.value();
}

std::string CreateSessionRequest::Serialize() const {
  v1::cluster::CreateSessionRequest proto;
  proto.set_graph_def(graph_def);
  internal::ConfigToProto(config, proto.mutable_config());
  proto.set_target(target);
  internal::ContextToProto(context, proto.mutable_step_context());
  return proto.SerializeAsString();
}

Result<std::unique_ptr<Message>> CreateSessionRequest::Decode(std::string_view bytes) {
  v1::cluster::CreateSessionRequest proto;
  FL_RETURN_IF_ERROR(Parse(bytes, kKind, &proto));
  CreateSessionRequest message;
  message.graph_def = proto.graph_def();
  message.config = internal::ConfigFromProto(proto.config());
  message.target = proto.target();
  message.context = internal::ContextFromProto(proto.step_context());
  return Own(std::move(message));
}

std::uint64_t CreateSessionResponse::byte_size() const {
  return kHeaderBytes + session_handle.size();
}

std::uint64_t CreateSessionResponse::digest() const {
  Hash64 hash;
  hash.Add(session_handle);
  hash.Add(static_cast<std::uint64_t>(graph_version));
  return hash.value();
}

std::string CreateSessionResponse::Serialize() const {
  v1::cluster::CreateSessionResponse proto;
  proto.set_session_handle(session_handle);
  proto.set_graph_version(graph_version);
  return proto.SerializeAsString();
}

Result<std::unique_ptr<Message>> CreateSessionResponse::Decode(std::string_view bytes) {
  v1::cluster::CreateSessionResponse proto;
  FL_RETURN_IF_ERROR(Parse(bytes, kKind, &proto));
  CreateSessionResponse message;
  message.session_handle = proto.session_handle();
  message.graph_version = proto.graph_version();
  return Own(std::move(message));
}

// ---- ExtendSession ----

std::uint64_t ExtendSessionRequest::byte_size() const {
  return kHeaderBytes + session_handle.size() + graph_def.size();
}

std::uint64_t ExtendSessionRequest::digest() const {
  Hash64 hash;
  hash.Add(session_handle);
  hash.Add(graph_def);
  hash.Add(static_cast<std::uint64_t>(current_graph_version));
  AddContext(context, &hash);
  return hash.value();
}

std::string ExtendSessionRequest::Serialize() const {
  v1::cluster::ExtendSessionRequest proto;
  proto.set_session_handle(session_handle);
  proto.set_graph_def(graph_def);
  proto.set_current_graph_version(current_graph_version);
  internal::ContextToProto(context, proto.mutable_step_context());
  return proto.SerializeAsString();
}

Result<std::unique_ptr<Message>> ExtendSessionRequest::Decode(std::string_view bytes) {
  v1::cluster::ExtendSessionRequest proto;
  FL_RETURN_IF_ERROR(Parse(bytes, kKind, &proto));
  ExtendSessionRequest message;
  message.session_handle = proto.session_handle();
  message.graph_def = proto.graph_def();
  message.current_graph_version = proto.current_graph_version();
  message.context = internal::ContextFromProto(proto.step_context());
  return Own(std::move(message));
}

std::uint64_t ExtendSessionResponse::byte_size() const { return kHeaderBytes; }

std::uint64_t ExtendSessionResponse::digest() const {
  Hash64 hash;
  hash.Add(static_cast<std::uint64_t>(new_graph_version));
  return hash.value();
}

std::string ExtendSessionResponse::Serialize() const {
  v1::cluster::ExtendSessionResponse proto;
  proto.set_new_graph_version(new_graph_version);
  return proto.SerializeAsString();
}

Result<std::unique_ptr<Message>> ExtendSessionResponse::Decode(std::string_view bytes) {
  v1::cluster::ExtendSessionResponse proto;
  FL_RETURN_IF_ERROR(Parse(bytes, kKind, &proto));
  ExtendSessionResponse message;
  message.new_graph_version = proto.new_graph_version();
  return Own(std::move(message));
}

// ---- RunStep ----

std::uint64_t RunStepRequest::byte_size() const {
  return 2 * kHeaderBytes + session_handle.size() + SizeOfTensors(feeds) + SizeOfNames(fetches) +
         SizeOfNames(targets);
}

std::uint64_t RunStepRequest::digest() const {
  Hash64 hash;
  hash.Add(session_handle);
  AddTensors(feeds, &hash);
  AddNames(fetches, &hash);
  AddNames(targets, &hash);
  v1::cluster::RunOptions run_options;
  internal::RunOptionsToProto(options, &run_options);
  hash.Add(run_options.SerializeAsString());
  hash.Add(static_cast<std::uint64_t>(request_id));
  AddContext(context, &hash);
  return hash.value();
}

std::string RunStepRequest::Serialize() const {
  v1::cluster::RunStepRequest proto;
  proto.set_session_handle(session_handle);
  TensorsToProto(feeds, proto.mutable_feed());
  for (const std::string& name : fetches) proto.add_fetch(name);
  for (const std::string& name : targets) proto.add_target(name);
  internal::RunOptionsToProto(options, proto.mutable_options());
  proto.set_store_errors_in_response_body(true);
  proto.set_request_id(request_id);
  internal::ContextToProto(context, proto.mutable_step_context());
  return proto.SerializeAsString();
}

Result<std::unique_ptr<Message>> RunStepRequest::Decode(std::string_view bytes) {
  v1::cluster::RunStepRequest proto;
  FL_RETURN_IF_ERROR(Parse(bytes, kKind, &proto));
  RunStepRequest message;
  message.session_handle = proto.session_handle();
  FL_ASSIGN_OR_RETURN(message.feeds, TensorsFromProto(proto.feed()));
  message.fetches = ToVector(proto.fetch());
  message.targets = ToVector(proto.target());
  message.options = internal::RunOptionsFromProto(proto.options());
  message.request_id = proto.request_id();
  message.context = internal::ContextFromProto(proto.step_context());
  return Own(std::move(message));
}

std::uint64_t RunStepResponse::byte_size() const {
  std::uint64_t bytes = kHeaderBytes + SizeOfTensors(tensors) + status.message().size() +
                        SizeOfNames(metadata.partition_graphs);
  for (const NodeStats& node : metadata.node_stats) {
    bytes += 2 * kHeaderBytes + node.node.size() + node.type.size();
  }
  return bytes;
}

std::uint64_t RunStepResponse::digest() const {
  Hash64 hash;
  AddTensors(tensors, &hash);
  v1::cluster::RunMetadata run_metadata;
  internal::MetadataToProto(metadata, &run_metadata);
  hash.Add(run_metadata.SerializeAsString());
  hash.Add(static_cast<std::uint64_t>(status.code()));
  hash.Add(status.message());
  hash.Add(status.node());
  return hash.value();
}

std::string RunStepResponse::Serialize() const {
  v1::cluster::RunStepResponse proto;
  TensorsToProto(tensors, proto.mutable_tensor());
  internal::MetadataToProto(metadata, proto.mutable_metadata());
  proto.set_status_code(static_cast<int>(status.code()));
  proto.set_status_error_message(status.message());
  proto.set_status_error_node(status.node());
  return proto.SerializeAsString();
}

Result<std::unique_ptr<Message>> RunStepResponse::Decode(std::string_view bytes) {
  v1::cluster::RunStepResponse proto;
  FL_RETURN_IF_ERROR(Parse(bytes, kKind, &proto));
  RunStepResponse message;
  FL_ASSIGN_OR_RETURN(message.tensors, TensorsFromProto(proto.tensor()));
  message.metadata = internal::MetadataFromProto(proto.metadata());
  const int code = proto.status_code();
  if (code != 0) {
    // ER-2: a number without a class of its own is an unknown error.
    const bool known = code > 0 && code < kCanonicalCodes;
    message.status =
        Status(known ? static_cast<Code>(code) : Code::kUnknown, proto.status_error_message())
            .WithNode(proto.status_error_node());
  }
  return Own(std::move(message));
}

// ---- CloseSession ----

std::uint64_t CloseSessionRequest::byte_size() const {
  return kHeaderBytes + session_handle.size();
}

std::uint64_t CloseSessionRequest::digest() const {
  Hash64 hash;
  hash.Add(session_handle);
  return hash.value();
}

std::string CloseSessionRequest::Serialize() const {
  v1::cluster::CloseSessionRequest proto;
  proto.set_session_handle(session_handle);
  return proto.SerializeAsString();
}

Result<std::unique_ptr<Message>> CloseSessionRequest::Decode(std::string_view bytes) {
  v1::cluster::CloseSessionRequest proto;
  FL_RETURN_IF_ERROR(Parse(bytes, kKind, &proto));
  CloseSessionRequest message;
  message.session_handle = proto.session_handle();
  return Own(std::move(message));
}

std::uint64_t CloseSessionResponse::byte_size() const { return kHeaderBytes; }
std::uint64_t CloseSessionResponse::digest() const { return HashName(kKind); }
std::string CloseSessionResponse::Serialize() const { return ""; }

Result<std::unique_ptr<Message>> CloseSessionResponse::Decode(std::string_view bytes) {
  v1::cluster::CloseSessionResponse proto;
  FL_RETURN_IF_ERROR(Parse(bytes, kKind, &proto));
  return Own(CloseSessionResponse());
}

// ---- Reset ----

std::uint64_t ResetRequest::byte_size() const { return kHeaderBytes + SizeOfNames(containers); }

std::uint64_t ResetRequest::digest() const {
  Hash64 hash;
  AddNames(containers, &hash);
  return hash.value();
}

std::string ResetRequest::Serialize() const {
  v1::cluster::ResetRequest proto;
  for (const std::string& container : containers) proto.add_container(container);
  return proto.SerializeAsString();
}

Result<std::unique_ptr<Message>> ResetRequest::Decode(std::string_view bytes) {
  v1::cluster::ResetRequest proto;
  FL_RETURN_IF_ERROR(Parse(bytes, kKind, &proto));
  ResetRequest message;
  message.containers = ToVector(proto.container());
  return Own(std::move(message));
}

std::uint64_t ResetResponse::byte_size() const { return kHeaderBytes; }
std::uint64_t ResetResponse::digest() const { return HashName(kKind); }
std::string ResetResponse::Serialize() const { return ""; }

Result<std::unique_ptr<Message>> ResetResponse::Decode(std::string_view bytes) {
  v1::cluster::ResetResponse proto;
  FL_RETURN_IF_ERROR(Parse(bytes, kKind, &proto));
  return Own(ResetResponse());
}

}  // namespace faultline
