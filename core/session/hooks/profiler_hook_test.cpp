#include "core/session/hooks/profiler_hook.h"

#include <memory>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/proto/step_stats.pb.h"
#include "core/session/training.h"
#include "core/summary/events_reader.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

const std::string kDir = "/profile";
using Names = std::vector<std::string>;

struct Profiled {
  Profiled() : model(graph) {}
  std::shared_ptr<ProfilerHook> Hook(ProfilerHookOptions options) {
    options.output_dir = kDir;
    return std::make_shared<ProfilerHook>(HookContext{process.runtime, graph}, options);
  }
  // In a monitored session with such a hook.
  void Run(const ProfilerHookOptions& options, const std::function<void(MonitoredSession&)>& body) {
    process.Run([&] {
      MonitoredSession session(process.runtime, graph, {.hooks = {Hook(options)}});
      body(session);
      session.Close();
    });
  }
  // The timelines, in the order of their names.
  Names Files() {
    Names names;
    const auto listed = process.env().files.List(kDir);
    for (const std::string& name : listed.value()) {
      if (name.find("timeline-") == 0) names.push_back(name);
    }
    return names;
  }
  std::vector<v1::tf::Event> Events() {
    std::vector<v1::tf::Event> events;
    process.Run([&] {
      FileSystem& files = process.env().files;
      process.events.Clear();
      const Names paths = FindEventsFiles(files, kDir).value();
      BOOST_REQUIRE(paths.size() == 1U);
      events = ReadEvents(files, paths[0]).value();
    });
    return events;
  }

  TestProcess process;
  Graph graph;
  StepModel model;
};

BOOST_AUTO_TEST_SUITE(profiler_hook)

BOOST_AUTO_TEST_CASE(hc_h42_both_secs_and_steps) {
  Profiled p;
  p.process.Run([&] {
    BOOST_CHECK_THROW(p.Hook({.save_steps = 20, .save_secs = Duration::Seconds(10)}), ValueError);
  });
}

BOOST_AUTO_TEST_CASE(hc_h43_neither_secs_nor_steps) {
  Profiled p;
  p.process.Run([&] { BOOST_CHECK_THROW(p.Hook({}), ValueError); });
  // HK-1301: the writer is taken before the arguments are looked at.
  const auto events = p.Events();
  BOOST_REQUIRE(events.size() == 3U);
  BOOST_TEST(events[0].has_file_version());
  BOOST_TEST(events[1].has_graph_def());
  BOOST_TEST(events[2].has_meta_graph_def());
}

BOOST_AUTO_TEST_CASE(hc_h44_save_secs_does_not_save_in_the_first_step) {
  Profiled p;
  p.Run({.save_secs = Duration::Seconds(2)}, [&](MonitoredSession& session) {
    session.Run(p.model.step);
    BOOST_TEST(p.Files() == Names());
    p.process.Advance(Duration::Seconds(2));
    session.Run(p.model.step);
    BOOST_TEST(p.Files() == Names{"timeline-2.json"});
  });
}

BOOST_AUTO_TEST_CASE(hc_h45_save_steps_saves_periodically) {
  Profiled p;
  p.Run({.save_steps = 2}, [&](MonitoredSession& session) {
    BOOST_TEST(p.Files().size() == 0U);
    for (const std::size_t files : {0U, 1U, 1U, 2U, 2U}) {
      session.Run(p.model.step);
      BOOST_TEST(p.Files().size() == files);
    }
  });
  BOOST_TEST(p.Files() == (Names{"timeline-2.json", "timeline-4.json"}));
}

BOOST_AUTO_TEST_CASE(hk_1305_each_step_but_the_first) {
  Profiled p;
  p.Run({.save_steps = 1}, [&](MonitoredSession& session) {
    for (int i = 0; i < 3; ++i) session.Run(p.model.step);
  });
  BOOST_TEST(p.Files() == (Names{"timeline-2.json", "timeline-3.json"}));
}

BOOST_AUTO_TEST_CASE(hk_1304_the_trace_and_the_metadata_tell_what_ran) {
  Profiled p;
  p.Run({.save_steps = 2}, [&](MonitoredSession& session) {
    for (int i = 0; i < 4; ++i) session.Run(p.model.step);
  });
  const std::string& trace = p.process.fake.files().Content(kDir + "/timeline-4.json");
  BOOST_TEST(trace.find(R"("op":"AssignAdd")") != std::string::npos);
  BOOST_TEST(trace.find(R"("cat":"DataFlow")") != std::string::npos);  // on unless switched off
  BOOST_TEST(trace.find(R"("cat":"Memory")") == std::string::npos);    // off unless switched on
  const auto events = p.Events();
  BOOST_REQUIRE(events.size() == 5U);
  for (const int i : {3, 4}) {
    const v1::tf::Event& event = events[static_cast<std::size_t>(i)];
    BOOST_TEST(event.tagged_run_metadata().tag() == (i == 3 ? "step_2" : "step_4"));
    BOOST_TEST(event.step() == 0);  // no step
    v1::tf::RunMetadata metadata;
    BOOST_TEST(metadata.ParseFromString(event.tagged_run_metadata().run_metadata()));
    BOOST_REQUIRE(metadata.step_stats().dev_stats_size() == 1);
    BOOST_TEST(metadata.step_stats().dev_stats(0).node_stats_size() > 2);
  }
}

BOOST_AUTO_TEST_CASE(hk_1301_what_the_trace_shows_can_be_chosen) {
  Profiled p;
  p.Run({.save_steps = 1, .show_dataflow = false, .show_memory = true},
        [&](MonitoredSession& session) {
          for (int i = 0; i < 2; ++i) session.Run(p.model.step);
        });
  const std::string& trace = p.process.fake.files().Content(kDir + "/timeline-2.json");
  BOOST_TEST(trace.find(R"("cat":"DataFlow")") == std::string::npos);
  BOOST_TEST(trace.find(R"("cat":"Memory")") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(hk_1306_the_same_step_profiled_twice_ends_training) {
  Profiled p;
  // The second session starts from step 0, and the timer by seconds profiles step 2 again.
  p.process.sessions.Fail({.nth = 4, .status = Status(Code::kAborted, "injected")});
  p.Run({.save_secs = Duration::Seconds(1)}, [&](MonitoredSession& session) {
    for (int i = 0; i < 3; ++i) {
      session.Run(p.model.step);
      p.process.Advance(Duration::Milliseconds(i < 2 ? 1000 : 0));
    }
    BOOST_TEST(p.Files() == (Names{"timeline-2.json", "timeline-3.json"}));
    BOOST_TEST(session.Run(p.model.step).scalar<std::int64_t>() == 1);  // after a recovery
    p.process.Advance(Duration::Seconds(1));
    BOOST_CHECK_THROW(session.Run(p.model.step), ValueError);
  });
}

BOOST_AUTO_TEST_CASE(hk_1304_a_timeline_that_cannot_be_written_ends_training) {
  Profiled p;
  p.Run({.save_steps = 1}, [&](MonitoredSession& session) {
    session.Run(p.model.step);
    p.process.fake.files().Fail({.op = FileOp::kCreate,
                                 .path = kDir + "/timeline-2.json",
                                 .status = Status(Code::kPermissionDenied, "read only")});
    BOOST_CHECK_THROW(session.Run(p.model.step), PermissionDeniedError);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
