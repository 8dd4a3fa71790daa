#include "core/cluster/remote_session.h"

#include <utility>

#include <fmt/format.h>

#include "core/proto/graph.pb.h"

namespace faultline {
namespace {

// Serialized GraphDef of the operations from number `first` on.
std::string GraphDefFrom(const Graph& graph, std::size_t first) {
  v1::tf::GraphDef def;
  const bool parsed = def.ParseFromString(graph.SerializedGraphDef());
  FL_ASSERT(parsed, "a graph renders a readable GraphDef");
  FL_ASSERT(static_cast<std::size_t>(def.node_size()) == graph.operations().size(),
            "{} nodes for {} operations", def.node_size(), graph.operations().size());
  def.mutable_node()->DeleteSubrange(0, static_cast<int>(first));
  return def.SerializeAsString();
}

}  // namespace

RemoteSession::RemoteSession(Env& the_env, Graph& graph, Identity identity, MasterClient master)
    : ClientSession(the_env, graph, std::move(identity.target), std::move(identity.config),
                    identity.id),
      master_(std::move(master)),
      brought_(the_env.spawner.MakeWaitQueue()) {}

RemoteSession::~RemoteSession() = default;

Result<std::vector<Tensor>> RemoteSession::RunStep(const StepRequest& request) {
  FL_RETURN_IF_ERROR(BringGraph(request));
  RunStepRequest message = MakeRequest(request);
  const std::size_t wanted = message.fetches.size();
  FL_ASSIGN_OR_RETURN(RunStepResponse response,
                      master_.RunStep(std::move(message), {request.deadline, request.cancel}));
  FL_RETURN_IF_ERROR(response.status);
  if (response.tensors.size() != wanted) {
    return Status(Code::kInternal, fmt::format("{} values for {} fetches came from {}",
                                               response.tensors.size(), wanted, target()));
  }
  std::vector<Tensor> values;
  for (auto& [name, value] : response.tensors) values.push_back(std::move(value));
  if (request.metadata != nullptr) *request.metadata = std::move(response.metadata);
  return values;
}

RunStepRequest RemoteSession::MakeRequest(const StepRequest& request) const {
  RunStepRequest message;
  message.session_handle = handle_;
  for (const auto& [key, value] : request.feeds) message.feeds.emplace_back(key.name(), value);
  for (const Output& fetch : request.fetches) message.fetches.push_back(fetch.name());
  for (const Operation* op : request.targets) message.targets.push_back(op->name());
  if (request.options != nullptr) message.options = *request.options;
  message.context = request.context;
  return message;
}

Status RemoteSession::BringGraph(const StepRequest& request) {
  const std::string what = fmt::format("another run to bring the graph to {}", target());
  while (bringing_) {
    switch (brought_->Wait({what, request.deadline, request.cancel})) {
      case WaitOutcome::kWoken:
        break;
      case WaitOutcome::kDeadline:
        return Status(Code::kDeadlineExceeded, fmt::format("waited too long for {}", what));
      case WaitOutcome::kCancelled:
        return request.cancel->reason();
    }
  }
  bringing_ = true;
  const Status status = CreateOrExtend(request);
  bringing_ = false;
  brought_->WakeAll();
  return status;
}

Status RemoteSession::CreateOrExtend(const StepRequest& request) {
  const StepLimits limits{request.deadline, request.cancel};
  if (handle_.empty()) return Create(request.context, limits);
  if (sent_operations_ == graph().operations().size()) return Status();
  return Extend(request.context, limits);
}

Status RemoteSession::Create(const StepContext& context, const StepLimits& limits) {
  CreateSessionRequest message;
  const std::size_t operations = graph().operations().size();
  message.graph_def = graph().SerializedGraphDef();
  message.config = config();
  message.target = target();
  message.context = context;
  FL_ASSIGN_OR_RETURN(CreateSessionResponse response, master_.CreateSession(message, limits));
  handle_ = std::move(response.session_handle);
  version_ = response.graph_version;
  sent_operations_ = operations;
  return Status();
}

Status RemoteSession::Extend(const StepContext& context, const StepLimits& limits) {
  ExtendSessionRequest message;
  const std::size_t operations = graph().operations().size();
  message.graph_def = GraphDefFrom(graph(), sent_operations_);
  message.session_handle = handle_;
  message.current_graph_version = version_;
  message.context = context;
  FL_ASSIGN_OR_RETURN(const ExtendSessionResponse response, master_.ExtendSession(message, limits));
  version_ = response.new_graph_version;
  sent_operations_ = operations;
  return Status();
}

Status RemoteSession::CloseEngine() {
  if (handle_.empty()) return Status();
  CloseSessionRequest message;
  message.session_handle = std::exchange(handle_, "");
  StepLimits limits;
  if (config().operation_timeout > Duration()) {  // RF-48
    limits.deadline = env().clock.Now() + config().operation_timeout;
  }
  const auto closed = master_.CloseSession(message, limits);
  return closed.status();
}

}  // namespace faultline
