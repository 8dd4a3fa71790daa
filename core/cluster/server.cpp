#include "core/cluster/server.h"

#include <bit>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/cluster/address.h"
#include "core/cluster/cluster.pb.h"
#include "core/cluster/master.h"
#include "core/cluster/message_conversion.h"
#include "core/env/event.h"

namespace faultline {
namespace {

// Ports that a local server tries: those that systems give out for the asking.
constexpr std::uint64_t kFirstFreePort = 49152;
constexpr std::uint64_t kFreePorts = 65536 - kFirstFreePort;
constexpr int kPortTries = 100;

TaskId ResolveTask(const ServerOptions& options) {
  TaskId task;
  if (options.job_name) {
    task.job = *options.job_name;
  } else {
    const std::vector<std::string> jobs = options.cluster.Jobs();
    if (jobs.size() != 1) {
      throw ValueError(fmt::format("job_name is needed: the cluster has {} jobs", jobs.size()));
    }
    task.job = jobs.front();
  }
  if (options.task_index) {
    task.index = *options.task_index;
  } else {
    const std::vector<int> indices = options.cluster.TaskIndices(task.job);
    if (indices.size() != 1) {
      throw ValueError(
          fmt::format("task_index is needed: job {} has {} tasks", task.job, indices.size()));
    }
    task.index = indices.front();
  }
  return task;
}

// Answers calls of one kind by a function of the master. The handler on the stack keeps the master
// alive: the transport may forget the handler while it runs.
template <class Request, class Call>
CallHandler HandlerFor(const std::shared_ptr<Master>& master, Call call) {
  return [master, call](const CallContext& context,
                        std::unique_ptr<Message> message) -> Result<std::unique_ptr<Message>> {
    const std::shared_ptr<Master> kept = master;
    const Call kept_call = call;
    const auto* request = dynamic_cast<const Request*>(message.get());
    if (request == nullptr) {
      return Status(Code::kInternal, fmt::format("{} expected, {} came", Request::kKind,
                                                 message ? message->kind() : "nothing"));
    }
    auto response = kept_call(*kept, *request, context);
    if (!response.ok()) return response.status();
    using Response = std::decay_t<decltype(*response)>;
    return std::unique_ptr<Message>(std::make_unique<Response>(std::move(*response)));
  };
}

template <class Request, class Response, class Call>
Status Serve(Transport& transport, const std::string& address, std::string_view method,
             const std::shared_ptr<Master>& master, Call call) {
  return transport.Serve(
      address, std::string(method),
      {&Request::Decode, &Response::Decode, HandlerFor<Request>(master, std::move(call))});
}

Status ServeMaster(Transport& transport, const std::string& address,
                   const std::shared_ptr<Master>& master) {
  FL_RETURN_IF_ERROR((Serve<CreateSessionRequest, CreateSessionResponse>(
      transport, address, MasterMethods::kCreateSession, master,
      [](Master& m, const auto& request, const auto&) { return m.CreateSession(request); })));
  FL_RETURN_IF_ERROR((Serve<ExtendSessionRequest, ExtendSessionResponse>(
      transport, address, MasterMethods::kExtendSession, master,
      [](Master& m, const auto& request, const auto&) { return m.ExtendSession(request); })));
  // RF-8: a step ends when its caller's connection breaks. Nothing else does: RF-28, RF-54.
  FL_RETURN_IF_ERROR((Serve<RunStepRequest, RunStepResponse>(
      transport, address, MasterMethods::kRunStep, master,
      [](Master& m, const auto& request, const CallContext& context) {
        return m.RunStep(request, {TimePoint::Max(), context.caller_gone});
      })));
  FL_RETURN_IF_ERROR((Serve<CloseSessionRequest, CloseSessionResponse>(
      transport, address, MasterMethods::kCloseSession, master,
      [](Master& m, const auto& request, const auto&) { return m.CloseSession(request); })));
  return Serve<ResetRequest, ResetResponse>(
      transport, address, MasterMethods::kReset, master,
      [](Master& m, const auto& request, const auto&) { return m.Reset(request); });
}

}  // namespace

ServerOptions ServerOptions::FromMessage(std::string_view serialized_server_def) {
  v1::cluster::ServerDef message;
  if (!message.ParseFromArray(serialized_server_def.data(),
                              static_cast<int>(serialized_server_def.size()))) {
    throw TypeError("a server needs a serialized ServerDef");
  }
  ServerOptions options;
  options.cluster = ClusterSpec::FromMessage(message.cluster().SerializeAsString());
  options.job_name = message.job_name();
  options.task_index = message.task_index();
  if (!message.protocol().empty()) options.protocol = message.protocol();
  options.config = internal::ConfigFromProto(message.default_session_config());
  return options;
}

void ServerOptions::MergeConfig(const SessionConfig& given) {
  if (given.operation_timeout != Duration()) config.operation_timeout = given.operation_timeout;
  config.isolate_session_state = config.isolate_session_state || given.isolate_session_state;
  config.device_filters.insert(config.device_filters.end(), given.device_filters.begin(),
                               given.device_filters.end());
}

Server::Server(Runtime& runtime, const ServerOptions& options) : env_(runtime.env) {
  if (options.protocol != "grpc") {
    ThrowStatus(Status(Code::kNotFound,
                       fmt::format("no kind of server speaks protocol {}", options.protocol)));
  }
  const TaskId task = ResolveTask(options);
  address_ = options.cluster.TaskAddress(task.job, task.index);
  ThrowIfError(CheckAddress(address_));
  target_ = TargetOfAddress(address_);
  master_ = std::make_shared<Master>(
      Master::Options{runtime.env, runtime.semantics, runtime.kernels, address_, task,
                      options.config, options.profile.master_id_window});
  if (options.start) Start();
}

Server::~Server() {
  if (started_) env_.transport.StopServing(address_);
}

std::unique_ptr<Server> Server::CreateLocal(Runtime& runtime, const SessionConfig& config,
                                            bool start) {
  const std::uint64_t first = runtime.env.random.Draw("local_server_port") % kFreePorts;
  ServerOptions options;
  options.config = config;
  options.start = false;
  Status last;
  for (int i = 0; i < kPortTries; ++i) {
    const std::uint64_t port =
        kFirstFreePort + (first + static_cast<std::uint64_t>(i)) % kFreePorts;
    options.cluster = ClusterSpec({{"local", {fmt::format("localhost:{}", port)}}});
    auto server = std::make_unique<Server>(runtime, options);
    if (!start) return server;
    last = server->TryStart();
    if (last.ok()) return server;
    if (last.code() != Code::kUnknown) break;
  }
  ThrowStatus(last);
}

void Server::Start() { ThrowIfError(TryStart()); }

Status Server::TryStart() {
  if (started_) return Status();
  const Status served = ServeMaster(env_.transport, address_, master_);
  if (served.code() == Code::kAlreadyExists) {
    return Status(Code::kUnknown, fmt::format("address {} is occupied", address_));  // CL-12
  }
  FL_RETURN_IF_ERROR(served);
  started_ = true;
  env_.observer.Announce(Point::kServerStart,
                         {{"address", address_},
                          {"incarnation", std::bit_cast<std::int64_t>(master_->incarnation())}});
  return Status();
}

void Server::Join() {
  Event never(env_.spawner);
  const std::string what = fmt::format("the end of server {}, which never comes", address_);
  while (true) (void)never.Wait({what});
}

Server& StartServer(Runtime& runtime, const ServerOptions& options) {
  auto server = std::make_unique<Server>(runtime, options);
  Server& started = *server;
  runtime.servers.push_back(std::move(server));
  return started;
}

}  // namespace faultline
