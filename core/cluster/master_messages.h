#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/env/message.h"
#include "core/env/step_context.h"
#include "core/exec/run_options.h"
#include "core/exec/session_factory.h"
#include "core/tensor/tensor.h"

namespace faultline {

// The calls of TensorFlow's master service, with its kinds and fields, as plain structs (DESIGN
// 2.1(3)). `byte_size` is the content plus a few bytes for each field, cheap and equal whether or
// not a message is serialised. Decode gives INVALID_ARGUMENT for bytes that are no such message.

// Names of the calls.
struct MasterMethods {
  static constexpr std::string_view kCreateSession = "CreateSession";
  static constexpr std::string_view kExtendSession = "ExtendSession";
  static constexpr std::string_view kRunStep = "RunStep";
  static constexpr std::string_view kCloseSession = "CloseSession";
  static constexpr std::string_view kReset = "Reset";
};

// The part of Message that each kind writes anew.
#define FL_MASTER_MESSAGE(Class)                           \
  static constexpr std::string_view kKind = #Class;        \
  std::string_view kind() const override { return kKind; } \
  std::uint64_t byte_size() const override;                \
  std::uint64_t digest() const override;                   \
  std::string Serialize() const override;                  \
  static Result<std::unique_ptr<Message>> Decode(std::string_view bytes)

struct CreateSessionRequest final : Message {
  FL_MASTER_MESSAGE(CreateSessionRequest);
  std::string graph_def;  // serialized
  SessionConfig config;
  std::string target;
  StepContext context;
};

struct CreateSessionResponse final : Message {
  FL_MASTER_MESSAGE(CreateSessionResponse);
  std::string session_handle;
  std::int64_t graph_version = 0;
};

struct ExtendSessionRequest final : Message {
  FL_MASTER_MESSAGE(ExtendSessionRequest);
  std::string session_handle;
  std::string graph_def;  // serialized; only the nodes to add
  std::int64_t current_graph_version = 0;
  StepContext context;
};

struct ExtendSessionResponse final : Message {
  FL_MASTER_MESSAGE(ExtendSessionResponse);
  std::int64_t new_graph_version = 0;
};

using NamedTensor = std::pair<std::string, Tensor>;  // "node:0"

struct RunStepRequest final : Message {
  FL_MASTER_MESSAGE(RunStepRequest);
  std::string session_handle;
  std::vector<NamedTensor> feeds;
  std::vector<std::string> fetches;  // names of tensors
  std::vector<std::string> targets;  // names of operations
  RunOptions options;
  // RF-17; 0: not tracked.
  std::int64_t request_id = 0;
  StepContext context;
};

struct RunStepResponse final : Message {
  FL_MASTER_MESSAGE(RunStepResponse);
  std::vector<NamedTensor> tensors;
  RunMetadata metadata;
  // Error of the step itself: it travels in the body, so that no channel retries it (RF-24).
  Status status;
};

struct CloseSessionRequest final : Message {
  FL_MASTER_MESSAGE(CloseSessionRequest);
  std::string session_handle;
};

struct CloseSessionResponse final : Message {
  FL_MASTER_MESSAGE(CloseSessionResponse);
};

struct ResetRequest final : Message {
  FL_MASTER_MESSAGE(ResetRequest);
  std::vector<std::string> containers;  // empty: all (SE-5)
};

struct ResetResponse final : Message {
  FL_MASTER_MESSAGE(ResetResponse);
};

#undef FL_MASTER_MESSAGE

}  // namespace faultline
