#include "scenarios/harness/os_run.h"

#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace faultline::scenarios {
namespace {

// A folder of this machine that is gone afterwards.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& name)
      : path_(std::filesystem::temp_directory_path() /
              ("faultline_" + name + "_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_.string(); }

 private:
  const std::filesystem::path path_;
};

OsRunOptions Options(const std::string& program, std::int64_t steps, const std::string& folder) {
  OsRunOptions options;
  options.program.set_name(program);
  options.program.set_steps(steps);
  options.program.set_save_every_steps(5);
  options.checkpoint_dir = folder + "/ckpt";
  return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(os_run)

BOOST_AUTO_TEST_CASE(a_program_trains_on_this_machine_and_resumes) {
  for (const std::string program : {"counter", "linear"}) {
    const TemporaryFolder folder(program);
    const ProgramRegistry programs = StandardPrograms();
    std::vector<std::int64_t> steps;
    OsRunOptions options = Options(program, 7, folder.path());
    options.progress = [&](std::int64_t step) { steps.push_back(step); };
    const Status first = RunOnOs(options, programs);
    BOOST_REQUIRE_MESSAGE(first.ok(), first.ToString());
    BOOST_TEST(steps.size() == 7U);
    BOOST_TEST(std::filesystem::exists(options.checkpoint_dir + "/model.ckpt-7.index"));
    options.program.set_steps(10);
    const Status second = RunOnOs(options, programs);
    BOOST_REQUIRE_MESSAGE(second.ok(), second.ToString());
    BOOST_REQUIRE(steps.size() == 10U);
    BOOST_TEST(steps[7] == 8);
    BOOST_TEST(steps[9] == 10);
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_run_is_told) {
  const ProgramRegistry programs = StandardPrograms();
  BOOST_TEST(RunOnOs(Options("tower", 1, "/nowhere"), programs).message() ==
             "expected a program (counter, linear), found \"tower\"");
  OsRunOptions options = Options("linear", 1, "/nowhere");
  v1::Parameter* parameter = options.program.add_parameters();
  parameter->set_name("batch");
  parameter->set_value("many");
  BOOST_TEST(RunOnOs(options, programs).message() ==
             "batch: expected a whole number, found \"many\"");
  parameter->set_name("colour");
  BOOST_TEST(RunOnOs(options, programs).message() == "linear has no parameter \"colour\"");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline::scenarios
