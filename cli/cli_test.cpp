#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/wait.h>
#include <boost/test/unit_test.hpp>

#include "core/base/semantics.h"

// The command as a user runs it: bad input, reports, replays, and damaged checkpoints.

namespace faultline::cli {
namespace {

namespace fs = std::filesystem;

const std::string kCommand = FL_BINARY_DIR "/faultline";
const std::string kScenarios = FL_SOURCE_DIR "/scenarios";

struct Answer {
  int code = -1;
  std::string out;  // and errors
};

Answer Run(const std::string& arguments) {
  Answer answer;
  std::FILE* pipe = popen((kCommand + " " + arguments + " 2>&1").c_str(), "r");
  BOOST_REQUIRE(pipe != nullptr);
  std::array<char, 4096> buffer;
  for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    answer.out.append(buffer.data(), n);
  }
  const int status = pclose(pipe);
  answer.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return answer;
}

// A folder of this test's own, empty.
class Folder {
 public:
  explicit Folder(const std::string& name)
      : path_(fs::path(FL_BINARY_DIR) / "cli_test_files" / name) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }
  void Write(const std::string& name, const std::string& text) const {
    std::fstream(path_ / name, std::ios::out | std::ios::binary) << text;
  }

 private:
  fs::path path_;
};

std::string Slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

int Lines(const std::string& text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

constexpr const char* kCrash = R"(name: "crash"
description: "A chief dies at step 5 and comes back."
program { name: "counter" steps: 8 save_every_steps: 2 }
nodes { name: "chief" role: CHIEF }
supervisor { restart_after_secs: 5 }
faults { faults { kind: CRASH node: "chief" trigger { at_step: 5 } } }
)";

BOOST_AUTO_TEST_SUITE(command)

BOOST_AUTO_TEST_CASE(bad_flags_are_one_line_and_code_2) {
  for (const char* arguments :
       {"", "run", "frobnicate", "run x --jobs many", "list nonsense", "run x --semantics lax",
        "run x --seeds 5..1", "run x --seeds one", "train counter --checkpoint-dir /tmp",
        "train counter --checkpoint-dir /tmp --steps -3", "replay"}) {
    const Answer answer = Run(arguments);
    BOOST_TEST(answer.code == 2, arguments << ": " << answer.code);
    BOOST_TEST(Lines(answer.out) == 1, arguments << ": " << answer.out);
  }
}

BOOST_AUTO_TEST_CASE(bad_scenarios_name_file_line_and_what_was_expected) {
  const Folder folder("bad_scenarios");
  const std::string good = kCrash;
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  const std::vector<std::pair<std::string, std::string>> cases = {
      {with("name: \"crash\"", "nome: \"crash\""), "crash.textproto:1:"},
      {with("steps: 8", "steps: eight"), "crash.textproto:3:"},
      {with("name: \"counter\"", "name: \"cuonter\""), "expected the name of a program"},
      {with("CRASH", "CRUSH"), "crash.textproto:6:"},
      {with("node: \"chief\" trigger", "node: \"chef\" trigger"), "expected the name of a node"},
      {with("at_step: 5", "at_secs: 1e400"), "crash.textproto:6:"},
      {good.substr(0, good.size() / 2), "crash.textproto:"},
  };
  for (const auto& [text, expected] : cases) {
    folder.Write("crash.textproto", text);
    const Answer answer = Run("run " + folder / "crash.textproto");
    BOOST_TEST(answer.code == 2, text);
    BOOST_TEST(answer.out.find(expected) != std::string::npos, answer.out);
    BOOST_TEST(Lines(answer.out) == 1, answer.out);
  }
  BOOST_TEST(Run("run " + folder / "absent.textproto").code == 2);
  BOOST_TEST(Run("run " + folder.path() + "/none_here").code == 2);
}

BOOST_AUTO_TEST_CASE(passed_run_reports_and_names_its_seed_first_and_its_command_last) {
  const Folder folder("reports");
  folder.Write("crash.textproto", kCrash);
  const std::string arguments = "run " + folder / "crash.textproto" + " --seeds 1..3";
  const Answer answer = Run(arguments + " --timeline --junit " + (folder / "junit.xml"));
  BOOST_TEST(answer.code == 0, answer.out);
  BOOST_TEST(answer.out.find("seeds 1..3") < answer.out.find('\n'));
  BOOST_TEST(answer.out.find("3 passed of 3 runs") != std::string::npos, answer.out);
  BOOST_TEST(answer.out.rfind("repeat all: faultline " + arguments) != std::string::npos);
  BOOST_TEST(answer.out.find("process dies") != std::string::npos, answer.out);
  const std::string junit = Slurp(folder / "junit.xml");
  BOOST_TEST(junit.find("tests=\"3\" failures=\"0\"") != std::string::npos, junit);
}

BOOST_AUTO_TEST_CASE(failed_run_leaves_a_replay_file_that_fails_with_equal_hashes) {
  const Folder folder("replay");
  folder.Write("crash.textproto", std::string(kCrash) + "expect { final_step: 99 }\n");
  const Answer failed =
      Run("run " + folder / "crash.textproto" + " --seed 7 --trace " + folder / "out");
  BOOST_TEST(failed.code == 1, failed.out);
  BOOST_TEST(failed.out.find("expected the final step 99") != std::string::npos, failed.out);
  BOOST_TEST(fs::file_size(folder / "out/crash-seed7.trace") > 100U);
  const std::string replay = folder / "out/crash-seed7.textproto";
  const Answer first = Run("replay " + replay);
  const Answer second = Run("replay " + replay);
  BOOST_TEST(first.code == 1, first.out);
  BOOST_TEST(first.out == second.out);
  // "crash 7 DECISIONS VALUES" of the run that failed; the replay says both.
  const Answer certified = Run("certify " + folder / "crash.textproto" + " --seed 7 --hashes");
  BOOST_REQUIRE(certified.code == 0);
  const std::string decisions = certified.out.substr(8, 16);
  const std::string values = certified.out.substr(25, 16);
  BOOST_TEST(first.out.find("decisions " + decisions + ", values " + values) != std::string::npos,
             first.out << certified.out);
}

BOOST_AUTO_TEST_CASE(vacuous_and_stuck_runs_have_their_own_codes) {
  const Folder folder("codes");
  std::string late = kCrash;
  late.replace(late.find("at_step: 5"), 10, "at_step: 50");
  folder.Write("crash.textproto", late);
  BOOST_TEST(Run("run " + folder / "crash.textproto").code == 6);
  std::string gone = kCrash;
  gone.replace(gone.find("supervisor { restart_after_secs: 5 }"), 36, "");
  folder.Write("crash.textproto", gone);
  const Answer dead = Run("run " + folder / "crash.textproto");
  BOOST_TEST(dead.code == 1, dead.out);
}

BOOST_AUTO_TEST_CASE(equal_output_at_any_number_of_jobs) {
  const std::string arguments = "certify " + kScenarios + "/suites/fast --hashes --jobs ";
  const Answer one = Run(arguments + "1");
  const Answer two = Run(arguments + "2");
  BOOST_TEST(one.code == 0, one.out);
  BOOST_TEST(Lines(one.out) >= 16);
  BOOST_TEST(one.out == two.out);
}

BOOST_AUTO_TEST_CASE(lists_name_everything_that_scenarios_may_name) {
  BOOST_TEST(Run("list programs").out.find("linear") != std::string::npos);
  BOOST_TEST(Run("list faults").out.find("TORN_SAVE") != std::string::npos);
  BOOST_TEST(Run("list invariants").out.find("INV-53") != std::string::npos);
  BOOST_TEST(Run("list switches").out.find("hardened_saves") != std::string::npos);
  BOOST_TEST(Run("list points").out.find("SaveSubStep") != std::string::npos);
  BOOST_TEST(Run("list scenarios").out.find("chief_crash_resumes") != std::string::npos);
  BOOST_TEST(Run("run --help").out.find("Examples:") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_switch_stands_in_the_reference) {
  const std::string page = Slurp(FL_SOURCE_DIR "/docs/reference/switches.md");
  for (const Deviation& row : Deviations()) {
    BOOST_TEST(page.find(fmt::format("| `{}` |", row.name)) != std::string::npos, row.name);
    BOOST_TEST(page.find(row.text) != std::string::npos, row.text);
  }
}

// ---- training on this machine ----

BOOST_AUTO_TEST_CASE(damaged_checkpoint_is_bad_input_that_names_the_file) {
  const Folder folder("damaged");
  const auto train = [&](const std::string& name) {
    return Run("train counter --checkpoint-dir " + folder / name + " --steps 20 --save-steps 10");
  };
  struct Damage {
    std::string name;
    std::string file;
    std::string content;
    std::string named;
  };
  const std::vector<Damage> damages = {
      {"data", "model.ckpt-20.data-00000-of-00001", "abc", "model.ckpt-20"},
      {"index", "model.ckpt-20.index", "abc", "model.ckpt-20"},
      {"dangling", "checkpoint", "model_checkpoint_path: \"gone\"\n", "gone"},
      {"empty_state", "checkpoint", "", "checkpoint"}};
  for (const Damage& damage : damages) {
    BOOST_REQUIRE(train(damage.name).code == 0);
    folder.Write(damage.name + "/" + damage.file, damage.content);
    const Answer answer = train(damage.name);
    BOOST_TEST(answer.code == 2, damage.name << ": " << answer.out);
    const std::size_t line = answer.out.find("faultline: /");
    BOOST_TEST(line != std::string::npos, answer.out);
    BOOST_TEST(answer.out.find(damage.named, line) != std::string::npos, answer.out);
    BOOST_TEST(answer.out.find("expected", line) != std::string::npos, answer.out);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::cli
