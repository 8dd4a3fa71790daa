#include "proptests/hook_properties.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "proptests/watched_hooks.h"

namespace faultline::proptests {
namespace {

// Whether a callback of the hook at `place` has come to its end there.
bool Returned(const Event& event, int place, Call call) {
  return event.what == What::kReturned && event.place == place && event.call == call;
}

// P-1.
Verdict Listeners(const SessionDraw& draw, Life life) {
  Verdict verdict;
  const int saver = PlaceOf(draw, HookKind::kSaver);
  if (saver < 0) return verdict;
  std::map<int, int> begins;
  std::set<int> saving;  // listeners that heard the beginning of a save, but not its end
  for (const Event& event : life) {
    if (event.what == What::kCallback && event.place >= kFirstListener) {
      if (event.call == Call::kBegin)
        verdict.Expect(++begins[event.place] == 1, [&] { return std::string("a second begin"); });
      if (event.call == Call::kBeforeSave) {
        verdict.Expect(saving.insert(event.place).second,
                       [&] { return std::string("before_save without an end"); });
      }
      if (event.call == Call::kAfterSave) {
        verdict.Expect(saving.erase(event.place) == 1,
                       [&] { return std::string("after_save without before_save"); });
      }
    }
    if (event.what != What::kReturned || event.place != saver) continue;
    if (event.code == Code::kOk) {
      verdict.Expect(saving.empty(), [&] {
        return std::string("a save ended well, but a listener did not hear of it");
      });
      const bool begun = static_cast<int>(begins.size()) == draw.listeners;
      verdict.Expect(begun, [&] { return std::string("a listener has not begun"); });
    }
    saving.clear();  // a failed save
  }
  return verdict;
}

// P-2.
Verdict SavedSteps(const SessionDraw& draw, Life life) {
  Verdict verdict;
  const int saver = PlaceOf(draw, HookKind::kSaver);
  std::int64_t last = -1;
  bool ending = false;
  for (const Event& event : life) {
    if (event.what == What::kHandedOut) last = -1;
    if (event.what == What::kCallback && event.place == saver) ending = event.call == Call::kEnd;
    if (event.what != What::kCall || event.call != Call::kSave || event.step < 0) continue;
    if (last >= 0) {
      verdict.Expect(event.step > last,
                     [&] { return fmt::format("step {} saved after {}", event.step, last); });
      const bool by_steps = draw.by_seconds == 0 && !ending;
      verdict.Expect(!by_steps || event.step >= last + draw.Period(), [&] {
        return fmt::format("step {} saved after {}, with a period of {}", event.step, last,
                           draw.Period());
      });
    }
    last = event.step;
  }
  return verdict;
}

// P-3.
Verdict LastCheckpoint(const SessionDraw& draw, Life life) {
  Verdict verdict;
  const int saver = PlaceOf(draw, HookKind::kSaver);
  if (saver < 0) return verdict;
  bool clean = false;
  std::int64_t at = -1;         // step of the last after_run
  std::int64_t failed_at = -1;  // HK-413: a failed save counts as made
  std::int64_t final = -1;
  for (const Event& event : life) {
    if (event.what == What::kHandedOut) failed_at = -1;
    if (event.what == What::kCallback && event.place == saver) at = event.step;
    if (Returned(event, saver, Call::kAfterRun) && event.code != Code::kOk) failed_at = at;
    if (event.what == What::kCloseBegin) final = event.step;
    if (Returned(event, saver, Call::kEnd)) clean = event.code == Code::kOk;
    if (event.what != What::kNewest || !clean || final < 0 || failed_at == final) continue;
    verdict.Expect(event.step == final, [&] {
      return fmt::format("training ended at step {}, the newest checkpoint is of step {}", final,
                         event.step);
    });
  }
  return verdict;
}

// P-4.
Verdict StopsInTime(const SessionDraw& draw, Life life) {
  Verdict verdict;
  const std::optional<StopStory> story = StopStoryOf(draw, life);
  if (!story || draw.Increment() != 1 || story->initial >= story->limit) return verdict;
  verdict.Expect(story->final >= story->limit, [&] {
    return fmt::format("the loop ended at step {} of {}", story->final, story->limit);
  });
  std::optional<std::size_t> reached;  // the last execution that reached the limit
  for (std::size_t i = 0; i < life.size(); ++i) {
    const Event& event = life[i];
    const bool update = event.what == What::kCall && event.call == Call::kUpdate && event.good;
    if (!update || event.step < story->limit) continue;
    if (reached) {
      // An earlier report of a thread may have led to a recovery only now (WS-18).
      const Life between = life.subspan(*reached, i - *reached);
      const bool failed = HasFailure(between) ||
                          std::ranges::find(between, What::kOpening, &Event::what) != between.end();
      verdict.Expect(failed, [&] {
        return fmt::format("a run after step {} of {} without a failure", life[*reached].step,
                           story->limit);
      });
    }
    reached = i;
  }
  return verdict;
}

// P-5.
Verdict OneRunBeyondTheEnd(const SessionDraw& draw, Life life) {
  Verdict verdict;
  const std::optional<StopStory> story = StopStoryOf(draw, life);
  if (!story || story->initial < story->limit || HasFailure(life)) return verdict;
  const auto runs = std::ranges::count_if(life, [](const Event& event) {
    return event.what == What::kCall && event.call == Call::kUpdate;
  });
  verdict.Expect(runs == 1, [&] {
    return fmt::format("{} runs from step {} on, with a last step of {}", runs, story->initial,
                       story->limit);
  });
  return verdict;
}

// P-6.
Verdict Increments(const SessionDraw& draw, Life life) {
  Verdict verdict;
  for (const Attempt& attempt : AttemptsOf(life)) {
    const std::int64_t first = attempt.events.front().step;
    if (!attempt.acknowledged || first < 0) continue;
    std::int64_t last = -1;
    for (const Event& event : attempt.events) {
      if (event.what == What::kCallback && event.call == Call::kAfterRun) last = event.step;
      if (event.what == What::kCall && event.call == Call::kRead && event.step >= 0) {
        last = event.step;
      }
    }
    verdict.Expect(last == first + draw.Increment(), [&] {
      return fmt::format("one run moved the step from {} to {}, not by {}", first, last,
                         draw.Increment());
    });
  }
  return verdict;
}

// P-7.
Verdict Summaries(const SessionDraw&, Life life) {
  Verdict verdict;
  std::int64_t last = -1;
  int starts = 0;
  for (const Event& event : life) {
    if (event.what == What::kHandedOut) last = -1;
    if (event.what == What::kStartLog) {
      verdict.Expect(++starts == 1, [&] { return std::string("a second session start"); });
    }
    if (event.what != What::kSummary) continue;
    verdict.Expect(starts == 1, [&] {
      return fmt::format("a summary at step {} before the session start", event.step);
    });
    verdict.Expect(event.step > last, [&] {
      return fmt::format("a summary at step {} after one at {}", event.step, last);
    });
    last = event.step;
  }
  return verdict;
}

// P-9.
Verdict AfterRuns(const SessionDraw&, Life life) {
  Verdict verdict;
  for (const Attempt& attempt : AttemptsOf(life)) {
    std::vector<int> afters(static_cast<std::size_t>(life.front().count));
    bool succeeded = false;
    for (const Event& event : attempt.events) {
      if (event.what == What::kCall && event.call == Call::kUpdate) {
        succeeded = event.code == Code::kOk;
      }
      if (event.what != What::kCallback || event.call != Call::kAfterRun) continue;
      verdict.Expect(succeeded, [&] {
        return fmt::format("after_run of hook {} without a run", event.place);
      });
      const int times = ++afters.at(static_cast<std::size_t>(event.place));
      verdict.Expect(times == 1,
                     [&] { return fmt::format("after_run of hook {} twice", event.place); });
    }
    if (!attempt.acknowledged) continue;
    verdict.Expect(std::ranges::all_of(afters, [](int times) { return times == 1; }), [&] {
      return std::string("a run was acknowledged, but a hook did not hear of it");
    });
  }
  return verdict;
}

constexpr auto kHookProperties = std::to_array<Property>({
    {"P-1", "listeners hear the end of every save that did not fail", Listeners},
    {"P-2", "saved steps grow by the period at least", SavedSteps},
    {"P-3", "after a clean end the newest checkpoint is of the last step", LastCheckpoint},
    {"P-4", "training stops at the last step, not before and not after", StopsInTime},
    {"P-5", "one run is made from the last step on", OneRunBeyondTheEnd},
    {"P-6", "hooks do not change what a run does to the global step", Increments},
    {"P-7", "summaries go forward and follow the session start", Summaries},
    {"P-9", "after_run once for each run that succeeded", AfterRuns},
});

// The steps of which checkpoints were written.
std::set<std::int64_t> StepsSaved(const Record& record) {
  std::set<std::int64_t> steps;
  for (const Event& event : record.events) {
    if (event.what == What::kCall && event.call == Call::kSave && event.code == Code::kOk) {
      steps.insert(event.step);
    }
  }
  return steps;
}

}  // namespace

std::span<const Property> HookProperties() { return kHookProperties; }

Verdict SavesInAnyOrder(const SessionDraw& draw, const PlayOptions& options) {
  Verdict verdict;
  if (PlaceOf(draw, HookKind::kSaver) < 0 || draw.hooks.size() < 2) return verdict;
  SessionDraw without = draw;
  std::erase_if(without.strikes, [&](const StrikeDraw& strike) {
    return IsCallback(strike.what()) || strike.what() == Call::kRead;
  });
  PlayOptions turned = options;
  const std::set<std::int64_t> expected = StepsSaved(Play(without, options));
  for (const int order : {1, -1}) {
    turned.order = order;
    const std::set<std::int64_t> steps = StepsSaved(Play(without, turned));
    verdict.Expect(steps == expected, [&] {
      return fmt::format("the steps saved are {}, and {} in another order",
                         fmt::join(expected, " "), fmt::join(steps, " "));
    });
  }
  return verdict;
}

Verdict TimerIsPure(const MakeTimer& make, const std::vector<TimerDraw>& draws) {
  Verdict verdict;
  // Two timers live the same life; only the first is looked at without need.
  const std::unique_ptr<HookTimer> watched = make();
  const std::unique_ptr<HookTimer> quiet = make();
  TimePoint now = TimePoint::FromNanoseconds(1'500'000'000'000'000'000);
  for (const TimerDraw& draw : draws) {
    now = now + Duration::Seconds(draw.clock - 60);
    const std::int64_t step = draw.step - 10;
    if (draw.kind == 0) {
      (void)watched->Update(step, now);
      (void)quiet->Update(step, now);
      for (const int jump : {0, 1, -1, 3600, -3600}) {
        verdict.Expect(!watched->ShouldTrigger(step, now + Duration::Seconds(jump)),
                       [&] { return fmt::format("triggers twice at step {}", step); });
      }
    } else if (draw.kind == 1) {
      watched->Reset();
      quiet->Reset();
    } else {
      const bool first = watched->ShouldTrigger(step, now);
      (void)watched->ShouldTrigger(step + 1, now + Duration::Seconds(3600));
      verdict.Expect(watched->ShouldTrigger(step, now) == first,
                     [&] { return std::string("two looks differ"); });
      verdict.Expect(quiet->ShouldTrigger(step, now) == first,
                     [&] { return std::string("a look changed the timer"); });
    }
    verdict.Expect(watched->last_triggered_step() == quiet->last_triggered_step(),
                   [&] { return std::string("a look changed the last step"); });
  }
  return verdict;
}

}  // namespace faultline::proptests

namespace rc {

using faultline::proptests::TimerDraw;

Gen<TimerDraw> Arbitrary<TimerDraw>::arbitrary() {
  const auto any = [](int end) { return gen::resize(kNominalSize, gen::inRange(0, end)); };
  return gen::build<TimerDraw>(gen::set(&TimerDraw::kind, any(3)),
                               gen::set(&TimerDraw::step, any(40)),
                               gen::set(&TimerDraw::clock, any(240)));
}

}  // namespace rc
