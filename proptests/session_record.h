#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "proptests/session_cases.h"

namespace faultline::proptests {

// What can be seen of a session layer from outside: by its user, its hooks and listeners, its raw
// sessions, its threads and the files.
enum class What : std::uint8_t {
  kLife,          // a monitored session is about to be made
  kConstructed,   // its constructor returned or raised (code)
  kCreation,      // its creator is asked for a session
  kCreated,       // and answers (code, session, good: its model is ready)
  kOpening,       // a raw session is asked for
  kOpened,        // and is there, or not (code)
  kClosed,        // a raw session is closed
  kCall,          // a raw session has run `call` (code, good: it took effect; step after it)
  kHandedOut,     // the first hook gets a new session (good: its model is ready at this instant)
  kCallback,      // a hook or listener is called (call, place)
  kReturned,      // and returns or raises (code)
  kAsk,           // the user asks for a run or step function (run, count)
  kAcknowledged,  // and gets a value (good: it belongs to this run)
  kRaised,        // or an error (code)
  kStopAsked,     // the user asks whether to stop
  kStopAnswer,    // and hears (good: to stop, code)
  kWish,          // a hook or listener has asked to stop
  kReport,        // a thread has reported an error (code, good: the coordinator recorded it)
  kLingering,     // a thread goes on although a stop was asked for
  kCloseBegin,    // the body of the life has ended (code); its close begins
  kCloseEnd,      // and has ended (code)
  kNewest,        // the checkpoint that the state file names then (text, step)
  kStruck,        // an error comes as drawn (call, code, good: after the effect)
  kStartLog,      // the summary writer got a session start (step)
  kSummary,       // or a summary (step)
};

struct Event {
  What what;
  TimePoint time = {};
  bool by_thread = false;    // not by the fiber that uses the monitored session
  bool graph_final = false;  // at that moment
  int session = 0;           // the how many-th raw session of the case; 0: none
  int place = -1;            // of the hook in its list, or of the listener
  int run = 0;               // the how many-th request of the case; 0: none
  Call call = Call::kUpdate;
  Code code = Code::kOk;
  std::int64_t step = -1;   // the global step in the current session; -1: not known
  std::int64_t value = -1;  // of a request: the step that it gave; of a restore: that of `text`
  int count = 0;            // of a request: its runs with hooks; of a life: its hooks
  bool good = false;
  std::string text = {};  // message of an error; of a restore, what the state file names
};

// Everything that happened in a case, in order.
struct Record {
  std::vector<Event> events;
  // How the case ended when it did not come to its end; empty otherwise.
  std::string stuck;
};

}  // namespace faultline::proptests
