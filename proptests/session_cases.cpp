#include "proptests/session_cases.h"

#include <algorithm>
#include <array>
#include <ostream>
#include <string_view>

#include <fmt/format.h>

namespace faultline::proptests {
namespace {

constexpr std::array<std::string_view, kCalls> kCallNames = {"update",
                                                             "open",
                                                             "init",
                                                             "local init",
                                                             "ready-for-local-init check",
                                                             "ready check",
                                                             "restore",
                                                             "save",
                                                             "read",
                                                             "close",
                                                             "begin",
                                                             "after_create_session",
                                                             "before_run",
                                                             "after_run",
                                                             "end",
                                                             "before_save",
                                                             "after_save"};

// The first entries are what a case shrinks to; what happens often in real life stands often.
constexpr auto kCallTable = std::to_array<Call>({
    Call::kUpdate,
    Call::kUpdate,
    Call::kUpdate,
    Call::kUpdate,
    Call::kAfterRun,
    Call::kAfterRun,
    Call::kBeforeRun,
    Call::kBeforeRun,
    Call::kOpen,
    Call::kOpen,
    Call::kInit,
    Call::kRestore,
    Call::kSave,
    Call::kSave,
    Call::kRead,
    Call::kRead,
    Call::kReady,
    Call::kReady,
    Call::kReadyForLocalInit,
    Call::kLocalInit,
    Call::kClose,
    Call::kBegin,
    Call::kAfterCreate,
    Call::kAfterCreate,
    Call::kEnd,
    Call::kEnd,
    Call::kBeforeSave,
    Call::kAfterSave,
});

constexpr auto kCodeTable = std::to_array<Code>({
    Code::kAborted,
    Code::kUnavailable,
    Code::kAborted,
    Code::kUnavailable,
    Code::kAborted,
    Code::kUnavailable,
    Code::kAborted,
    Code::kUnavailable,
    Code::kInternal,
    Code::kOutOfRange,
    Code::kCancelled,
    Code::kUnknown,
    Code::kInvalidArgument,
    Code::kDeadlineExceeded,
    Code::kNotFound,
    Code::kAlreadyExists,
    Code::kPermissionDenied,
    Code::kResourceExhausted,
    Code::kFailedPrecondition,
    Code::kUnimplemented,
    Code::kDataLoss,
    Code::kUnauthenticated,
    Code::kValueError,
    Code::kTypeError,
    Code::kRuntimeError,
    Code::kIOError,
    Code::kStopIteration,
    Code::kUserException,
});

constexpr auto kHookTable = std::to_array<HookKind>({
    HookKind::kPlain,
    HookKind::kStop,
    HookKind::kSaver,
    HookKind::kSummary,
    HookKind::kCounter,
    HookKind::kLogger,
    HookKind::kFeeder,
    HookKind::kFinalOps,
    HookKind::kWisher,
    HookKind::kStop,
    HookKind::kSaver,
    HookKind::kStop,
    HookKind::kSaver,
    HookKind::kSaver,
    HookKind::kSummary,
    HookKind::kLogger,
});

constexpr std::array<std::string_view, 4> kRoleWords = {
    "a chief without checkpoints", "a chief with checkpoints",
    "a chief with checkpoints and its variables on a server", "a worker of a slow chief"};
constexpr std::array<std::string_view, 4> kFlawWords = {"", "local init forgets a variable",
                                                        "the init op forgets a variable",
                                                        "an init function helps the init op"};
constexpr std::array<std::string_view, kHookKinds> kHookWords = {
    "plain", "saver", "stop", "summary", "counter", "logger", "feeder", "final ops", "wisher"};

// The whole range at every size: RapidCheck scales ranges by the size of the case.
rc::Gen<int> Any(int end) { return rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, end)); }

template <class T>
T At(const auto& table, int place) {
  return table[static_cast<std::size_t>(place) % table.size()];
}

rc::Gen<StrikeDraw> AnyStrike() {
  return rc::gen::build<StrikeDraw>(
      rc::gen::set(&StrikeDraw::call, Any(static_cast<int>(kCallTable.size()))),
      rc::gen::set(&StrikeDraw::nth, Any(9)),
      rc::gen::set(&StrikeDraw::code, Any(static_cast<int>(kCodeTable.size()))),
      rc::gen::set(&StrikeDraw::after, Any(2)));
}

rc::Gen<ThreadDraw> AnyThread() {
  return rc::gen::build<ThreadDraw>(
      rc::gen::set(&ThreadDraw::creation, Any(3)), rc::gen::set(&ThreadDraw::moment, Any(4)),
      rc::gen::set(&ThreadDraw::nth, Any(5)),
      rc::gen::set(&ThreadDraw::code, Any(static_cast<int>(kCodeTable.size()))),
      rc::gen::set(&ThreadDraw::linger, Any(12)));
}

rc::Gen<ActionDraw> AnyAction() {
  return rc::gen::build<ActionDraw>(rc::gen::set(&ActionDraw::kind, Any(14)),
                                    rc::gen::set(&ActionDraw::size, Any(60)));
}

template <class T>
rc::Gen<std::vector<T>> Several(int most, rc::Gen<T> one) {
  // Containers shrink by leaving elements out; the size bounds how many there are.
  return rc::gen::resize(most, rc::gen::container<std::vector<T>>(std::move(one)));
}

std::string Plural(int count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string Ordinal(int number) {
  constexpr std::array<std::string_view, 3> kEnds = {"st", "nd", "rd"};
  const int last = number % 100 > 10 && number % 100 < 14 ? 0 : number % 10;
  return fmt::format("{}{}", number,
                     last >= 1 && last <= 3 ? kEnds[static_cast<std::size_t>(last - 1)] : "th");
}

std::string WordsOf(const StrikeDraw& strike) {
  return fmt::format("the {} {} fails with {}{}", Ordinal(strike.nth + 1), CallName(strike.what()),
                     CodeName(strike.status_code()), strike.after != 0 ? ", after its effect" : "");
}

std::string WordsOf(const ThreadDraw& thread) {
  std::string words = fmt::format("a thread of the {} session", Ordinal(thread.creation + 1));
  if (thread.moment < 3) {
    words += fmt::format(" reports {} ", CodeName(thread.status_code()));
    words += thread.moment == 0   ? fmt::format("during its {} run", Ordinal(thread.nth + 1))
             : thread.moment == 1 ? fmt::format("after its {} run", Ordinal(thread.nth + 1))
                                  : fmt::format("after {} s", thread.nth + 1);
  }
  if (thread.linger > 0) words += fmt::format(" and lingers for {} s", thread.linger);
  return words;
}

std::string WordsOf(const ActionDraw& action) {
  switch (action.kind) {
    case ActionDraw::kStepFn:
      return "step function";
    case ActionDraw::kTwoRunsInStepFn:
      return "step function with two runs";
    case ActionDraw::kPause:
      return Plural(1 + action.size, "second") + " pause";
    case ActionDraw::kWallForward:
      return fmt::format("wall clock {} s forward", 1 + action.size);
    case ActionDraw::kWallBackward:
      return fmt::format("wall clock {} s back", 1 + action.size);
    case ActionDraw::kLeave:
      return "step function that asks to stop";
    default:
      return "run";
  }
}

std::string HookWords(const SessionDraw& draw) {
  std::vector<std::string> words;
  for (const HookKind kind : draw.HookKinds()) {
    words.emplace_back(At<std::string_view>(kHookWords, static_cast<int>(kind)));
    std::string& word = words.back();
    if (kind == HookKind::kSaver) {
      word += fmt::format(" every {}", Plural(draw.Period(), draw.by_seconds ? "second" : "step"));
      if (draw.listeners > 0) word += fmt::format(" with {}", Plural(draw.listeners, "listener"));
      if (draw.listeners > 0 && draw.wish > 0) {
        word += fmt::format(" that ask to stop after the {} save", Ordinal(draw.wish));
      }
    }
    if (kind == HookKind::kStop) {
      word += draw.num_steps != 0 ? fmt::format(" after {} steps", draw.Limit())
                                  : fmt::format(" at step {}", draw.Limit());
    }
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace

std::string_view CallName(Call call) { return kCallNames.at(static_cast<std::size_t>(call)); }

Call StrikeDraw::what() const { return At<Call>(kCallTable, call); }
Code StrikeDraw::status_code() const {
  const Code drawn = At<Code>(kCodeTable, code);
  const bool thrown = drawn == Code::kStopIteration || drawn == Code::kUserException;
  return thrown && !IsCallback(what()) ? Code::kInternal : drawn;
}

Code ThreadDraw::status_code() const {
  const Code drawn = At<Code>(kCodeTable, code);
  const bool thrown = drawn == Code::kStopIteration || drawn == Code::kUserException;
  return thrown ? Code::kInternal : drawn;
}

StrikeDraw StrikeOn(Call call, int nth, Code code, bool after) {
  const auto place = [](const auto& table, auto value) {
    return static_cast<int>(std::ranges::find(table, value) - table.begin());
  };
  return {.call = place(kCallTable, call),
          .nth = nth,
          .code = place(kCodeTable, code),
          .after = after ? 1 : 0};
}

std::vector<Code> StrikeCodes(Call call) {
  std::vector<Code> codes;
  for (const Code code : kCodeTable) {
    const bool struck = StrikeOn(call, 0, code, false).status_code() == code;
    if (struck && std::ranges::find(codes, code) == codes.end()) codes.push_back(code);
  }
  return codes;
}

std::vector<HookKind> SessionDraw::HookKinds() const {
  std::vector<HookKind> kinds;
  for (const int number : hooks) {
    HookKind kind = At<HookKind>(kHookTable, number);
    if (kind == HookKind::kSaver && !Saves()) kind = HookKind::kPlain;
    if (std::ranges::find(kinds, kind) != kinds.end()) kind = HookKind::kPlain;
    kinds.push_back(kind);
  }
  if (kinds.empty()) kinds.push_back(HookKind::kPlain);
  return kinds;
}

std::string WordsOf(const SessionDraw& draw) {
  std::string words = std::string(kRoleWords[static_cast<std::size_t>(draw.role)]);
  if (!draw.Recovers()) words += ", without recovery";
  if (draw.Strict()) words += ", STRICT";
  const auto line = [&](std::string text) { words += "\n  " + std::move(text); };
  line("hooks: " + HookWords(draw));
  if (draw.FlawOf() != Flaw::kNone) {
    line(std::string(kFlawWords[static_cast<std::size_t>(draw.flaw)]));
  }
  if (draw.RoleOf() == Role::kWorker) {
    line(fmt::format("the chief is done after {} s, the worker waits for {} s", draw.late,
                     draw.max_wait));
  }
  if (draw.lives > 0) {
    line(fmt::format("{} lives{}", draw.lives + 1, draw.fresh != 0 ? ", each with its graph" : ""));
  }
  if (draw.cost > 0) line(fmt::format("opening takes {} s", 0.1 * draw.cost));
  if (draw.grace > 0) line(fmt::format("threads have {} s to stop", draw.grace));
  if (draw.increment > 0) line(fmt::format("a run is {} steps", draw.Increment()));
  for (const StrikeDraw& strike : draw.strikes) line(WordsOf(strike));
  for (const ThreadDraw& thread : draw.threads) line(WordsOf(thread));
  std::vector<std::string> actions;
  for (const ActionDraw& action : draw.actions) actions.push_back(WordsOf(action));
  line(fmt::format("the user{}: {}{}", draw.patience != 0 ? ", who ignores errors" : "",
                   fmt::join(actions, ", "), draw.close != 0 ? "; then closes" : ""));
  return words;
}

std::ostream& operator<<(std::ostream& out, const SessionDraw& draw) {
  return out << WordsOf(draw);
}

}  // namespace faultline::proptests

namespace rc {

using faultline::proptests::Any;
using faultline::proptests::SessionDraw;

Gen<SessionDraw> Arbitrary<SessionDraw>::arbitrary() {
  using faultline::proptests::Several;
  using D = SessionDraw;
  return gen::build<D>(
      gen::set(&D::role, Any(4)), gen::set(&D::singular, Any(4)), gen::set(&D::strict, Any(4)),
      gen::set(&D::flaw, Any(20)), gen::set(&D::lives, Any(3)), gen::set(&D::fresh, Any(2)),
      gen::set(&D::late, Any(200)), gen::set(&D::max_wait, Any(300)), gen::set(&D::cost, Any(30)),
      gen::set(&D::grace, Any(8)), gen::set(&D::increment, Any(3)),
      gen::set(&D::by_seconds, Any(2)), gen::set(&D::period, Any(5)),
      gen::set(&D::listeners, Any(3)), gen::set(&D::wish, Any(20)), gen::set(&D::limit, Any(12)),
      gen::set(&D::num_steps, Any(2)), gen::set(&D::patience, Any(2)), gen::set(&D::close, Any(2)),
      gen::set(&D::hooks, Several(8, Any(16))),
      gen::set(&D::actions, Several(12, faultline::proptests::AnyAction())),
      gen::set(&D::strikes, Several(6, faultline::proptests::AnyStrike())),
      gen::set(&D::threads, Several(3, faultline::proptests::AnyThread())));
}

}  // namespace rc
