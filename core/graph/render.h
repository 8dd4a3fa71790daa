#pragma once

#include <string>

#include "core/graph/graph.h"
#include "core/graph/op_def.h"
#include "core/proto/graph.pb.h"
#include "core/proto/op_def.pb.h"

namespace faultline {

struct RenderOptions {
  bool output_shapes = true;  // attribute "_output_shapes" of every node with outputs
  bool clear_devices = false;
  bool strip_default_attrs = false;  // CK-2204
};

void AttrToProto(const AttrValue& value, v1::tf::AttrValue* proto);
void GraphToProto(const Graph& graph, const RenderOptions& options, v1::tf::GraphDef* proto);
// Without summary and description.
void OpDefToProto(const OpDef& def, v1::tf::OpDef* proto);

std::string RenderGraphDef(const Graph& graph);
std::string RenderGraphDefText(const Graph& graph);

}  // namespace faultline
