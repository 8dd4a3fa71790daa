// The graphs of the reference call traces, as TensorFlow exported them, imported and run.
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/global_step.h"
#include "core/graph/meta_graph.h"
#include "core/graph/ops.h"
#include "core/testing/session_world.h"

namespace faultline {
namespace {

using testing::SessionWorld;
using Names = std::vector<std::string>;

constexpr const char* kGraphs[] = {
    "ambiguous", "counter", "counter_resource", "feed_init", "feed_local", "local_from_global",
    "model",     "no_step", "one_var",          "preset",    "queue",      "two_enqueues",
    "two_vars"};

// One of the graphs, with a session on it.
struct World : SessionWorld {
  void With(const std::string& name, const std::function<void()>& body) {
    BOOST_TEST_CONTEXT(name) {
      std::ifstream in(FL_SOURCE_DIR "/core/session/testdata/traces/graphs/" + name + ".meta",
                       std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(in), {}};
      Result<ImportedMetaGraph> result = ImportMetaGraph(bytes);
      BOOST_REQUIRE_MESSAGE(result.ok(), result.status().ToString());
      imported = std::move(result).value();
      Run([&] {
        session = OpenOn(*imported.graph);
        body();
        session->Close();
        session.reset();
      });
    }
  }

  // What nobody gave is fed with zeros of shape [3].
  void Initialize() {
    FeedDict feeds;
    if (imported.graph->FindOperation("init_value") != nullptr) {
      feeds.Add(imported.graph->FindOutput("init_value:0"), Tensor::Of<float>({0, 1, 2}));
    }
    session->Run({"init_all"}, feeds);
    session->Run({"init_locals"}, feeds);
  }

  template <class T>
  T Get(const std::string& fetch) {
    return session->Run(fetch).scalar<T>();
  }
  Names Report(const std::string& fetch) {
    const Fetched got = session->Run(fetch);
    const auto names = got.tensor().flat<std::string>();
    return {names.begin(), names.end()};
  }
  std::vector<float> Floats(const std::string& fetch) {
    const Fetched got = session->Run(fetch);
    const auto values = got.tensor().flat<float>();
    return {values.begin(), values.end()};
  }
  Status Error(const std::string& fetch) { return ErrorOf(*session, fetch); }

  ImportedMetaGraph imported;
  std::unique_ptr<Session> session;
};

// The names of the variables in a collection.
Names VariablesOf(const Graph& graph, std::string_view key) {
  Names names;
  for (const Variable& variable : graph.GetVariables(key)) names.push_back(variable.name());
  return names;
}

BOOST_FIXTURE_TEST_SUITE(imported_graphs, World)

BOOST_AUTO_TEST_CASE(every_graph_reports_its_variables_and_is_initialized) {
  for (const char* name : kGraphs) {
    With(name, [&] {
      const Names globals = VariablesOf(*imported.graph, "variables");
      const Names locals = VariablesOf(*imported.graph, "local_variables");
      Names all = globals;
      all.insert(all.end(), locals.begin(), locals.end());
      BOOST_TEST(!all.empty());
      BOOST_TEST(Report("report_all:0") == all, boost::test_tools::per_element());
      BOOST_TEST(Report("report_globals:0") == globals, boost::test_tools::per_element());
      BOOST_TEST(Report("report_locals:0") == locals, boost::test_tools::per_element());
      const Status before = Error("assert_all:0");
      BOOST_TEST(before.code() == Code::kFailedPrecondition);
      BOOST_TEST(before.message().find("uninitialized") != std::string::npos, before.message());
      Initialize();
      BOOST_TEST(Report("report_all:0").empty());
      BOOST_TEST((session->Run("assert_all:0").tensor().dtype() == DataType::kInt32));
    });
  }
}

// The builder's own report and read find the variables of an imported graph.
BOOST_AUTO_TEST_CASE(an_imported_graph_can_be_extended) {
  for (const char* name : {"counter", "counter_resource", "model"}) {
    With(name, [&] {
      Graph& model = *imported.graph;
      const Output report = ReportUninitializedVariables(model);
      Operation* more = IncrementGlobalStep(model, 10);
      BOOST_TEST(Report(report.name()) == Report("report_all:0"), boost::test_tools::per_element());
      Initialize();
      session->Run(more);
      BOOST_TEST(Get<std::int64_t>("g:0") == 10);
    });
  }
}

BOOST_AUTO_TEST_CASE(the_counters_count) {
  for (const char* name :
       {"counter", "counter_resource", "model", "queue", "preset", "ambiguous"}) {
    With(name, [&] {
      // The cached read gives the initial value while there is none.
      BOOST_TEST(Get<std::int64_t>("global_step/add:0") == 0);
      BOOST_TEST(Error("g:0").code() == Code::kFailedPrecondition);
      BOOST_TEST(Error("g:0").message().find("uninitialized") != std::string::npos);
      Initialize();
      BOOST_TEST(Get<std::int64_t>("step:0") == 1);
      session->Run("step_op");
      BOOST_TEST(Get<std::int64_t>("g:0") == 2);
      // The cached read comes before the increment of its run.
      const Fetched both = session->Run({"step4:0", "global_step/add:0"});
      BOOST_TEST(both[0].scalar<std::int64_t>() == 6);
      BOOST_TEST(both[1].scalar<std::int64_t>() == 2);
      const Output value = imported.graph->FindOutput("set_global_step/value:0");
      session->Run("set_global_step", {{value, Tensor::Scalar<std::int64_t>(40)}});
      BOOST_TEST(session->Run(GetGlobalStep(*imported.graph)).scalar<std::int64_t>() == 40);
      BOOST_TEST(Get<std::int64_t>("step:0") == 41);
      BOOST_TEST(Get<float>("sum:0") == 3);
      BOOST_TEST(fake.observer().Of(Point::kGlobalStepWrite).back().number("step") == 41);
    });
  }
}

BOOST_AUTO_TEST_CASE(the_model_trains_and_gives_its_losses_and_summaries) {
  With("model", [&] {
    Initialize();
    BOOST_TEST(std::isfinite(Get<float>("nan_loss:0")));
    session->Run("train");
    session->Run("train");
    BOOST_TEST(Floats("w_read:0") == (std::vector<float>{1, 2}), boost::test_tools::per_element());
    BOOST_TEST(Get<std::int64_t>("n_read:0") == 2);
    BOOST_TEST(Get<std::int64_t>("g:0") == 2);
    BOOST_TEST(Get<float>("loss:0") == 4);
    BOOST_TEST(std::isnan(Get<float>("nan_loss:0")));
    BOOST_TEST(std::isinf(Get<float>("inf_loss:0")));
    BOOST_TEST(Get<std::string>("merged_summary:0").find("twice_step") != std::string::npos);
  });
}

BOOST_AUTO_TEST_CASE(se_23_local_variables_start_with_the_guarded_value_of_a_global_one) {
  With("local_from_global", [&] {
    session->Run("init_locals");
    BOOST_TEST(Report("report_all:0") == Names{"v"}, boost::test_tools::per_element());
    const Variable w = imported.graph->GetVariables("local_variables")[0];
    const Variable x = imported.graph->GetVariables("local_variables")[1];
    BOOST_TEST(session->Run(w).scalar<std::int32_t>() == 1);
    BOOST_TEST(session->Run(x).scalar<std::int32_t>() == 3);
  });
}

BOOST_AUTO_TEST_CASE(initial_values_can_be_fed) {
  for (const char* name : {"feed_init", "feed_local"}) {
    With(name, [&] {
      Initialize();
      const bool local = std::string_view(name) == "feed_local";
      const Variable v =
          imported.graph->GetVariables(local ? "local_variables" : "variables").at(0);
      BOOST_TEST(session->Run(v).tensor().flat<float>()[2] == 2);
    });
  }
}

BOOST_AUTO_TEST_CASE(the_queue_is_filled_and_emptied) {
  With("queue", [&] {
    Initialize();
    for (int i = 0; i < 3; ++i) session->Run("enqueue");
    BOOST_TEST(Error("enqueue").code() == Code::kOutOfRange);
    BOOST_TEST(Get<std::int32_t>("queue_size:0") == 3);
    BOOST_TEST(Get<std::int32_t>("item:0") == 0);
    BOOST_TEST(Get<std::int32_t>("consume:0") == 1);
    BOOST_TEST(Get<std::int64_t>("g:0") == 1);
    session->Run("close");
    BOOST_TEST(Get<std::int32_t>("item:0") == 2);
    BOOST_TEST(Error("item:0").code() == Code::kOutOfRange);
  });
  With("two_enqueues", [&] {
    Initialize();
    session->Run({"enqueue_a", "enqueue_b"});
    session->Run("enqueue_b");
    BOOST_TEST(Get<std::int32_t>("queue_size:0") == 3);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
