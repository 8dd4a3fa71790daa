#include "core/cluster/master.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace faultline {
namespace {

// CL-10: what the server was given overrides or adds to what the client asks for.
SessionConfig MergeConfig(SessionConfig config, const SessionConfig& server) {
  config.isolate_session_state = config.isolate_session_state || server.isolate_session_state;
  config.device_filters.insert(config.device_filters.end(), server.device_filters.begin(),
                               server.device_filters.end());
  return config;
}

}  // namespace

Master::Master(Options options)
    : options_(std::move(options)),
      incarnation_(std::max<std::uint64_t>(options_.env.random.Draw("incarnation"), 1)),
      resources_(options_.address),
      environment_{options_.env, options_.semantics, resources_},
      request_ids_(options_.id_window) {}

Result<std::shared_ptr<MasterSession>> Master::FindSession(const std::string& handle) const {
  const auto found = sessions_.find(handle);
  if (found != sessions_.end()) return found->second;
  return Status(Code::kAborted,
                fmt::format("session {} is not known to {}; it may have been closed,"
                            " or the server has restarted",
                            handle, options_.address));
}

Result<CreateSessionResponse> Master::CreateSession(const CreateSessionRequest& request) {
  CreateSessionResponse response;
  response.session_handle = fmt::format("{:016x}", options_.env.random.Draw("session_handle"));
  FL_ASSIGN_OR_RETURN(auto session,
                      MasterSession::Make({response.session_handle, options_.task,
                                           MergeConfig(request.config, options_.default_config),
                                           environment_, options_.kernels, graphs_},
                                          request.graph_def));
  response.graph_version = session->version();
  const bool fresh = sessions_.emplace(response.session_handle, std::move(session)).second;
  FL_ASSERT(fresh, "session handle {} was drawn twice", response.session_handle);
  options_.env.observer.Announce(
      Point::kMasterSessionCreated,
      {{"address", options_.address}, {"handle", response.session_handle}});
  return response;
}

Result<ExtendSessionResponse> Master::ExtendSession(const ExtendSessionRequest& request) {
  FL_ASSIGN_OR_RETURN(const auto session, FindSession(request.session_handle));
  ExtendSessionResponse response;
  FL_ASSIGN_OR_RETURN(response.new_graph_version,
                      session->Extend(request.current_graph_version, request.graph_def));
  return response;
}

Result<RunStepResponse> Master::RunStep(const RunStepRequest& request, const StepLimits& limits) {
  FL_RETURN_IF_ERROR(request_ids_.Track(request.request_id));
  FL_ASSIGN_OR_RETURN(const auto session, FindSession(request.session_handle));
  // A close may come in while this suspends: the step is then refused, not executed (RF-52).
  options_.env.observer.Announce(
      Point::kStepExecuting, {{"address", options_.address}, {"handle", request.session_handle}});
  RunStepResponse response = session->RunStep(request, limits);
  options_.env.observer.Announce(Point::kStepReplying,
                                 {{"address", options_.address},
                                  {"handle", request.session_handle},
                                  {"code", CodeName(response.status.code())}});
  return response;
}

Result<CloseSessionResponse> Master::CloseSession(const CloseSessionRequest& request) {
  FL_ASSIGN_OR_RETURN(const auto session, FindSession(request.session_handle));
  sessions_.erase(request.session_handle);
  session->Cancel();
  session->WaitUntilIdle();
  AnnounceClosed(request.session_handle);
  return CloseSessionResponse();
}

Result<ResetResponse> Master::Reset(const ResetRequest& request) {
  const auto closing = std::exchange(sessions_, {});
  for (const auto& [handle, session] : closing) session->Cancel();
  resources_.Clear(request.containers);
  for (const auto& [handle, session] : closing) {
    session->WaitUntilIdle();
    AnnounceClosed(handle);
  }
  return ResetResponse();
}

void Master::AnnounceClosed(const std::string& handle) {
  options_.env.observer.Announce(Point::kMasterSessionClosed,
                                 {{"address", options_.address}, {"handle", handle}});
}

}  // namespace faultline
