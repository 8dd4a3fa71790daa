#pragma once

#include <memory>

#include "core/base/result.h"
#include "core/graph/graph.h"
#include "core/proto/graph.pb.h"

namespace faultline {

// GraphFromDef for a message that has been parsed.
Result<std::unique_ptr<Graph>> GraphFromMessage(const v1::tf::GraphDef& def);

}  // namespace faultline
