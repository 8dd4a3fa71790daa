#include "core/session/scaffold.h"

#include <string>
#include <type_traits>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

std::vector<std::string> Names(Session& session, const Fetch& op) {
  const Fetched names = session.Run(op);
  const auto flat = names.tensor().flat<std::string>();
  return std::vector<std::string>(flat.begin(), flat.end());
}

bool Same(const Fetch& a, const Fetch& b) {
  const auto* x = std::get_if<Operation*>(&a.value());
  const auto* y = std::get_if<Operation*>(&b.value());
  if (x != nullptr && y != nullptr) return *x == *y;
  const auto* p = std::get_if<Output>(&a.value());
  const auto* q = std::get_if<Output>(&b.value());
  return p != nullptr && q != nullptr && *p == *q;
}

// Values that can be told apart.
ScaffoldOptions AllPieces(Runtime& runtime, Graph& graph) {
  const Variable v = MakeVariable(graph, Tensor::Scalar(1.0F), "v");
  const Output p = Placeholder(graph, DataType::kFloat, PartialShape({}));
  return {.init_op = NoOp(graph, "my_init"),
          .init_feeds = {{p, Tensor::Scalar(10.0F)}},
          .init_fn = [](Scaffold&, Session&) {},
          .ready_op = Constant(graph, Tensor::Scalar("ready"), "my_ready"),
          .ready_for_local_init_op = Constant(graph, Tensor::Scalar("local"), "my_ready_local"),
          .local_init_op = NoOp(graph, "my_local_init"),
          .summary_op = Constant(graph, Tensor::Scalar("s"), "my_summary"),
          .saver = std::make_shared<Saver>(runtime, graph, SaverOptions{.variables = {{"v", v}}})};
}

void CheckPieces(Scaffold& scaffold, const ScaffoldOptions& expected) {
  BOOST_TEST(Same(scaffold.init_op(), expected.init_op));
  BOOST_TEST(scaffold.init_feeds().items().size() == 1U);
  BOOST_TEST(static_cast<bool>(scaffold.init_fn()));
  BOOST_TEST(Same(scaffold.ready_op(), expected.ready_op));
  BOOST_TEST(Same(scaffold.ready_for_local_init_op(), expected.ready_for_local_init_op));
  BOOST_TEST(Same(scaffold.local_init_op(), expected.local_init_op));
  BOOST_TEST(Same(scaffold.summary_op(), expected.summary_op));
  BOOST_TEST(scaffold.saver() == expected.saver);
}

BOOST_AUTO_TEST_SUITE(scaffold)

BOOST_AUTO_TEST_CASE(ms_t01_nothing_is_created_before_finalize) {
  Scaffold scaffold;
  BOOST_TEST(scaffold.init_op().null());
  BOOST_TEST(scaffold.init_feeds().empty());
  BOOST_TEST(!scaffold.init_fn());
  BOOST_TEST(scaffold.ready_op().null());
  BOOST_TEST(scaffold.ready_for_local_init_op().null());
  BOOST_TEST(scaffold.local_init_op().null());
  BOOST_TEST(scaffold.saver() == nullptr);
}

BOOST_AUTO_TEST_CASE(ms_t02_defaults) {
  TestProcess process;
  Graph graph;
  Scaffold scaffold;
  MakeVariable(graph, Tensor::Scalar(1.0F), "my_var");
  MakeLocalVariable(graph, Tensor::Scalar(2.0F), "my_local_var");
  BOOST_TEST(&scaffold.Finalize(process.runtime, graph) == &scaffold);
  BOOST_TEST(std::holds_alternative<Operation*>(scaffold.init_op().value()));
  BOOST_TEST(std::holds_alternative<Operation*>(scaffold.local_init_op().value()));
  BOOST_TEST(std::holds_alternative<Output>(scaffold.ready_op().value()));
  BOOST_TEST(std::holds_alternative<Output>(scaffold.ready_for_local_init_op().value()));
  BOOST_TEST(scaffold.summary_op().null());
  BOOST_TEST(scaffold.saver() != nullptr);
  BOOST_TEST(scaffold.init_feeds().empty());
  BOOST_TEST(!scaffold.init_fn());
  BOOST_TEST(graph.GetCollection(GraphKeys::kSummaryOp).empty());
  process.Run([&] {
    using Strings = std::vector<std::string>;
    const auto session = process.OpenSession(graph);
    BOOST_TEST(Names(*session, scaffold.ready_op()) == (Strings{"my_var", "my_local_var"}));
    BOOST_TEST(Names(*session, scaffold.ready_for_local_init_op()) == Strings{"my_var"});
    session->Run(scaffold.init_op());
    BOOST_TEST(Names(*session, scaffold.ready_for_local_init_op()).empty());
    BOOST_TEST(Names(*session, scaffold.ready_op()) == Strings{"my_local_var"});  // SC-12
    session->Run(scaffold.local_init_op());
    BOOST_TEST(Names(*session, scaffold.ready_op()).empty());
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(ms_t03_more_than_one_saver_is_an_error) {
  TestProcess process;
  Graph graph;
  MakeVariable(graph, Tensor::Scalar(1.0F), "v");
  for (int i = 0; i < 2; ++i) {
    graph.AddToCollection(GraphKeys::kSavers, std::shared_ptr<CollectionObject>(
                                                  std::make_shared<Saver>(process.runtime, graph)));
  }
  Scaffold scaffold;
  const Status error = ErrorOf([&] { scaffold.Finalize(process.runtime, graph); });
  BOOST_TEST(error.code() == Code::kRuntimeError);
  BOOST_TEST(error.message().find("savers") != std::string::npos);
  BOOST_TEST(error.message().find("saver") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(sc_9_more_than_one_op_in_a_collection_is_an_error) {
  TestProcess process;
  Graph graph;
  graph.AddToCollection(GraphKeys::kReadyOp, Constant(graph, Tensor::Scalar(1)));
  graph.AddToCollection(GraphKeys::kReadyOp, Constant(graph, Tensor::Scalar(2)));
  Scaffold scaffold;
  const Status error = ErrorOf([&] { scaffold.Finalize(process.runtime, graph); });
  BOOST_TEST(error.code() == Code::kRuntimeError);
  BOOST_TEST(error.message().find("ready_op") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(ms_t04_uses_passed_values) {
  TestProcess process;
  Graph graph;
  const ScaffoldOptions pieces = AllPieces(process.runtime, graph);
  Scaffold scaffold(pieces);
  scaffold.Finalize(process.runtime, graph);
  CheckPieces(scaffold, pieces);
  BOOST_TEST(graph.GetCollection(GraphKeys::kInitOp).empty());  // SC-3
}

BOOST_AUTO_TEST_CASE(ms_t05_the_graph_is_finalized) {
  TestProcess process;
  Graph graph;
  Scaffold scaffold;
  scaffold.Finalize(process.runtime, graph);
  BOOST_TEST(graph.finalized());
  BOOST_CHECK_THROW(Constant(graph, Tensor::Scalar(0)), RuntimeError);
}

BOOST_AUTO_TEST_CASE(ms_t07_only_a_scaffold_can_be_copied_from) {
  using Source = decltype(ScaffoldOptions::copy_from_scaffold);
  BOOST_TEST((std::is_convertible_v<Scaffold*, Source>));
  BOOST_TEST((!std::is_convertible_v<Graph*, Source>));
  BOOST_TEST((!std::is_convertible_v<const ScaffoldOptions*, Source>));
}

BOOST_AUTO_TEST_CASE(ms_t06_a_new_scaffold_from_a_default_one) {
  TestProcess process;
  Graph graph;
  const Scaffold first;
  const ScaffoldOptions pieces = AllPieces(process.runtime, graph);
  ScaffoldOptions copied = pieces;
  copied.copy_from_scaffold = &first;
  Scaffold second(copied);
  second.Finalize(process.runtime, graph);
  CheckPieces(second, pieces);
}

BOOST_AUTO_TEST_CASE(sc_4_what_is_not_given_is_taken_from_the_other_scaffold) {
  TestProcess process;
  Graph graph;
  ScaffoldOptions pieces = AllPieces(process.runtime, graph);
  Scaffold* bound = nullptr;
  pieces.init_fn = [&](Scaffold& scaffold, Session&) { bound = &scaffold; };
  const Scaffold first(pieces);
  Operation* own = NoOp(graph, "own_init");
  Scaffold second({.init_op = own, .copy_from_scaffold = &first});
  pieces.init_op = own;
  CheckPieces(second, pieces);
  process.Run([&] {
    const auto session = process.OpenSession(graph);
    second.init_fn()(*session);
    session->Close();
  });
  BOOST_TEST(bound == &second);  // SC-2
}

BOOST_AUTO_TEST_CASE(sc_8_a_second_scaffold_gets_the_identical_objects) {
  TestProcess process;
  Graph graph;
  MakeVariable(graph, Tensor::Scalar(1.0F), "v");
  Scaffold first;
  first.Finalize(process.runtime, graph);
  const std::uint64_t version = graph.version();
  Scaffold second;
  second.Finalize(process.runtime, graph);  // SC-10: on a final graph
  first.Finalize(process.runtime, graph);   // SC-7
  BOOST_TEST(graph.version() == version);
  BOOST_TEST(Same(first.init_op(), second.init_op()));
  BOOST_TEST(Same(first.ready_op(), second.ready_op()));
  BOOST_TEST(Same(first.ready_for_local_init_op(), second.ready_for_local_init_op()));
  BOOST_TEST(Same(first.local_init_op(), second.local_init_op()));
  BOOST_TEST(first.saver() == second.saver());
}

BOOST_AUTO_TEST_CASE(sc_10_a_missing_default_on_a_final_graph_is_an_error) {
  TestProcess process;
  Graph graph;
  MakeVariable(graph, Tensor::Scalar(1.0F), "v");
  graph.Finalize();
  Scaffold scaffold;
  BOOST_CHECK_THROW(scaffold.Finalize(process.runtime, graph), RuntimeError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
