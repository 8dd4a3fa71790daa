#pragma once

#include <cstddef>
#include <functional>

namespace faultline::scenarios {

// Calls `job(0)` .. `job(count - 1)`, `jobs` of them at a time, each on one thread from begin to
// end: the only place with threads. Jobs share nothing that they change. `done(i)` is called in the
// order of the numbers, on the calling thread, once job i and all before it have ended. What a job
// throws is thrown again, that of the first number, after all have ended. `jobs` 0 takes every
// core.
void RunJobs(std::size_t count, int jobs, const std::function<void(std::size_t)>& job,
             const std::function<void(std::size_t)>& done = {});

// Seconds of the operating system's clock since some moment: how long a campaign really took.
// Decides nothing.
double RealSeconds();

}  // namespace faultline::scenarios
