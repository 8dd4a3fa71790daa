#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/graph/ops.h"
#include "core/session/coordinator.h"
#include "core/session/session_creator.h"
#include "core/testing/session_fixtures.h"
#include "proptests/session_record.h"

namespace faultline::proptests {

// The graph of a case: a global step, a global and a local variable.
struct StageModel {
  StageModel(int increment, Flaw flaw);

  Graph graph;
  testing::StepModel step;
  Variable weight;
  Variable local;
  Output tag;  // fed with the number of a request, and fetched again
  Output tag_out;
  Output fed;  // fed by a hook
  Output summary;
  ScaffoldOptions pieces;  // what the flaw takes the place of
};

// The world of one case: where it plays, what has happened, and which errors are to come. The
// doubles below report to it. Nothing of it may be used outside of Run.
class Stage {
 public:
  Stage(const SessionDraw& draw, Semantics semantics);

  // Keeps the event, with the time and the state of the graph.
  void Add(Event event);
  void AddByThread(Event event);

  // The error of the next such call, if it is struck.
  struct Strike {
    Status status;
    bool after;
  };
  std::optional<Strike> Next(Call call);

  // A new graph; the former ones stay.
  StageModel& NewModel();
  StageModel& model() { return *models_.back(); }

  // Threads of the session that was just handed out, and the reports that main-line moments bring.
  void StartThreads(Coordinator& coordinator, int session);
  void AtMoment(int moment);

  // The checkpoint that the state file names now; empty: none.
  std::string NamedCheckpoint();
  std::int64_t StepOfCheckpoint(const std::string& prefix) const;
  // The global step in the session that is open, -1 if there is none.
  std::int64_t Peek();

  SessionDraw draw;

 private:
  // Outlive the process: sessions hold on to them.
  std::vector<std::unique_ptr<StageModel>> models_;

 public:
  testing::TestProcess process;
  Record record;
  class WatchedSession* open = nullptr;  // opened last and not closed
  int sessions = 0;                      // opened so far, failures included
  int handed_out = 0;
  int requests = 0;
  std::int64_t last_saved = -1;               // the step when a save ran last
  std::map<std::string, std::int64_t> saved;  // steps of the checkpoints written, by prefix

 private:
  void Report(Coordinator& coordinator, int session, Code code);

  std::array<int, kCalls> calls_ = {};
  int updates_ = 0;  // of the session handed out last
  int reports_ = 0;
  Coordinator* coordinator_ = nullptr;  // of the session handed out last
};

inline constexpr const char* kCheckpointDir = "/ckpt";
inline constexpr const char* kServerTarget = "server";

// A raw session that tells the stage what it is asked for, and fails when told so.
class WatchedSession final : public Session {
 public:
  // With a shared one, closing leaves it open: it is a server's.
  WatchedSession(Stage& stage, std::shared_ptr<Session> inner, bool shared, int number,
                 std::uint64_t id, std::string target);
  ~WatchedSession() override;
  Graph& graph() const override { return inner_->graph(); }
  const std::string& target() const override { return target_; }
  std::uint64_t id() const override { return id_; }
  Result<Fetched> TryRun(const RunRequest& request) override;
  Status TryClose() override;
  bool closed() const override { return closed_; }

  int number() const { return number_; }
  // Looks that nobody hears of.
  std::int64_t Peek();
  bool IsReady();

 private:
  Call CallOf(const RunRequest& request) const;

  Stage& stage_;
  std::shared_ptr<Session> inner_;
  bool shared_;
  int number_;
  std::uint64_t id_;
  std::string target_;
  bool closed_ = false;
};

// Opens watched sessions, in process or on the one server.
class WatchedFactory final : public SessionFactory {
 public:
  explicit WatchedFactory(Stage& stage) : stage_(stage) {}
  Result<std::unique_ptr<Session>> Open(const std::string& target, Graph& graph,
                                        const SessionConfig& config) override;
  // The server's own session, on the present model's graph.
  Session& Server();

 private:
  Stage& stage_;
  std::shared_ptr<Session> server_;
};

// Tells the stage when a session is asked for, and what the answer is.
class WatchedCreator final : public SessionCreator {
 public:
  WatchedCreator(Stage& stage, std::unique_ptr<SessionCreator> inner)
      : stage_(stage), inner_(std::move(inner)) {}
  Result<std::unique_ptr<Session>> CreateSession() override;
  Graph& graph() const override { return inner_->graph(); }
  std::string role() const override { return inner_->role(); }

 private:
  Stage& stage_;
  std::unique_ptr<SessionCreator> inner_;
};

}  // namespace faultline::proptests
