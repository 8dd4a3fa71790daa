#include "core/cluster/request_ids.h"

#include <boost/test/unit_test.hpp>

#include "core/cluster/runtime_profile.h"
#include "core/testing/printers.h"

namespace faultline {
namespace {

BOOST_AUTO_TEST_SUITE(request_ids)

BOOST_AUTO_TEST_CASE(rf_17_a_second_arrival_is_aborted) {
  RequestIds ids(10);
  BOOST_TEST(ids.Track(5).ok());
  BOOST_TEST(ids.Track(6).ok());
  BOOST_TEST(ids.Track(5).code() == Code::kAborted);
}

BOOST_AUTO_TEST_CASE(rf_17_id_zero_is_never_tracked) {
  RequestIds ids(10);
  BOOST_TEST(ids.Track(0).ok());
  BOOST_TEST(ids.Track(0).ok());
}

BOOST_AUTO_TEST_CASE(rf_17_a_duplicate_older_than_the_window_passes) {
  const std::size_t window = RuntimeProfile::Retry().master_id_window;
  BOOST_TEST_REQUIRE(window == 10'000U);
  RequestIds ids(window);
  for (std::int64_t id = 1; id <= 10'000; ++id) BOOST_TEST_REQUIRE(ids.Track(id).ok());
  BOOST_TEST(ids.Track(1).code() == Code::kAborted);
  BOOST_TEST(ids.Track(10'001).ok());  // pushes 1 out
  BOOST_TEST(ids.Track(2).code() == Code::kAborted);
  BOOST_TEST(ids.Track(1).ok());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(runtime_profile)

BOOST_AUTO_TEST_CASE(rf_16_knobs_of_the_two_profiles) {
  RuntimeProfile profile;
  BOOST_TEST_REQUIRE(FindRuntimeProfile("classic", &profile));
  BOOST_TEST(profile.wait_for_ready);
  BOOST_TEST(profile.master_retries == 0);
  BOOST_TEST(!profile.request_ids);
  BOOST_TEST_REQUIRE(FindRuntimeProfile("retry", &profile));
  BOOST_TEST(profile.wait_for_ready);
  BOOST_TEST(profile.master_retries == 10);
  BOOST_TEST(profile.request_ids);
  BOOST_TEST((profile.retry_pause_cap == Duration::Seconds(10)));
  BOOST_TEST(!FindRuntimeProfile("modern", &profile));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
