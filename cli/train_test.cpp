// Training on this machine that is killed or interrupted at moments spread over the whole life of
// the process. 25 kills; all 200 with `ctest --test-dir build/dev -C campaign -L campaign`, or in
// the build folder with `./cli_test --run_test=training --log_level=message -- kills=200`.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/test/unit_test.hpp>

#include "core/base/prng.h"

namespace faultline::cli {
namespace {

namespace fs = std::filesystem;

const std::string kCommand = FL_BINARY_DIR "/faultline";
constexpr int kSteps = 480;
constexpr int kSaveEvery = 80;

std::string Slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// A training directory of this test's own; what a process says goes to one log for each start.
class Training {
 public:
  explicit Training(const std::string& name)
      : path_((fs::path(FL_BINARY_DIR) / "cli_test_files" / name).string()) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  std::string directory() const { return path_ + "/model"; }
  std::string Log() const { return Slurp(log()); }
  std::int64_t LogBytes() const { return static_cast<std::int64_t>(fs::file_size(log())); }

  // Whether its last few thousand bytes hold `words`.
  bool SaysAtEnd(std::string_view words) const {
    std::ifstream in(log(), std::ios::binary);
    in.seekg(std::max<std::int64_t>(0, LogBytes() - 4000));
    const std::string end{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    return end.find(words) != std::string::npos;
  }

  // Starts `faultline train linear --semantics strict`.
  pid_t Start(int steps = kSteps) {
    std::fflush(nullptr);
    static_cast<void>(std::fstream(log(), std::ios::out | std::ios::trunc));  // no older words
    const pid_t child = fork();
    BOOST_REQUIRE(child >= 0);
    if (child != 0) return child;
    const std::string count = std::to_string(steps);
    const std::string period = std::to_string(kSaveEvery);
    const bool redirected = freopen(log().c_str(), "w", stdout) != nullptr && dup2(1, 2) == 2;
    if (!redirected) _exit(127);
    execl(kCommand.c_str(), "faultline", "train", "linear", "--checkpoint-dir", directory().c_str(),
          "--steps", count.c_str(), "--save-steps", period.c_str(), "--semantics", "strict",
          "--announcements", nullptr);
    _exit(127);
  }

 private:
  std::string log() const { return path_ + "/log"; }
  std::string path_;
};

// Exit code, or minus the signal that ended it.
int Await(pid_t child) {
  int status = 0;
  BOOST_REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// Whether it is over; Await is still to be called.
bool Ended(pid_t child) {
  siginfo_t info = {};
  const int looked = waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT);
  return looked == 0 && info.si_pid == child;
}

std::string LatestCheckpoint(const std::string& directory) {
  const std::string state = Slurp(directory + "/checkpoint");
  const std::size_t quote = state.find('"');
  if (quote == std::string::npos) return "";
  return state.substr(quote + 1, state.find('"', quote + 1) - quote - 1);
}

std::int64_t StepOf(const std::string& checkpoint) {
  const std::size_t dash = checkpoint.rfind('-');
  return dash == std::string::npos ? -1 : std::stoll(checkpoint.substr(dash + 1));
}

std::string Weights(const std::string& directory) {
  return Slurp(LatestCheckpoint(directory) + ".data-00000-of-00001");
}

std::vector<std::string> LinesWith(const std::string& text, std::string_view part) {
  std::vector<std::string> lines;
  for (std::size_t at = text.find(part); at != std::string::npos;) {
    const std::size_t before = text.rfind('\n', at);
    const std::size_t begin = before == std::string::npos ? 0 : before + 1;
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(begin, end - begin));
    at = text.find(part, end);
  }
  return lines;
}

std::int64_t NumberAfter(const std::string& line, const std::string& name) {
  const std::size_t at = line.find(name);
  return at == std::string::npos ? -1 : std::stoll(line.substr(at + name.size()));
}

// Step of the last save that was acknowledged in this log; -1: none.
std::int64_t Acknowledged(const std::string& log) {
  std::int64_t step = -1;
  for (const std::string& line : LinesWith(log, " SaveDone ")) {
    if (line.find("code=\"OK\"") != std::string::npos) step = NumberAfter(line, " step=");
  }
  return step;
}

// Where a process was when it was killed.
std::string PhaseOf(const std::string& log) {
  if (log.find(" HookEnd ") != std::string::npos) return "closing";
  const bool saving = LinesWith(log, " SaveStart ").size() > LinesWith(log, " SaveDone ").size();
  if (log.find(" Progress ") != std::string::npos) return saving ? "saving" : "stepping";
  return saving ? "saving first" : "starting";
}

int KillsWanted() {
  const auto& suite = boost::unit_test::framework::master_test_suite();
  for (int i = 1; i < suite.argc; ++i) {
    const std::string_view argument = suite.argv[i];
    if (argument.starts_with("kills=")) return std::stoi(std::string(argument.substr(6)));
  }
  return 25;
}

// An undisturbed run, from its start to its end.
struct Life {
  std::int64_t microseconds = 0;
  std::int64_t first_step_microseconds = 0;  // from its start
  std::int64_t close_microseconds = 0;       // from the first end of a hook
  std::int64_t log_bytes = 0;
};

// One model that is started and killed until a start reaches its end.
class KilledTraining {
 public:
  KilledTraining(const std::string& name, Prng* prng) : training_(name), prng_(*prng) {}

  // Kills a start at a moment of `life`, by the clock or by how much it has said. False if it had
  // ended before.
  bool StartAndKill(const Life& life) {
    const pid_t child = training_.Start();
    AwaitMoment(child, life);
    kill(child, SIGKILL);
    const int code = Await(child);
    BOOST_TEST((code == 0 || code == -SIGKILL), "exit " << code << "\n" << training_.Log());
    const std::string log = training_.Log();
    CheckStart(log);
    if (code == 0) return false;
    ++phases_[PhaseOf(log)];
    return true;
  }
  void Finish() {
    BOOST_TEST(Await(training_.Start()) == 0, training_.Log());
    CheckStart(training_.Log());
  }
  std::string directory() const { return training_.directory(); }
  const std::map<std::string, int>& phases() const { return phases_; }
  int resumed() const { return resumed_; }

 private:
  // The long phases get kills by the clock and by words; a start and a close are short, so kills
  // look for them.
  void AwaitMoment(pid_t child, const Life& life) {
    const std::int64_t way = prng_.Between(0, 3);
    if (way == 0) {
      usleep(static_cast<useconds_t>(
          prng_.Between(0, life.first_step_microseconds >> prng_.Between(0, 5))));
    } else if (way == 1) {
      usleep(static_cast<useconds_t>(prng_.Between(0, life.microseconds * 21 / 20)));
    } else if (way == 2) {
      const std::int64_t bytes = prng_.Between(0, life.log_bytes);
      while (training_.LogBytes() < bytes && !Ended(child)) usleep(100);
    } else {
      const auto later =
          static_cast<useconds_t>(prng_.Between(0, life.close_microseconds >> prng_.Between(0, 5)));
      while (!training_.SaysAtEnd(" HookEnd ") && !Ended(child)) usleep(200);
      usleep(later);
    }
  }
  // A start after an acknowledged save resumes from it or from a later one, unless it was killed
  // before it had a session; and the state file names no older one.
  void CheckStart(const std::string& log) {
    for (const std::string& line : LinesWith(log, " CreateDone ")) {
      const bool restored = line.find("path=\"restored\"") != std::string::npos;
      BOOST_TEST(line.find("code=\"OK\"") != std::string::npos, line);
      BOOST_TEST((restored || acknowledged_ < 0), line);
      if (!restored) continue;
      const std::size_t at = line.find("model.ckpt-");
      BOOST_REQUIRE(at != std::string::npos);
      const std::int64_t step = std::stoll(line.substr(at + 11));
      BOOST_TEST(step >= acknowledged_, line);
      ++resumed_;
    }
    acknowledged_ = std::max(acknowledged_, Acknowledged(log));
    BOOST_TEST(StepOf(LatestCheckpoint(directory())) >= acknowledged_);
  }

  Training training_;
  Prng& prng_;
  std::int64_t acknowledged_ = -1;
  std::map<std::string, int> phases_;
  int resumed_ = 0;
};

std::int64_t MicrosecondsOf(const std::function<void()>& body) {
  timespec begin;
  timespec end;
  ::clock_gettime(CLOCK_MONOTONIC, &begin);
  body();
  ::clock_gettime(CLOCK_MONOTONIC, &end);
  return (end.tv_sec - begin.tv_sec) * 1'000'000 + (end.tv_nsec - begin.tv_nsec) / 1000;
}

BOOST_AUTO_TEST_SUITE(training)

BOOST_AUTO_TEST_CASE(killed_at_random_moments_it_resumes_and_ends_with_undisturbed_weights) {
  Training calm("calm");
  int code = -1;
  Life life;
  pid_t child = 0;
  life.first_step_microseconds = MicrosecondsOf([&] {
    child = calm.Start();
    while (calm.Log().find(" Progress ") == std::string::npos && !Ended(child)) usleep(50);
  });
  life.microseconds = life.first_step_microseconds + MicrosecondsOf([&] {
                        while (!calm.SaysAtEnd(" HookEnd ") && !Ended(child)) usleep(50);
                        life.close_microseconds = MicrosecondsOf([&] { code = Await(child); });
                      });
  life.log_bytes = calm.LogBytes();
  BOOST_REQUIRE(code == 0);
  const std::string weights = Weights(calm.directory());
  BOOST_REQUIRE(weights.size() > 100U);
  const int wanted = KillsWanted();
  Prng prng(20);
  std::map<std::string, int> phases;
  int kills = 0;
  int resumed = 0;
  for (int model = 0; kills < wanted; ++model) {
    KilledTraining killed("killed", &prng);
    while (kills < wanted && killed.StartAndKill(life)) ++kills;
    killed.Finish();
    BOOST_TEST(StepOf(LatestCheckpoint(killed.directory())) == kSteps);
    BOOST_TEST((Weights(killed.directory()) == weights), "model " << model);
    for (const auto& [phase, count] : killed.phases()) phases[phase] += count;
    resumed += killed.resumed();
  }
  std::string text;
  for (const auto& [phase, count] : phases) text += fmt::format(" {} {}", phase, count);
  BOOST_TEST_MESSAGE("kills: " << kills << ", starts that resumed: " << resumed << text);
  BOOST_TEST(kills == wanted);
  BOOST_TEST(resumed > wanted / 3);
  BOOST_TEST(phases["starting"] > 0, text);  // before the first step
  BOOST_TEST(phases["stepping"] > 0, text);
  BOOST_TEST(phases["saving"] > 0, text);
  BOOST_TEST((phases["closing"] > 0 || wanted < 100), text);  // it is short
}

BOOST_AUTO_TEST_CASE(a_signal_saves_closes_and_tells_how_to_go_on) {
  for (const int signal : {SIGINT, SIGTERM}) {
    Training training("signalled");
    const pid_t child = training.Start(1'000'000);
    while (training.Log().find(" Progress ") == std::string::npos) usleep(1000);
    kill(child, signal);
    BOOST_TEST(Await(child) == 128 + signal);
    const std::string log = training.Log();
    BOOST_TEST(log.find("give the same command again") != std::string::npos, log);
    const std::vector<std::string> steps = LinesWith(log, " Progress ");
    const std::int64_t last = NumberAfter(steps.back(), " step=");
    BOOST_TEST(last < 1'000'000);
    BOOST_TEST(StepOf(LatestCheckpoint(training.directory())) == last);
    BOOST_TEST(log.find(fmt::format("step {} is saved", last)) != std::string::npos, log);

    const int more = static_cast<int>(last) + 5;
    BOOST_TEST(Await(training.Start(more)) == 0);
    const std::string again = training.Log();
    BOOST_TEST(again.find(fmt::format("resumes from step {} ", last)) != std::string::npos, again);
    const std::string first = LinesWith(again, " Progress ").at(0);
    BOOST_TEST(NumberAfter(first, " step=") == last + 1, first);
    BOOST_TEST(StepOf(LatestCheckpoint(training.directory())) == more);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::cli
