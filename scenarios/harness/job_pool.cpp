#include "scenarios/harness/job_pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <vector>

namespace faultline::scenarios {

void RunJobs(std::size_t count, int jobs, const std::function<void(std::size_t)>& job,
             const std::function<void(std::size_t)>& done) {
  std::vector<std::packaged_task<void()>> tasks;
  std::vector<std::future<void>> results;
  for (std::size_t i = 0; i < count; ++i) {
    tasks.emplace_back([&job, i] { job(i); });
    results.push_back(tasks.back().get_future());
  }
  std::size_t threads =
      jobs > 0 ? static_cast<std::size_t>(jobs) : std::max(1U, std::thread::hardware_concurrency());
  threads = std::min(threads, count);
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> workers;
  for (std::size_t t = 0; t < threads; ++t) {
    workers.emplace_back([&] {
      for (std::size_t i = next++; i < count; i = next++) tasks[i]();
    });
  }
  for (std::size_t i = 0; i < count; ++i) {
    results[i].wait();
    if (done) done(i);
  }
  workers.clear();
  for (std::future<void>& result : results) result.get();
}

double RealSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace faultline::scenarios
