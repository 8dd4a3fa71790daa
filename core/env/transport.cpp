#include "core/env/transport.h"

#include <utility>

namespace faultline {
namespace {

// The node of a transport error names no graph node, so handlers cannot produce it by accident.
constexpr std::string_view kTransportNode = "(transport)";

}  // namespace

bool IsTransportError(const Status& status) { return status.node() == kTransportNode; }

Status TransportError(std::string message) {
  return Status(Code::kUnavailable, std::move(message)).WithNode(std::string(kTransportNode));
}

}  // namespace faultline
