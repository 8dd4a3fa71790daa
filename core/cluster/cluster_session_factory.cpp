#include "core/cluster/cluster_session_factory.h"

#include <utility>

#include "core/cluster/address.h"
#include "core/cluster/remote_session.h"
#include "core/cluster/server.h"

namespace faultline {

Result<MasterClient> ClusterSessionFactory::FindMaster(const std::string& target) const {
  FL_ASSIGN_OR_RETURN(std::string address, AddressOfTarget(target));
  if (servers_ != nullptr) {
    for (const auto& handle : *servers_) {
      const auto* server = dynamic_cast<const Server*>(handle.get());
      if (server != nullptr && server->started() && server->target() == target) {
        return MasterClient(options_.env, server->master());
      }
    }
  }
  return MasterClient(options_.env, options_.profile, std::move(address));
}

Result<std::unique_ptr<Session>> ClusterSessionFactory::Open(const std::string& target,
                                                             Graph& graph,
                                                             const SessionConfig& config) {
  if (target.empty() && options_.local != nullptr) {
    return options_.local->Open(target, graph, config);
  }
  FL_ASSIGN_OR_RETURN(MasterClient master, FindMaster(target));
  auto session = std::make_unique<RemoteSession>(
      options_.env, graph, RemoteSession::Identity{target, config, options_.next_id()},
      std::move(master));
  session->AnnounceOpen();
  return std::unique_ptr<Session>(std::move(session));
}

Status ClusterSessionFactory::Reset(const std::string& target,
                                    const std::vector<std::string>& containers) {
  FL_ASSIGN_OR_RETURN(MasterClient master, FindMaster(target));
  ResetRequest message;
  message.containers = containers;
  return master.Reset(message, {}).status();
}

}  // namespace faultline
