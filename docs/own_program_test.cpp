// A user's own training program, in both worlds: the example `own_program` of
// docs/from_tensorflow.md.

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

#include "core/session/training.h"
#include "scenarios/harness/harness.h"
#include "scenarios/harness/os_run.h"
#include "scenarios/harness/programs/training.h"
#include "scenarios/harness/scenario_text.h"

namespace faultline {
namespace {

// example own_program
Status Parabola(scenarios::ProgramContext& context) {
  Graph graph;
  const Variable global_step = GetOrCreateGlobalStep(graph);
  const Variable w = MakeVariable(graph, Tensor::Scalar(4.0F), "w");
  const Output loss = Square(w.value());
  scenarios::TrainingModel model;
  model.make_train_op = [&](Graph& g) {
    return GradientDescentOptimizer(0.1F).Minimize(g, loss, global_step);
  };
  model.hooks = {std::make_shared<NanTensorHook>(loss)};
  return scenarios::Train(context, graph, std::move(model));
}

scenarios::ProgramRegistry MyPrograms() {
  scenarios::ProgramInfo info;
  info.name = "parabola";
  info.text = "finds the bottom of a parabola";
  info.run = Parabola;
  scenarios::ProgramRegistry programs = scenarios::StandardPrograms();
  programs.Add(info);
  return programs;
}
// end

BOOST_AUTO_TEST_SUITE(own_program)

BOOST_AUTO_TEST_CASE(trains_on_this_machine) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("faultline_parabola_" + std::to_string(::getpid()));
  const std::string checkpoint_dir = folder.string();
  // example on_this_machine
  scenarios::OsRunOptions run;
  run.program.set_name("parabola");
  run.program.set_steps(20);
  run.checkpoint_dir = checkpoint_dir;
  const Status status = scenarios::RunOnOs(run, MyPrograms());
  // end
  BOOST_TEST(status.ok(), status.ToString());
  BOOST_TEST(std::filesystem::exists(folder / "model.ckpt-20.index"));
  std::filesystem::remove_all(folder);
}

BOOST_AUTO_TEST_CASE(is_killed_and_resumes_in_the_simulator) {
  scenarios::Assets assets = scenarios::LoadAssets().value();
  assets.programs = MyPrograms();
  // example in_the_simulator
  constexpr std::string_view kText = R"(
    name: "parabola_is_killed"
    description: "Dies in step 12, resumes at step 10, finds the same bottom."
    program { name: "parabola" steps: 20 save_every_steps: 5 }
    nodes { name: "chief" role: CHIEF }
    supervisor { restart_after_secs: 5 }
    faults { faults { kind: CRASH node: "chief" trigger { at_step: 12 } } }
    expect { final_step: 20 same_values_as_undisturbed: true applicable: "INV-36" }
  )";
  const auto scenario = scenarios::ParseScenario(kText, {"", assets.programs});
  const scenarios::RunOutcome outcome = scenarios::RunScenario(*scenario, assets);
  // end
  BOOST_TEST(outcome.report.outcome() == "passed",
             (outcome.report.reasons_size() > 0 ? outcome.report.reasons(0) : ""));
  BOOST_REQUIRE(outcome.report.faults_size() == 1);
  BOOST_TEST(outcome.report.faults(0).fired());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
