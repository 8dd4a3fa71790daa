#include "core/session/hooks/second_or_step_timer.h"

#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/testing/printers.h"

namespace faultline::testing {
namespace {

BOOST_AUTO_TEST_SUITE(second_or_step_timer)

BOOST_AUTO_TEST_CASE(hc_h01_both_secs_and_steps) {
  BOOST_CHECK_THROW(SecondOrStepTimer({Duration::Seconds(2), 10}), ValueError);
}
BOOST_AUTO_TEST_CASE(hc_h02_neither) {
  BOOST_CHECK_THROW(SecondOrStepTimer(TimerPeriod{}), ValueError);
}
BOOST_AUTO_TEST_CASE(hc_h03_every_steps) {
  SecondOrStepTimer timer(TimerPeriod{.every_steps = 3});
  const TimePoint now;
  BOOST_TEST(timer.ShouldTrigger(1, now));
  BOOST_TEST(!timer.Update(1, now).has_value());
  for (const std::int64_t step : {1, 2, 3}) BOOST_TEST(!timer.ShouldTrigger(step, now));
  BOOST_TEST(timer.ShouldTrigger(4, now));
}
BOOST_AUTO_TEST_CASE(hk_303_update_tells_what_has_passed) {
  SecondOrStepTimer timer(TimerPeriod{.every_secs = Duration::Seconds(2)});
  const TimePoint start = TimePoint() + Duration::Seconds(100);
  timer.Update(7, start);
  BOOST_TEST(timer.last_triggered_step().value() == 7);
  BOOST_TEST(!timer.ShouldTrigger(8, start + Duration::Milliseconds(1999)));
  BOOST_TEST(timer.ShouldTrigger(8, start + Duration::Seconds(2)));
  BOOST_TEST(!timer.ShouldTrigger(7, start + Duration::Seconds(2)));
  const auto elapsed = timer.Update(4, start + Duration::Seconds(3));  // HK-305: after a roll-back
  BOOST_TEST((elapsed->time == Duration::Seconds(3)));
  BOOST_TEST(elapsed->steps == -3);
  timer.Reset();
  BOOST_TEST(!timer.last_triggered_step().has_value());
  BOOST_TEST(timer.ShouldTrigger(4, start));
}
BOOST_AUTO_TEST_CASE(hk_306_never) {
  NeverTriggerTimer timer;
  BOOST_TEST(!timer.ShouldTrigger(1, TimePoint()));
  BOOST_TEST(!timer.Update(1, TimePoint()).has_value());
  BOOST_TEST(!timer.last_triggered_step().has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
