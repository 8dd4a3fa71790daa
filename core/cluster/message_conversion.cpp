#include "core/cluster/message_conversion.h"

namespace faultline::internal {

void ConfigToProto(const SessionConfig& config, v1::cluster::ConfigProto* proto) {
  for (const std::string& filter : config.device_filters) proto->add_device_filters(filter);
  proto->set_operation_timeout_in_ms(config.operation_timeout.nanoseconds() / 1'000'000);
  proto->set_isolate_session_state(config.isolate_session_state);
}

SessionConfig ConfigFromProto(const v1::cluster::ConfigProto& proto) {
  SessionConfig config;
  config.device_filters.assign(proto.device_filters().begin(), proto.device_filters().end());
  config.operation_timeout = Duration::Milliseconds(proto.operation_timeout_in_ms());
  config.isolate_session_state = proto.isolate_session_state();
  return config;
}

void AddConfig(const SessionConfig& config, Hash64* hash) {
  hash->Add(static_cast<std::uint64_t>(config.operation_timeout.nanoseconds()));
  hash->Add(config.isolate_session_state ? 1U : 0U);
  hash->Add(config.device_filters.size());
  for (const std::string& filter : config.device_filters) hash->Add(filter);
}

void ContextToProto(const StepContext& context, v1::cluster::StepContext* proto) {
  proto->set_session_id(context.session_id);
  proto->set_cause(static_cast<int>(context.cause));
  proto->set_user_run_id(context.user_run_id);
  proto->set_attempt(context.attempt);
}

StepContext ContextFromProto(const v1::cluster::StepContext& proto) {
  StepContext context;
  context.session_id = proto.session_id();
  const int cause = proto.cause();
  const bool known = cause > 0 && cause <= static_cast<int>(Cause::kReadyCheck);
  context.cause = known ? static_cast<Cause>(cause) : Cause::kUnknown;
  context.user_run_id = proto.user_run_id();
  context.attempt = proto.attempt();
  return context;
}

void AddContext(const StepContext& context, Hash64* hash) {
  hash->Add(context.session_id);
  hash->Add(static_cast<std::uint64_t>(context.cause));
  hash->Add(context.user_run_id);
  hash->Add(context.attempt);
}

void RunOptionsToProto(const RunOptions& options, v1::cluster::RunOptions* proto) {
  proto->set_trace_level(static_cast<int>(options.trace_level));
  proto->set_timeout_in_ms(options.timeout_ms);
  proto->set_inter_op_thread_pool(options.inter_op_thread_pool);
  proto->set_output_partition_graphs(options.output_partition_graphs);
  proto->set_report_tensor_allocations_upon_oom(options.report_tensor_allocations_upon_oom);
  auto* debug = proto->mutable_debug_options();
  debug->set_reset_disk_byte_usage(options.reset_disk_byte_usage);
  for (const DebugWatch& watch : options.debug_watches) {
    auto* out = debug->add_debug_tensor_watch_opts();
    out->set_node_name(watch.node_name);
    out->set_output_slot(watch.output_slot);
    for (const std::string& op : watch.debug_ops) out->add_debug_ops(op);
    for (const std::string& url : watch.debug_urls) out->add_debug_urls(url);
  }
}

RunOptions RunOptionsFromProto(const v1::cluster::RunOptions& proto) {
  RunOptions options;
  const int level = proto.trace_level();
  const bool known = level > 0 && level <= static_cast<int>(TraceLevel::kFullTrace);
  options.trace_level = known ? static_cast<TraceLevel>(level) : TraceLevel::kNoTrace;
  options.timeout_ms = proto.timeout_in_ms();
  options.inter_op_thread_pool = proto.inter_op_thread_pool();
  options.output_partition_graphs = proto.output_partition_graphs();
  options.report_tensor_allocations_upon_oom = proto.report_tensor_allocations_upon_oom();
  options.reset_disk_byte_usage = proto.debug_options().reset_disk_byte_usage();
  for (const auto& in : proto.debug_options().debug_tensor_watch_opts()) {
    DebugWatch watch;
    watch.node_name = in.node_name();
    watch.output_slot = in.output_slot();
    watch.debug_ops.assign(in.debug_ops().begin(), in.debug_ops().end());
    watch.debug_urls.assign(in.debug_urls().begin(), in.debug_urls().end());
    options.debug_watches.push_back(std::move(watch));
  }
  return options;
}

void MetadataToProto(const RunMetadata& metadata, v1::cluster::RunMetadata* proto) {
  for (const std::string& graph : metadata.partition_graphs) proto->add_partition_graphs(graph);
  if (metadata.node_stats.empty()) return;
  auto* device = proto->mutable_step_stats()->add_dev_stats();
  for (const NodeStats& node : metadata.node_stats) {
    auto* out = device->add_node_stats();
    out->set_node_name(node.node);
    out->set_timeline_label(node.type);
    out->set_all_start_nanos(node.start.nanoseconds());
    out->set_all_end_rel_nanos(node.duration.nanoseconds());
    if (node.output_bytes != 0) out->add_memory()->set_total_bytes(node.output_bytes);
  }
}

RunMetadata MetadataFromProto(const v1::cluster::RunMetadata& proto) {
  RunMetadata metadata;
  metadata.partition_graphs.assign(proto.partition_graphs().begin(),
                                   proto.partition_graphs().end());
  for (const auto& device : proto.step_stats().dev_stats()) {
    for (const auto& in : device.node_stats()) {
      metadata.node_stats.push_back({in.node_name(), in.timeline_label(),
                                     TimePoint::FromNanoseconds(in.all_start_nanos()),
                                     Duration::Nanoseconds(in.all_end_rel_nanos())});
      for (const auto& memory : in.memory()) {
        metadata.node_stats.back().output_bytes += memory.total_bytes();
      }
    }
  }
  return metadata;
}

}  // namespace faultline::internal
