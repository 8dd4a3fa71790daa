#pragma once

#include <string_view>

#include "core/base/hash.h"
#include "core/cluster/cluster.pb.h"
#include "core/env/step_context.h"
#include "core/exec/run_options.h"
#include "core/exec/session_factory.h"

namespace faultline::internal {

// Parts of the master service's messages, to protobuf and back, and into a digest.

void ConfigToProto(const SessionConfig& config, v1::cluster::ConfigProto* proto);
SessionConfig ConfigFromProto(const v1::cluster::ConfigProto& proto);
void AddConfig(const SessionConfig& config, Hash64* hash);

void ContextToProto(const StepContext& context, v1::cluster::StepContext* proto);
StepContext ContextFromProto(const v1::cluster::StepContext& proto);
void AddContext(const StepContext& context, Hash64* hash);

void RunOptionsToProto(const RunOptions& options, v1::cluster::RunOptions* proto);
RunOptions RunOptionsFromProto(const v1::cluster::RunOptions& proto);

void MetadataToProto(const RunMetadata& metadata, v1::cluster::RunMetadata* proto);
RunMetadata MetadataFromProto(const v1::cluster::RunMetadata& proto);

}  // namespace faultline::internal
