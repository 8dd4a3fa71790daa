#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proptests/session_play.h"

namespace faultline::proptests {

// What a property says of a record.
struct Verdict {
  std::uint64_t compared = 0;
  std::string violation;  // empty: it holds
  // Keeps the first violation; `otherwise` is asked for its text only then.
  template <std::invocable Text>
  void Expect(bool holds, const Text& otherwise) {
    ++compared;
    if (!holds && violation.empty()) violation = otherwise();
  }
};

// The events of one monitored session, from kLife on.
using Life = std::span<const Event>;
std::vector<Life> LivesOf(const Record& record);

// One attempt of a run with hooks: the events from the first hook's before_run on.
struct Attempt {
  Life events;
  int session = 0;
  bool acknowledged = false;  // what it gave was returned to the user
};
std::vector<Attempt> AttemptsOf(Life life);

// How a life with a stop hook went, as far as the stop hook decided it.
struct StopStory {
  std::int64_t limit = 0;
  std::int64_t initial = 0;  // step of the first session
  std::int64_t final = 0;    // step when the loop ended
};
// Empty if it ended for another reason, such as an error or another wish.
std::optional<StopStory> StopStoryOf(const SessionDraw& draw, Life life);

// Whether an error happened there, at whatever place.
bool HasFailure(Life events);
// The place of a hook in its list; -1: none.
int PlaceOf(const SessionDraw& draw, HookKind kind);

struct Property {
  std::string_view id;
  std::string_view text;
  // A function of one life.
  Verdict (*check)(const SessionDraw& draw, Life life);
};
// IV-1 to IV-12 of the session layer.
std::span<const Property> SessionProperties();
// P-1 to P-7 and P-9 of the hooks. (P-8 is about timers alone, P-10 about several plays.)
std::span<const Property> HookProperties();
const Property& PropertyOf(std::string_view id);

// Over all lives.
Verdict Judge(const Property& property, const SessionDraw& draw, const Record& record);

}  // namespace faultline::proptests
