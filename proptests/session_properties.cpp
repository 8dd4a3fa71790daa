#include "proptests/session_properties.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "core/base/assert.h"

namespace faultline::proptests {

std::vector<Life> LivesOf(const Record& record) {
  std::vector<Life> lives;
  const Life all(record.events);
  std::size_t first = all.size();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].what != What::kLife) continue;
    if (first < i) lives.push_back(all.subspan(first, i - first));
    first = i;
  }
  if (first < all.size()) lives.push_back(all.subspan(first));
  return lives;
}

std::vector<Attempt> AttemptsOf(Life life) {
  std::vector<Attempt> attempts;
  std::optional<std::size_t> first;
  const auto end_at = [&](std::size_t i) {
    if (!first) return;
    attempts.push_back({life.subspan(*first, i - *first), life[*first].session});
    first.reset();
  };
  for (std::size_t i = 0; i < life.size(); ++i) {
    const Event& event = life[i];
    const bool begins =
        event.what == What::kCallback && event.call == Call::kBeforeRun && event.place == 0;
    const bool ends = event.what == What::kAcknowledged || event.what == What::kRaised ||
                      event.what == What::kOpening || event.what == What::kCloseBegin;
    if (!begins && !ends) continue;
    end_at(i);
    if (begins) first = i;
    if (event.what != What::kAcknowledged) continue;
    const auto asked = std::find_if(life.rend() - static_cast<std::ptrdiff_t>(i), life.rend(),
                                    [](const Event& e) { return e.what == What::kAsk; });
    for (int back = 1; asked != life.rend() && back <= asked->count; ++back) {
      if (attempts.size() < static_cast<std::size_t>(back)) break;
      attempts[attempts.size() - static_cast<std::size_t>(back)].acknowledged = true;
    }
  }
  end_at(life.size());
  return attempts;
}

bool HasFailure(Life events) {
  return std::ranges::any_of(events, [](const Event& event) { return event.code != Code::kOk; });
}

int PlaceOf(const SessionDraw& draw, HookKind kind) {
  const std::vector<HookKind> kinds = draw.HookKinds();
  const auto at = std::ranges::find(kinds, kind);
  return at == kinds.end() ? -1 : static_cast<int>(at - kinds.begin());
}

namespace {

const Event* First(Life life, What what) {
  const auto at = std::ranges::find(life, what, &Event::what);
  return at == life.end() ? nullptr : &*at;
}

// Whether the stop hook alone can have ended this life.
bool OnlyTheStopHookDecided(Life life, int place) {
  const Event* answer = nullptr;
  for (const Event& event : life) {
    if (event.what == What::kWish && event.place != place) return false;
    if (event.what == What::kReport && event.good && !IsPreemption(event.code)) return false;
    if (event.what == What::kStopAnswer) answer = &event;
    if (event.what == What::kAsk) answer = nullptr;
    if (event.what == What::kCloseBegin) {
      return answer != nullptr && answer->good && answer->code == Code::kOk &&
             event.code == Code::kOk && event.step >= 0;
    }
  }
  return false;
}

}  // namespace

std::optional<StopStory> StopStoryOf(const SessionDraw& draw, Life life) {
  const int place = PlaceOf(draw, HookKind::kStop);
  if (place < 0 || !OnlyTheStopHookDecided(life, place)) return std::nullopt;
  const Event* handed_out = First(life, What::kHandedOut);
  if (handed_out == nullptr) return std::nullopt;
  StopStory story{.limit = draw.Limit(), .initial = handed_out->step};
  story.final = First(life, What::kCloseBegin)->step;
  if (draw.num_steps == 0) return story;
  // HK-702: counted from the first after_create_session that came to its end.
  const Event* asked = nullptr;
  for (const Event& event : life) {
    if (event.call != Call::kAfterCreate || event.place != place) continue;
    if (event.what == What::kCallback) asked = &event;
    if (event.what != What::kReturned) continue;
    if (event.code != Code::kOk || asked == nullptr) return std::nullopt;
    story.limit = asked->step + draw.Limit();
    return story;
  }
  return std::nullopt;
}

namespace {

std::string Where(const Event& event) {
  return fmt::format("{} of hook {} in session {}", CallName(event.call), event.place,
                     event.session);
}

bool IsHookCallback(const Event& event) {
  return event.what == What::kCallback && event.place >= 0 && event.place < 100;
}

// The word of one hook so far.
struct Word {
  enum State { kNone, kBegun, kCreated, kBefore, kAfter, kEnded } state = kNone;
  int session = 0;
  std::set<int> created;

  bool Take(const Event& event) {
    switch (event.call) {
      case Call::kBegin:
        if (state != kNone) return false;
        state = kBegun;
        return true;
      case Call::kAfterCreate:
        if (state == kNone || state == kEnded) return false;
        if (!created.insert(event.session).second) return false;
        state = kCreated;
        session = event.session;
        return true;
      case Call::kBeforeRun:
        if (state != kCreated && state != kBefore && state != kAfter) return false;
        state = kBefore;
        return event.session == session;
      case Call::kAfterRun:
        if (state != kBefore) return false;
        state = kAfter;
        return event.session == session;
      default:
        if (state == kNone || state == kEnded) return false;
        state = kEnded;
        return true;
    }
  }
};

// IV-1.
Verdict HookWords(const SessionDraw&, Life life) {
  Verdict verdict;
  std::vector<Word> words(static_cast<std::size_t>(life.front().count));
  for (const Event& event : life) {
    if (!IsHookCallback(event)) continue;
    const bool fits = words.at(static_cast<std::size_t>(event.place)).Take(event);
    verdict.Expect(fits, [&] { return Where(event) + " does not belong there"; });
    if (event.call != Call::kBeforeRun) continue;
    for (const Word& word : words) {
      verdict.Expect(word.created.contains(event.session), [&] {
        return fmt::format("session {} runs, but not every hook was told of it", event.session);
      });
    }
  }
  for (const Attempt& attempt : AttemptsOf(life)) {
    int befores = 0;
    int afters = 0;
    for (const Event& event : attempt.events) {
      if (!IsHookCallback(event)) continue;
      if (event.call == Call::kBeforeRun) {
        verdict.Expect(event.place == befores++, [&] { return Where(event) + " is out of order"; });
      }
      if (event.call == Call::kAfterRun) {
        verdict.Expect(event.place == afters++, [&] { return Where(event) + " is out of order"; });
      }
    }
  }
  return verdict;
}

// IV-2.
Verdict Results(const SessionDraw&, Life life) {
  Verdict verdict;
  const Event* asked = nullptr;
  const Event* updated = nullptr;
  for (const Event& event : life) {
    if (event.what == What::kAsk) {
      verdict.Expect(asked == nullptr, [&] { return std::string("a request had no answer"); });
      asked = &event;
      updated = nullptr;
    }
    if (event.what == What::kCall && event.call == Call::kUpdate && event.code == Code::kOk) {
      updated = &event;
    }
    if (event.what != What::kAcknowledged && event.what != What::kRaised) continue;
    verdict.Expect(asked != nullptr && asked->run == event.run, [&] {
      return fmt::format("request {} was answered twice, or not asked", event.run);
    });
    asked = nullptr;
    if (event.what != What::kAcknowledged) continue;
    verdict.Expect(event.good,
                   [&] { return fmt::format("request {} got what another one asked", event.run); });
    verdict.Expect(updated != nullptr && updated->step == event.value, [&] {
      return fmt::format("request {} got step {}, which its last execution did not make", event.run,
                         event.value);
    });
  }
  for (const Attempt& attempt : AttemptsOf(life)) {
    const auto executions = std::ranges::count_if(attempt.events, [](const Event& event) {
      return event.what == What::kCall && event.call == Call::kUpdate;
    });
    verdict.Expect(executions <= 1 && (executions == 1 || !attempt.acknowledged),
                   [&] { return fmt::format("one attempt ran the graph {} times", executions); });
  }
  return verdict;
}

// IV-3.
Verdict Initialization(const SessionDraw&, Life life) {
  Verdict verdict;
  std::set<int> restored;
  const Event* before = nullptr;
  for (const Event& event : life) {
    if (event.what != What::kCall) continue;
    if (event.call == Call::kRestore && event.good) restored.insert(event.session);
    if (event.call == Call::kInit) {
      verdict.Expect(!restored.contains(event.session), [&] {
        return fmt::format("session {} was restored and then initialised", event.session);
      });
    }
    if (event.call == Call::kLocalInit) {
      const bool passed = before != nullptr && before->session == event.session &&
                          before->call == Call::kReadyForLocalInit && before->good &&
                          before->code == Code::kOk;
      verdict.Expect(passed, [&] {
        return fmt::format(
            "local init of session {} was not preceded by a check "
            "that it is ready for it",
            event.session);
      });
    }
    before = &event;
  }
  return verdict;
}

// IV-4.
Verdict Readiness(const SessionDraw&, Life life) {
  Verdict verdict;
  for (const Event& event : life) {
    if (event.what != What::kHandedOut && event.what != What::kCreated) continue;
    if (event.code != Code::kOk) continue;
    verdict.Expect(event.good,
                   [&] { return fmt::format("session {} was handed out unready", event.session); });
  }
  return verdict;
}

// IV-5.
Verdict OpenSessions(const SessionDraw&, Life life) {
  Verdict verdict;
  std::set<int> open;
  const auto none = [&](std::string_view when) {
    verdict.Expect(open.empty(), [&] {
      return fmt::format("session {} is open {}", open.empty() ? 0 : *open.begin(), when);
    });
  };
  for (const Event& event : life) {
    if (event.what == What::kOpening) none("while another one is opened");
    if (event.what == What::kOpened && event.code == Code::kOk) open.insert(event.session);
    if (event.what == What::kClosed) open.erase(event.session);
    if (event.what == What::kConstructed && event.code != Code::kOk) none("after the constructor");
    if (event.what == What::kCloseEnd) none("after the close");
  }
  return verdict;
}

// Whether an event can be what the layer recovers from.
bool IsPreemptionOfTheLayer(const Event& event) {
  if (!IsPreemption(event.code)) return false;
  return event.what == What::kOpened || event.what == What::kCall ||
         event.what == What::kReturned || (event.what == What::kReport && event.good);
}

// IV-6.
Verdict RecoveryCodes(const SessionDraw& draw, Life life) {
  Verdict verdict;
  int creations = 0;
  bool preempted = false;
  const What creation = draw.Recovers() ? What::kCreation : What::kOpening;
  for (const Event& event : life) {
    preempted = preempted || IsPreemptionOfTheLayer(event);
    // Nor do they come out of what recovers (WS-13, WS-17).
    if (draw.Recovers() && (event.what == What::kRaised || event.what == What::kStopAnswer)) {
      verdict.Expect(!IsPreemption(event.code),
                     [&] { return std::string("a preemption error came out to the user"); });
    }
    if (event.what != creation) continue;
    if (creations++ > 0) {
      verdict.Expect(preempted && draw.Recovers(), [&] {
        return std::string("a session was created anew without an ABORTED or UNAVAILABLE");
      });
    }
    preempted = false;
  }
  return verdict;
}

// IV-7.
Verdict Waits(const SessionDraw& draw, Life life) {
  Verdict verdict;
  if (draw.RoleOf() != Role::kWorker) return verdict;
  const Duration cost = Duration::Milliseconds(100) * draw.cost;
  const Duration max_wait = Duration::Seconds(draw.max_wait);
  const Event* start = nullptr;
  int opened = 0;
  int closed = 0;
  int failed = 0;
  for (const Event& event : life) {
    if (event.what == What::kCreation) {
      start = &event;
      opened = closed = failed = 0;
    }
    if (event.what == What::kOpening) ++opened;
    if (event.what == What::kOpened && event.code != Code::kOk) ++failed;
    if (event.what == What::kClosed) ++closed;
    if (event.what != What::kCreated || start == nullptr) continue;
    const Duration took = event.time - start->time;
    const Duration planned = cost * opened + Duration::Seconds(30) * (opened - 1);
    verdict.Expect(took == planned, [&] {
      return fmt::format("{} sessions took {:.3f} s instead of {:.3f} s", opened, took.seconds(),
                         planned.seconds());
    });
    verdict.Expect(took <= max_wait + cost, [&] {
      return fmt::format("a wait of {:.3f} s took {:.3f} s", max_wait.seconds(), took.seconds());
    });
    const int returned = event.code == Code::kOk ? 1 : 0;
    verdict.Expect(closed + failed + returned == opened,
                   [&] { return fmt::format("{} sessions opened, {} closed", opened, closed); });
  }
  return verdict;
}

// IV-8.
Verdict Restores(const SessionDraw&, Life life) {
  Verdict verdict;
  for (const Event& event : life) {
    if (event.what != What::kCall || event.call != Call::kRestore || !event.good) continue;
    verdict.Expect(event.step == event.value, [&] {
      return fmt::format("session {} restored step {}, but the state file names {} of step {}",
                         event.session, event.step, event.text, event.value);
    });
  }
  return verdict;
}

// IV-9.
Verdict LoopReachesItsEnd(const SessionDraw& draw, Life life) {
  Verdict verdict;
  const std::optional<StopStory> story = StopStoryOf(draw, life);
  if (!story) return verdict;
  verdict.Expect(story->final >= story->limit, [&] {
    return fmt::format("the loop ended at step {} of {}", story->final, story->limit);
  });
  return verdict;
}

// IV-10.
Verdict Finality(const SessionDraw&, Life life) {
  Verdict verdict;
  const bool was_final = life.front().graph_final;
  bool opened = false;
  bool closed = false;
  for (const Event& event : life) {
    if (event.by_thread) continue;
    // The scaffold itself may fail when it finalizes the graph.
    const bool failed = event.what == What::kConstructed && event.code != Code::kOk;
    if (failed && !opened) break;
    opened = opened || event.what == What::kOpening;
    closed = closed || event.what == What::kCloseEnd;
    const bool expected = was_final || (opened && !closed);
    verdict.Expect(event.graph_final == expected, [&] {
      return fmt::format("the graph is {}final {}", event.graph_final ? "" : "not ",
                         closed   ? "after the close"
                         : opened ? "between its creation and the close"
                                  : "before a session was asked for");
    });
  }
  return verdict;
}

// IV-11.
Verdict ThreadErrors(const SessionDraw& draw, Life life) {
  Verdict verdict;
  if (!draw.Recovers() || draw.Strict()) return verdict;
  std::set<int> complete;  // sessions of which every hook was told
  std::map<std::string, int> raised;
  std::string left;
  for (const Event& event : life) {
    if (event.what == What::kReturned && event.call == Call::kAfterCreate &&
        event.place == life.front().count - 1 && event.code == Code::kOk) {
      complete.insert(event.session);
    }
    if (event.what == What::kCloseBegin) left = event.text;
    const bool answer = event.what == What::kRaised || event.what == What::kStopAnswer ||
                        event.what == What::kConstructed || event.what == What::kCloseEnd;
    // What left the body of a scope is only passed on by its end.
    const bool passed_on = event.what == What::kCloseEnd && event.text == left;
    if (answer && !passed_on && event.code != Code::kOk) ++raised[event.text];
  }
  for (const Event& event : life) {
    if (event.what != What::kReport || !event.good || !complete.contains(event.session)) continue;
    const int times = raised.contains(event.text) ? raised.at(event.text) : 0;
    verdict.Expect(times == (IsPreemption(event.code) ? 0 : 1), [&] {
      return fmt::format("{} ({}) was raised {} times", event.text, CodeName(event.code), times);
    });
  }
  return verdict;
}

// IV-12.
Verdict Joins(const SessionDraw& draw, Life life) {
  Verdict verdict;
  const Duration longest = Duration::Seconds(draw.grace) + Duration::Milliseconds(1);
  TimePoint before = life.front().time;
  for (const Event& event : life) {
    if (event.by_thread) continue;
    // Nothing else takes time between what the session's user did last and its close.
    const Duration took = event.time - before;
    before = event.time;
    if (event.what != What::kClosed || took == Duration()) continue;
    verdict.Expect(took <= longest, [&] {
      return fmt::format("a join took {:.3f} s of {:.3f} s", took.seconds(), longest.seconds());
    });
  }
  return verdict;
}

constexpr auto kSessionProperties = std::to_array<Property>({
    {"IV-1", "hooks hear begin, creations, runs and end in their order", HookWords},
    {"IV-2", "every request is answered once, by its own run", Results},
    {"IV-3", "no init after a restore, no local init without a passed check", Initialization},
    {"IV-4", "no session is handed out unready", Readiness},
    {"IV-5", "at most one session is open, none after the close", OpenSessions},
    {"IV-6", "only ABORTED and UNAVAILABLE lead to a new session", RecoveryCodes},
    {"IV-7", "a wait keeps its limit and closes what it rejects", Waits},
    {"IV-8", "a recovery restores what the state file names", Restores},
    {"IV-9", "a loop with a stop hook reaches its last step", LoopReachesItsEnd},
    {"IV-10", "the graph is final from the first creation to the close", Finality},
    {"IV-11", "an error of a thread is raised once or leads to a recovery", ThreadErrors},
    {"IV-12", "a join takes no longer than its grace period", Joins},
});

}  // namespace

std::span<const Property> SessionProperties() { return kSessionProperties; }

const Property& PropertyOf(std::string_view id) {
  for (const auto properties : {SessionProperties(), HookProperties()}) {
    const auto at = std::ranges::find(properties, id, &Property::id);
    if (at != properties.end()) return *at;
  }
  FL_ASSERT(false, "no property {}", id);
}

Verdict Judge(const Property& property, const SessionDraw& draw, const Record& record) {
  Verdict verdict;
  for (const Life life : LivesOf(record)) {
    const Verdict one = property.check(draw, life);
    verdict.compared += one.compared;
    if (verdict.violation.empty()) verdict.violation = one.violation;
  }
  return verdict;
}

}  // namespace faultline::proptests
