#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "scenarios/harness/checker.h"
#include "scenarios/harness/checkers/event_fields.h"

namespace faultline::scenarios {

// A monitored session of one incarnation.
using Monitored = std::tuple<Who, std::int64_t>;
Monitored MonitoredOf(const sim::TraceEvent& event);
// Position of the hook in its list, from 0: the event says "name#place".
std::int64_t HookPlace(const sim::TraceEvent& event);

// INV-23: begin of each hook once per monitored session, before the first session; never on
// recovery.
class BeginOnceChecker : public Checker {
 public:
  std::string_view invariant() const override { return "INV-23"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  struct State {
    std::int64_t hooks = 0;
    std::set<std::string> begun;
    bool session_created = false;
  };
  std::map<Monitored, State> states_;
};

// INV-24: after_create_session once per hook, in order, for every created session, before any run.
class AfterCreateChecker : public Checker {
 public:
  std::string_view invariant() const override { return "INV-24"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  std::map<Who, std::set<std::int64_t>> created_;
  std::map<Monitored, std::int64_t> hooks_;
  // Monitored session, raw session -> hooks called so far.
  std::map<std::pair<Monitored, std::int64_t>, std::int64_t> called_;
};

// INV-25: per attempt, before_run once in order; after_run only after a successful call, in order.
class PairingChecker : public Checker {
 public:
  std::string_view invariant() const override { return "INV-25"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  struct Attempt {
    std::int64_t before = 0;
    std::int64_t after = 0;
    bool succeeded = false;
  };
  using Key = std::tuple<Monitored, std::int64_t, std::int64_t>;
  std::map<Monitored, std::int64_t> hooks_;
  std::map<Key, Attempt> attempts_;
  std::map<Monitored, Key> current_;
};

// INV-26: end once per hook at a clean close, else never.
class EndOnCleanCloseChecker : public Checker {
 public:
  std::string_view invariant() const override { return "INV-26"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  std::map<Monitored, std::int64_t> hooks_;
  std::map<Monitored, std::int64_t> ended_;
};

// INV-27: the graph of every session creation is that of the first. A process that starts again
// builds another one: the names of a saver's temporary files are drawn at random (CK-2209).
class GraphFrozenChecker : public Checker {
 public:
  std::string_view invariant() const override { return "INV-27"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  std::map<Who, std::string> digests_;
};

// INV-29: run and close of a closed monitored session are refused with RuntimeError.
class CloseIsFinalChecker : public Checker {
 public:
  std::string_view invariant() const override { return "INV-29"; }
  void OnEvent(const sim::TraceEvent& event) override;
  void Finish(TimePoint end) override;

 private:
  std::set<Monitored> closed_;
};

}  // namespace faultline::scenarios
