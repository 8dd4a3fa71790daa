#include "scenarios/harness/job_pool.h"

#include <atomic>
#include <stdexcept>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace faultline::scenarios {

BOOST_AUTO_TEST_SUITE(job_pool)

BOOST_AUTO_TEST_CASE(every_job_runs_once_and_is_done_in_order) {
  for (const int jobs : {1, 2, 7}) {
    std::vector<std::atomic<int>> runs(20);
    std::vector<std::size_t> order;
    RunJobs(
        runs.size(), jobs, [&](std::size_t i) { ++runs[i]; },
        [&](std::size_t i) {
          BOOST_TEST(runs[i] == 1);
          order.push_back(i);
        });
    BOOST_REQUIRE(order.size() == runs.size());
    for (std::size_t i = 0; i < order.size(); ++i) BOOST_TEST(order[i] == i);
  }
}

BOOST_AUTO_TEST_CASE(what_a_job_throws_comes_back_after_all_have_ended) {
  std::atomic<int> ended = 0;
  const auto job = [&](std::size_t i) {
    ++ended;
    if (i == 3) throw std::runtime_error("job 3");
  };
  BOOST_CHECK_THROW(RunJobs(10, 2, job), std::runtime_error);
  BOOST_TEST(ended == 10);
}

BOOST_AUTO_TEST_CASE(no_jobs_are_fine) {
  RunJobs(0, 0, [](std::size_t) { BOOST_ERROR("called"); });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline::scenarios
