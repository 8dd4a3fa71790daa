#include "core/session/role_policy.h"

#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/session/training.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

const std::string kDir = "/ckpt";

// The model of MS-T11 under a policy.
struct Fixture {
  Fixture() : model(graph) {
    const Output two = Constant(graph, Tensor::Scalar(2.0F));
    ScalarSummary("my_summary_tag", Mul(Cast(model.read, DataType::kFloat), two));
  }
  std::unique_ptr<MonitoredSession> Open(MonitoredTrainingSessionOptions options) {
    return MonitoredTrainingSession(process.runtime, graph, options);
  }
  void Train(MonitoredTrainingSessionOptions options, int steps) {
    auto session = Open(std::move(options));
    WithSession(*session, [&](MonitoredSession& s) {
      for (int i = 0; i < steps; ++i) {
        process.Advance(Duration::Milliseconds(10));
        s.Run(model.step);
      }
    });
  }
  std::string Latest(const std::string& directory) {
    return LatestCheckpoint(process.env(), directory).value();
  }
  // All that was written to the events files of `directory`; empty without any.
  std::string Events(const std::string& directory) {
    std::string events;
    const Result<std::vector<std::string>> names = process.env().files.List(directory);
    if (!names.ok()) return events;
    for (const std::string& name : *names) {
      if (name.find("events.out.tfevents.") == std::string::npos) continue;
      events += ReadFile(process.env().files, directory + "/" + name).value();
    }
    return events;
  }

  TestProcess process;
  Graph graph;
  StepModel model;
};

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(role_policy)

BOOST_AUTO_TEST_CASE(ms_t13_summary_hook_enabled) {
  Fixture f;
  f.process.Run([&] {
    f.Train({.checkpoint_dir = kDir,
             .save_summaries_steps = Setting::Of(100),
             .log_step_count_steps = 10,
             .role_policy = RolePolicy{.should_checkpoint = false}},
            101);
    BOOST_TEST(Contains(f.Events(kDir), "my_summary_tag"));
    BOOST_TEST(Contains(f.Events(kDir), "global_step/sec"));
    BOOST_TEST(f.Latest(kDir) == "");
  });
}

BOOST_AUTO_TEST_CASE(ms_t14_checkpoint_hook_enabled) {
  Fixture f;
  f.process.Run([&] {
    f.Train({.checkpoint_dir = kDir,
             .log_step_count_steps = 10,
             .save_checkpoint_steps = Setting::Of(100),
             .role_policy = RolePolicy{.should_save_summaries = false}},
            100);
    BOOST_TEST(f.process.observer().Count(Point::kSummaryWritten) == 0);
    BOOST_TEST(!Contains(f.Events(kDir), "global_step/sec"));
    auto session = f.Open({.checkpoint_dir = kDir});
    BOOST_TEST(session->Run(f.model.read).scalar<std::int64_t>() == 100);
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(ms_t15_checkpoint_hook_disabled) {
  Fixture f;
  f.process.Run([&] {
    f.Train({.checkpoint_dir = kDir,
             .log_step_count_steps = 10,
             .save_checkpoint_steps = Setting::Of(100),
             .role_policy = RolePolicy{.should_checkpoint = false, .should_save_summaries = false}},
            100);
    BOOST_TEST(f.Latest(kDir) == "");
  });
}

BOOST_AUTO_TEST_CASE(q_7_checkpoints_do_not_hang_on_summaries) {
  Fixture f;
  f.process.Run([&] {
    f.Train({.checkpoint_dir = kDir,
             .save_summaries_steps = Setting::Off(),
             .save_checkpoint_steps = Setting::Of(10),
             .role_policy = RolePolicy{}},
            10);
    BOOST_TEST(f.Latest(kDir) == kDir + "/model.ckpt-10");
  });
}

BOOST_AUTO_TEST_CASE(mt_13_tasks_with_collective_operations_write_aside) {
  const auto folder_of = [](const std::string& type, int index) {
    Fixture f;
    RolePolicy policy{.should_checkpoint = false, .should_save_summaries = false};
    policy.task_type = type;
    policy.task_index = index;
    policy.collective = true;
    std::string found;
    f.process.Run([&] {
      f.Train({.checkpoint_dir = kDir, .log_step_count_steps = 10, .role_policy = policy}, 101);
      BOOST_TEST(f.Latest(kDir) == "");
      BOOST_TEST(f.Events(kDir) == "");
      for (const std::string name : {"tmp", "tmp_worker_1", "tmp_ps_0"}) {
        const std::string directory = kDir + "/" + name;
        if (f.Latest(directory).empty()) continue;
        BOOST_TEST(found.empty());
        found = name;
        BOOST_TEST(Contains(f.Events(directory), "my_summary_tag"));
        BOOST_TEST(Contains(f.Events(directory), "global_step/sec"));
      }
    });
    return found;
  };
  BOOST_TEST(folder_of("worker", 1) == "tmp_worker_1");
  BOOST_TEST(folder_of("ps", 0) == "tmp_ps_0");
  BOOST_TEST(folder_of("", 3) == "tmp");
}

BOOST_AUTO_TEST_CASE(mt_13_a_task_that_writes_is_not_redirected) {
  Fixture f;
  f.process.Run([&] {
    RolePolicy policy{.task_type = "chief", .collective = true};
    f.Train({.checkpoint_dir = kDir, .role_policy = policy}, 1);
    BOOST_TEST(f.Latest(kDir) == kDir + "/model.ckpt-1");
  });
}

BOOST_AUTO_TEST_CASE(mt_13_collective_saves_count_steps) {
  for (const bool collective : {false, true}) {
    Fixture f;
    f.process.Run([&] {
      const auto session = f.Open({.checkpoint_dir = kDir,
                                   .save_checkpoint_secs = Setting::Of(1),
                                   .role_policy = RolePolicy{.collective = collective}});
      for (int i = 1; i <= 1000; ++i) {
        if (i <= 3) f.process.Advance(Duration::Seconds(2));
        session->Run(f.model.step);
        const bool by_time = i <= 3 && !collective;
        if (by_time) BOOST_TEST(f.Latest(kDir) == kDir + "/model.ckpt-" + std::to_string(i));
        if (collective && i < 1000) BOOST_TEST(f.Latest(kDir) == kDir + "/model.ckpt-0");
      }
      const std::string last = collective ? "1000" : "3";
      BOOST_TEST(f.Latest(kDir) == kDir + "/model.ckpt-" + last);
      session->Close();
    });
    BOOST_TEST(f.process.fake.logger().Count("1000 steps") == (collective ? 1 : 0));
  }
}

BOOST_AUTO_TEST_CASE(mt_13_order_of_hooks_and_chief_only_hooks) {
  for (const bool chief : {true, false}) {
    Fixture f;
    f.process.Run([&] {
      auto session = f.Open({.is_chief = !chief,  // not asked
                             .checkpoint_dir = kDir,
                             .hooks = {std::make_shared<FunctionHook>("own")},
                             .chief_only_hooks = {std::make_shared<FunctionHook>("only")},
                             .role_policy = RolePolicy{.is_chief = chief}});
      session->Close();
    });
    std::vector<std::string> begun;
    for (const auto& begin : f.process.observer().Of(Point::kHookBegin)) {
      begun.push_back(begin.text("hook").substr(0, begin.text("hook").find('#')));
    }
    std::vector<std::string> expected{"own"};
    if (chief) expected.emplace_back("only");
    expected.insert(expected.end(), {"StepCounterHook", "SummarySaverHook", "CheckpointSaverHook"});
    BOOST_TEST(begun == expected, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(mt_13_who_does_not_initialize_waits_at_the_policys_target) {
  Fixture f;
  f.process.Run([&] {
    Scaffold scaffold;
    scaffold.Finalize(f.process.runtime, f.graph);
    f.process.sessions.StartServer(f.graph);
    const TimePoint start = f.process.Now();
    RolePolicy waits{.should_initialize = false, .target = "server"};
    BOOST_CHECK_THROW(f.Open({.max_wait = Duration::Seconds(60), .role_policy = waits}),
                      DeadlineExceededError);
    BOOST_TEST(SecondsSince(f.process, start) == 60);
    auto chief = f.Open({.master = "ignored", .role_policy = RolePolicy{.target = "server"}});
    auto worker = f.Open({.is_chief = true, .role_policy = waits});
    BOOST_TEST(worker->Run(f.model.step).scalar<std::int64_t>() == 1);
    worker->Close();
    chief->Close();
  });
}

// Remembers the config of each session.
class ConfigFactory final : public SessionFactory {
 public:
  explicit ConfigFactory(SessionFactory& inner) : inner_(inner) {}
  Result<std::unique_ptr<Session>> Open(const std::string& target, Graph& graph,
                                        const SessionConfig& config) override {
    configs.push_back(config);
    return inner_.Open(target, graph, config);
  }
  std::vector<SessionConfig> configs;

 private:
  SessionFactory& inner_;
};

BOOST_AUTO_TEST_CASE(mt_13_the_policys_config_is_merged_over_the_callers) {
  Fixture f;
  ConfigFactory factory(f.process.sessions);
  Runtime runtime{f.process.env(), Semantics(), f.process.kernels, factory, f.process.events, {}};
  SessionConfig own;
  own.operation_timeout = Duration::Seconds(5);
  own.device_filters = {"/job:ps"};
  SessionConfig over;
  over.operation_timeout = Duration::Seconds(9);
  over.device_filters = {"/job:worker/task:1"};
  f.process.Run([&] {
    for (const bool with : {false, true}) {
      RolePolicy policy;
      if (with) policy.config = over;
      MonitoredTrainingSession(runtime, f.graph, {.config = own, .role_policy = policy})->Close();
    }
  });
  BOOST_TEST_REQUIRE(factory.configs.size() == 2U);
  BOOST_TEST((factory.configs[0] == own));
  SessionConfig merged = over;
  merged.device_filters = {"/job:ps", "/job:worker/task:1"};
  BOOST_TEST((factory.configs[1] == merged));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
