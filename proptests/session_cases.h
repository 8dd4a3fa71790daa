#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include <rapidcheck.h>

#include "core/base/status.h"

namespace faultline::proptests {

// What a session layer is asked to live through, as small numbers that shrink; every combination is
// valid. The words below say what the numbers mean; WordsOf tells a whole case in words.

// Calls that can be struck by an error.
enum class Call : std::uint8_t {
  kUpdate,
  kOpen,
  kInit,
  kLocalInit,
  kReadyForLocalInit,
  kReady,
  kRestore,
  kSave,
  kRead,  // of the global step, and whatever else hooks run
  kClose,
  kBegin,
  kAfterCreate,
  kBeforeRun,
  kAfterRun,
  kEnd,
  kBeforeSave,  // of a listener
  kAfterSave,
};
inline constexpr int kCalls = 17;
std::string_view CallName(Call call);
// Whether it belongs to a hook or listener, so that the place in the list matters.
inline bool IsCallback(Call call) { return call >= Call::kBegin; }

// An error that comes once, at the nth such call.
struct StrikeDraw {
  int call = 0;   // place in a table in which frequent calls stand more than once
  int nth = 0;    // 0: the first
  int code = 0;   // place in a table in which preemption errors stand more than once
  int after = 0;  // 1: the call has had its effect
  Call what() const;
  Code status_code() const;
  friend bool operator==(const StrikeDraw&, const StrikeDraw&) = default;
};

// That error.
StrikeDraw StrikeOn(Call call, int nth, Code code, bool after);
// All codes that a strike on this call can have.
std::vector<Code> StrikeCodes(Call call);

// A thread that is registered with the coordinator of a session.
struct ThreadDraw {
  int creation = 0;  // of the how many-th session
  int moment = 0;    // of its report: 0 during a run, 1 between runs, 2 after seconds, 3 never
  int nth = 0;       // the run, or the seconds
  int code = 0;      // of the report, as StrikeDraw
  int linger = 0;    // seconds that it goes on after a stop was asked for
  Code status_code() const;
  friend bool operator==(const ThreadDraw&, const ThreadDraw&) = default;
};

// What the user does in a loop over should_stop.
struct ActionDraw {
  enum Kind { kRun, kStepFn, kTwoRunsInStepFn, kPause, kWallForward, kWallBackward, kLeave };
  int kind = 0;
  int size = 0;  // of pauses and jumps, in seconds
  friend bool operator==(const ActionDraw&, const ActionDraw&) = default;
};

enum class HookKind : std::uint8_t {
  kPlain,
  kSaver,
  kStop,
  kSummary,
  kCounter,
  kLogger,
  kFeeder,
  kFinalOps,
  kWisher,  // asks to stop at some run
};
inline constexpr int kHookKinds = 9;

enum class Role : std::uint8_t {
  kChief,        // variables in process, no checkpoints
  kSavingChief,  // variables in process, a checkpoint directory
  kServerChief,  // variables on a server, a checkpoint directory
  kWorker,       // variables on a server, made ready by a slow chief
};

// What does not become ready.
enum class Flaw : std::uint8_t { kNone, kLocalInit, kInit, kInitFnHelps };

struct SessionDraw {
  int role = 0;
  int singular = 0;  // 3: no recovery; a worker always recovers
  int strict = 0;    // 3: STRICT semantics
  int flaw = 0;
  int lives = 0;       // monitored sessions one after another, less one
  int fresh = 0;       // 1: each life has a graph of its own, as a new process has
  int late = 0;        // seconds until the slow chief is done
  int max_wait = 0;    // of the worker, in seconds
  int cost = 0;        // of opening, in tenths of a second
  int grace = 0;       // of stopping, in seconds
  int increment = 0;   // of a step, less one
  int by_seconds = 0;  // 1: the saver's period is in seconds
  int period = 0;      // of the saver, less one
  int listeners = 0;
  int wish = 0;       // the how many-th end of a save makes a listener ask to stop; 0: none
  int limit = 0;      // of the stop hook: last step, from -1
  int num_steps = 0;  // 1: counted from the first session's step
  int patience = 0;   // 1: the user goes on after an error
  int close = 0;      // 1: the user closes, instead of leaving a scope
  std::vector<int> hooks;
  std::vector<ActionDraw> actions;
  std::vector<StrikeDraw> strikes;
  std::vector<ThreadDraw> threads;

  Role RoleOf() const { return static_cast<Role>(role); }
  bool OnServer() const { return role >= 2; }
  bool Saves() const { return role == 1 || role == 2; }
  bool Recovers() const { return singular < 3 || RoleOf() == Role::kWorker; }
  bool Strict() const { return strict >= 3; }
  Flaw FlawOf() const { return flaw < 4 ? static_cast<Flaw>(flaw) : Flaw::kNone; }
  int Increment() const { return 1 + increment; }
  int Period() const { return 1 + period; }
  int Limit() const { return limit - 1; }
  // The hooks in their order: each kind but the plain ones once, and at least one. The numbers are
  // places in a table in which the saver and the stop hook stand more than once.
  std::vector<HookKind> HookKinds() const;
  friend bool operator==(const SessionDraw&, const SessionDraw&) = default;
};
std::ostream& operator<<(std::ostream& out, const SessionDraw& draw);
// The case for people: one line for each thing that is not the simplest.
std::string WordsOf(const SessionDraw& draw);

}  // namespace faultline::proptests

namespace rc {

template <>
struct Arbitrary<faultline::proptests::SessionDraw> {
  static Gen<faultline::proptests::SessionDraw> arbitrary();
};

}  // namespace rc
