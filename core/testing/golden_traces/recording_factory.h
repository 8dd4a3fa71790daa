#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/exec/session_factory.h"
#include "core/session/scaffold.h"
#include "core/testing/golden_traces/trace_world.h"

namespace faultline::testing {

// The pieces that creations of sessions were given, by which a run's role is known.
class KnownPieces {
 public:
  // `role`: init_op, local_init_op, ready_op or ready_for_local_init_op. A null fetch is ignored.
  void Add(const std::string& role, const Fetch& piece);
  // Its pieces, as they are at the time of the question.
  void Add(std::shared_ptr<Scaffold> scaffold) { scaffolds_.push_back(std::move(scaffold)); }
  // Whether `fetch` is such a piece, or the default one in the graph's collections.
  bool Has(const std::string& role, const Fetch& fetch, Graph& graph) const;

 private:
  std::vector<std::pair<std::string, Fetch>> given_;
  std::vector<std::shared_ptr<Scaffold>> scaffolds_;
};

// Makes raw sessions that record `open`, `close` and `run`, count, cost time and fail on demand.
class RecordingFactory final : public SessionFactory {
 public:
  // All outlive it and its sessions.
  RecordingFactory(TraceWorld& world, SessionFactory& inner, const KnownPieces& pieces)
      : world_(world), inner_(inner), pieces_(pieces) {}

  Result<std::unique_ptr<Session>> Open(const std::string& target, Graph& graph,
                                        const SessionConfig& config) override;
  // The next run is one of the scenario itself, so it has this role whatever it fetches. To be
  // called right before the run.
  void NextRunIs(std::string role) { next_role_ = std::move(role); }

 private:
  friend class RecordingSession;
  std::string RoleOf(const RunRequest& request, Graph& graph);

  TraceWorld& world_;
  SessionFactory& inner_;
  const KnownPieces& pieces_;
  std::string next_role_;
};

}  // namespace faultline::testing
