// Scaffold.

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/testing/golden_traces/driver.h"
#include "core/testing/golden_traces/pieces.h"
#include "core/testing/golden_traces/values.h"

namespace faultline::testing {

namespace {

Scaffold& ScaffoldOf(const ActionCall& call, const char* key = "on") {
  return *Named(call.driver.names().scaffolds, call.params, key);
}

Json Make(const ActionCall& call) {
  const Json none = Json::object();
  const Params args = call.params.Has("args") ? call.params.Object("args")
                                              : Params(none, call.params.where() + ".args");
  call.driver.names().scaffolds[call.params.Text("as")] = MakeScaffold(call.driver, args);
  return nullptr;
}

Json Finalize(const ActionCall& call) {
  Scaffold& scaffold = ScaffoldOf(call);
  return &scaffold.Finalize(call.driver.process().runtime, call.driver.graph()) == &scaffold;
}

using Operations = std::vector<std::pair<std::string, Fetch>>;

Operations OperationsOf(const Scaffold& scaffold) {
  return {{"init_op", scaffold.init_op()},
          {"ready_op", scaffold.ready_op()},
          {"ready_for_local_init_op", scaffold.ready_for_local_init_op()},
          {"local_init_op", scaffold.local_init_op()},
          {"summary_op", scaffold.summary_op()}};
}

Json Presence(bool present) { return present ? Json("present") : Json(); }

Json ShowPieces(const ActionCall& call) {
  Scaffold& scaffold = ScaffoldOf(call);
  const Json known = call.params.Has("known") ? call.params.List("known") : Json::array();
  Json shown = Json::object();
  for (const auto& [piece, fetch] : OperationsOf(scaffold)) {
    const Json name = NamesOf(fetch);
    const bool named = std::find(known.begin(), known.end(), name) != known.end();
    shown[piece] = fetch.null() || named ? name : Json("present");
  }
  shown["init_feed_dict"] = Presence(!scaffold.init_feeds().empty());
  shown["init_fn"] = Presence(scaffold.init_fn() != nullptr);
  shown["saver"] = Presence(scaffold.saver() != nullptr);
  return shown;
}

Json ComparePieces(const ActionCall& call) {
  const Scaffold& a = ScaffoldOf(call, "a");
  const Scaffold& b = ScaffoldOf(call, "b");
  const Operations of_a = OperationsOf(a);
  const Operations of_b = OperationsOf(b);
  Json same = Json::object();
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    same[of_a[i].first] = NamesOf(of_a[i].second) == NamesOf(of_b[i].second);
  }
  same["saver"] = a.saver() == b.saver();
  return same;
}

Json RunPiece(const ActionCall& call) {
  const std::string wanted = call.params.Text("piece");
  for (const auto& [piece, fetch] : OperationsOf(ScaffoldOf(call))) {
    if (piece != wanted) continue;
    Session& session = *Named(call.driver.names().sessions, call.params, "session", "s");
    return JsonOf(call.driver.Run(session, fetch, {}, piece));
  }
  call.params.Fail("piece", "the name of an operation of the scaffold");
}

constexpr std::array kActions = {
    ActionKind{"scaffold", Make, "as args"},
    ActionKind{"finalize", Finalize, "on"},
    ActionKind{"pieces", ShowPieces, "on known"},
    ActionKind{"same_pieces", ComparePieces, "a b"},
    ActionKind{"scaffold_run", RunPiece, "on piece session"},
};

}  // namespace

std::span<const ActionKind> ScaffoldActions() { return kActions; }

}  // namespace faultline::testing
