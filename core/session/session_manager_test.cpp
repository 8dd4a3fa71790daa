#include "core/session/session_manager.h"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

const std::string kDir = "/ckpt";

Tensor Vector(std::initializer_list<float> values) { return Tensor::Of<float>(values); }

std::vector<Variable> Globals(Graph& graph) {
  return graph.GetVariables(GraphKeys::kGlobalVariables);
}
Output ReportAll(Graph& graph) { return ReportUninitializedVariables(graph); }
Output ReportGlobals(Graph& graph) { return ReportUninitializedVariables(graph, Globals(graph)); }
Operation* InitAll(Graph& graph) { return VariablesInitializer(graph, Globals(graph)); }
Output AssertAll(Graph& graph) { return AssertVariablesInitialized(graph); }

template <class T>
std::vector<T> Read(Session& session, const Variable& variable) {
  const Fetched value = session.Run(variable.value());
  const auto flat = value.tensor().flat<T>();
  return std::vector<T>(flat.begin(), flat.end());
}

bool IsInitialized(Session& session, Output is_initialized) {
  return session.Run(is_initialized).scalar<bool>();
}

const std::vector<float> kOneTwoThree{1, 2, 3};

// SM-T01 and SM-T16.
void PrepareSucceeds(Output (*ready)(Graph&)) {
  TestProcess process;
  Graph graph;
  const Variable v = MakeVariable(graph, Vector({1, 2, 3}), "v");
  SessionManagerOptions options{.ready_op = ready(graph)};
  Operation* init = InitAll(graph);
  process.Run([&] {
    SessionManager manager(process.runtime, graph, options);
    const auto session = manager.PrepareSession({.init_op = init});
    BOOST_TEST(Read<float>(*session, v) == kOneTwoThree);
    BOOST_TEST(!session->closed());
    session->Close();
  });
  BOOST_TEST(process.sessions.opened == 1);
}

// SM-T02 and SM-T17.
void PrepareWithInitFeeds(Output (*ready)(Graph&)) {
  TestProcess process;
  Graph graph;
  const Output p = Placeholder(graph, DataType::kFloat, PartialShape({3}));
  const Variable v = MakeVariable(graph, p, "v");
  SessionManagerOptions options{.ready_op = ready(graph)};
  Operation* init = InitAll(graph);
  process.Run([&] {
    SessionManager manager(process.runtime, graph, options);
    const auto session =
        manager.PrepareSession({.init_op = init, .init_feeds = {{p, Vector({1, 2, 3})}}});
    BOOST_TEST(Read<float>(*session, v) == kOneTwoThree);
    session->Close();
  });
}

// SM-T03 and SM-T18.
void PrepareWithInitFn(Output (*ready)(Graph&)) {
  TestProcess process;
  Graph graph;
  const Variable v = MakeVariable(graph, Vector({125}), "v");
  SessionManagerOptions options{.ready_op = ready(graph)};
  process.Run([&] {
    SessionManager manager(process.runtime, graph, options);
    const auto session =
        manager.PrepareSession({.init_fn = [&](Session& raw) { raw.Run(v.initializer); }});
    BOOST_TEST(Read<float>(*session, v) == std::vector<float>{125});
    session->Close();
  });
  BOOST_TEST(process.observer().Count(Point::kInitStart) == 1);
  const auto writes = process.observer().Of(Point::kVariableWrite);
  BOOST_TEST(writes.size() == 1U);
  BOOST_TEST(writes.at(0).text("cause") == "init");
}

// SM-T07 and SM-T19.
void WaitTimesOut(Output (*ready)(Graph&)) {
  TestProcess process;
  Graph graph;
  MakeVariable(graph, Vector({1}), "v");
  SessionManagerOptions options{.ready_op = ready(graph), .recovery_wait = Duration::Seconds(1)};
  process.Run([&] {
    SessionManager manager(process.runtime, graph, options);
    const TimePoint start = process.Now();
    const Status error = ErrorOf([&] { manager.WaitForSession("", {}, Duration::Seconds(3)); });
    BOOST_TEST(error.code() == Code::kDeadlineExceeded);
    BOOST_TEST(error.message().find("3 secs") != std::string::npos);
    BOOST_TEST(SecondsSince(process, start) == 3);
  });
  BOOST_TEST(process.sessions.opened == 4);
  BOOST_TEST(process.sessions.open_now == 0);
  BOOST_TEST(process.sessions.most_open == 1);  // SM-47
}

BOOST_AUTO_TEST_SUITE(session_manager)

BOOST_AUTO_TEST_CASE(sm_t01_prepare_session_succeeds) { PrepareSucceeds(ReportAll); }
BOOST_AUTO_TEST_CASE(sm_t02_prepare_session_with_init_feeds) { PrepareWithInitFeeds(ReportAll); }
BOOST_AUTO_TEST_CASE(sm_t03_prepare_session_with_init_fn) { PrepareWithInitFn(ReportAll); }

BOOST_AUTO_TEST_CASE(sm_t04_prepare_session_with_local_init_feeds) {
  TestProcess process;
  Graph graph;
  const Output p = Placeholder(graph, DataType::kFloat, PartialShape({3}));
  const Variable v = MakeLocalVariable(graph, p, "v");
  SessionManagerOptions options{.local_init_op = v.initializer,
                                .ready_op = ReportAll(graph),
                                .local_init_feeds = {{p, Vector({1, 2, 3})}}};
  process.Run([&] {
    SessionManager manager(process.runtime, graph, options);
    const auto session = manager.PrepareSession({});
    BOOST_TEST(Read<float>(*session, v) == kOneTwoThree);
    session->Close();
  });
  BOOST_TEST(process.observer().Count(Point::kInitStart) == 0);
  BOOST_TEST(process.observer().Count(Point::kLocalInitDone) == 1);
}

BOOST_AUTO_TEST_CASE(sm_t05_prepare_session_fails) {
  TestProcess process;
  Graph graph;
  const Variable v = MakeVariable(graph, Vector({1, 2, 3}), "v");
  SessionManagerOptions options{.ready_op = ReportAll(graph)};
  Operation* init = InitAll(graph);
  process.Run([&] {
    FileSystem& files = process.env().files;
    BOOST_TEST(MakeDirectories(files, kDir).ok());
    auto saver = std::make_shared<Saver>(process.runtime, graph);
    SessionManager manager(process.runtime, graph, options);
    auto session =
        manager.PrepareSession({.saver = saver, .checkpoint_dir = kDir, .init_op = init});
    BOOST_TEST(Read<float>(*session, v) == kOneTwoThree);
    saver->Save(*session, kDir + "/model.ckpt");
    session->Close();

    BOOST_TEST(files.Rename(kDir, "/moved").ok());
    BOOST_TEST(MakeDirectories(files, kDir).ok());
    const PrepareOptions wait{.saver = saver,
                              .checkpoint_dir = kDir,
                              .wait_for_checkpoint = true,
                              .max_wait = Duration::Seconds(2)};
    const TimePoint start = process.Now();
    const Status error = ErrorOf([&] { manager.PrepareSession(wait); });
    BOOST_TEST(error.code() == Code::kRuntimeError);
    for (const char* told : {"init_op", "init_fn", "local_init_op"}) {
      BOOST_TEST(error.message().find(told) != std::string::npos);
    }
    BOOST_TEST(SecondsSince(process, start) == 30);
    BOOST_TEST(process.sessions.open_now == 0);  // SM-28

    BOOST_TEST(files.RemoveDirectory(kDir).ok());
    BOOST_TEST(files.Rename("/moved", kDir).ok());
    session = manager.PrepareSession(wait);
    BOOST_TEST(Read<float>(*session, v) == kOneTwoThree);
    session->Close();
  });
}

// Makes a checkpoint of v = 1 in `kDir`, as SM-T06 says.
void MakeCheckpoint(TestProcess& process) {
  Graph graph;
  const Variable v = MakeVariable(graph, Vector({1}), "v");
  SessionManagerOptions options{.ready_op = ReportAll(graph)};
  process.Run([&] {
    BOOST_TEST(MakeDirectories(process.env().files, kDir).ok());
    auto saver = std::make_shared<Saver>(process.runtime, graph);
    SessionManager manager(process.runtime, graph, options);
    const RecoveredSession recovered =
        manager.RecoverSession({.saver = saver, .checkpoint_dir = kDir});
    BOOST_TEST(!recovered.initialized);
    recovered.session->Run(v.initializer);
    BOOST_TEST(Read<float>(*recovered.session, v) == std::vector<float>{1});
    saver->Save(*recovered.session, kDir + "/model.ckpt");
    recovered.session->Close();
  });
}

void CheckRecovered(TestProcess& process, bool by_directory, bool by_file, Code code) {
  Graph graph;
  const Variable v = MakeVariable(graph, Vector({2}), "v");
  const Output initialized = IsVariableInitialized(v);
  SessionManagerOptions options{.ready_op = ReportAll(graph)};
  process.Run([&] {
    auto saver = std::make_shared<Saver>(process.runtime, graph);
    SessionManager manager(process.runtime, graph, options);
    PrepareOptions recover{.saver = saver};
    if (by_directory) recover.checkpoint_dir = kDir;
    if (by_file) {
      recover.checkpoint_filename_with_path = LatestCheckpoint(process.env(), kDir).value();
    }
    RecoveredSession recovered;
    const Status error = ErrorOf([&] { recovered = manager.RecoverSession(recover); });
    BOOST_TEST(error.code() == code);
    if (!error.ok()) return;
    BOOST_TEST(recovered.initialized);
    BOOST_TEST(IsInitialized(*recovered.session, initialized));
    BOOST_TEST(Read<float>(*recovered.session, v) == std::vector<float>{1});
    recovered.session->Close();
  });
  BOOST_TEST(process.sessions.open_now == 0);
}

BOOST_AUTO_TEST_CASE(sm_t06_recover_session) {
  TestProcess process;
  MakeCheckpoint(process);
  CheckRecovered(process, true, false, Code::kOk);
  CheckRecovered(process, false, true, Code::kOk);
  CheckRecovered(process, true, true, Code::kValueError);
}

BOOST_AUTO_TEST_CASE(sm_t07_wait_for_session_times_out) { WaitTimesOut(ReportAll); }

BOOST_AUTO_TEST_CASE(sm_t08_ready_for_local_init_needs_a_local_init_op) {
  TestProcess process;
  Graph graph;
  MakeVariable(graph, Vector({1}), "v");
  const SessionManagerOptions options{.ready_for_local_init_op = ReportGlobals(graph)};
  const Status error = ErrorOf([&] { SessionManager(process.runtime, graph, options); });
  BOOST_TEST(error.code() == Code::kValueError);
  BOOST_TEST(error.message().find("local_init_op") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(q_2_a_recovery_wait_of_nothing_is_refused) {
  TestProcess process;
  Graph graph;
  for (const Duration wait : {Duration(), Duration::Seconds(-1)}) {
    const Status error =
        ErrorOf([&] { SessionManager(process.runtime, graph, {.recovery_wait = wait}); });
    BOOST_TEST(error.code() == Code::kValueError);
  }
}

BOOST_AUTO_TEST_CASE(sm_t09_recover_session_with_ready_for_local_init_op) {
  TestProcess process;
  MakeCheckpoint(process);
  Graph graph;
  const Variable v = MakeVariable(graph, Vector({2}), "v");
  const Variable w = MakeLocalVariable(graph, v.value(), "w");
  const SessionManagerOptions options{.local_init_op = w.initializer,
                                      .ready_op = ReportAll(graph),
                                      .ready_for_local_init_op = ReportGlobals(graph)};
  process.Run([&] {
    auto saver =
        std::make_shared<Saver>(process.runtime, graph, SaverOptions{.variables = {{"v", v}}});
    SessionManager manager(process.runtime, graph, options);
    const RecoveredSession recovered =
        manager.RecoverSession({.saver = saver, .checkpoint_dir = kDir});
    BOOST_TEST(recovered.initialized);
    BOOST_TEST(Read<float>(*recovered.session, v) == std::vector<float>{1});
    BOOST_TEST(Read<float>(*recovered.session, w) == std::vector<float>{1});
    recovered.session->Close();
  });
}

BOOST_AUTO_TEST_CASE(sm_t10_recover_session_runs_local_init_even_when_nothing_is_restored) {
  TestProcess process;
  Graph graph;
  const Variable v = MakeVariable(graph, Vector({2}), "v");
  const Variable w = MakeLocalVariable(graph, Vector({1}), "w");
  const Output v_initialized = IsVariableInitialized(v);
  const SessionManagerOptions options{.local_init_op = w.initializer, .ready_op = ReportAll(graph)};
  process.Run([&] {
    auto saver = std::make_shared<Saver>(process.runtime, graph);
    BOOST_TEST(MakeDirectories(process.env().files, kDir).ok());
    SessionManager manager(process.runtime, graph, options);
    const RecoveredSession recovered =
        manager.RecoverSession({.saver = saver, .checkpoint_dir = kDir});
    BOOST_TEST(!recovered.initialized);
    BOOST_TEST(!IsInitialized(*recovered.session, v_initialized));
    BOOST_TEST(Read<float>(*recovered.session, w) == std::vector<float>{1});
    recovered.session->Close();
  });
  BOOST_TEST(process.observer().Count(Point::kReadyCheck) == 0);  // SM-32
}

BOOST_AUTO_TEST_CASE(sm_t11_wait_for_session_local_init) {
  TestProcess process;
  Graph graph;
  const Variable v = MakeVariable(graph, Vector({1}), "v");
  const Variable w = MakeLocalVariable(graph, v.value(), "w");
  const SessionManagerOptions options{.local_init_op = w.initializer,
                                      .ready_op = ReportAll(graph),
                                      .ready_for_local_init_op = ReportGlobals(graph)};
  process.Run([&] {
    process.sessions.StartServer(graph);
    auto chief = process.sessions.Open("server", graph, {}).value();
    chief->Run(v.initializer);
    SessionManager manager(process.runtime, graph, options);
    const auto session = manager.WaitForSession("server", {}, Duration::Seconds(3));
    BOOST_TEST(Read<float>(*session, v) == std::vector<float>{1});
    BOOST_TEST(Read<float>(*session, w) == std::vector<float>{1});
    BOOST_TEST(process.sessions.opened == 2);
    session->Close();
    chief->Close();
  });
  BOOST_TEST(process.observer().Of(Point::kWaitEnd).at(0).number("attempts") == 1);
}

BOOST_AUTO_TEST_CASE(sm_t12_wait_for_session_with_a_local_check_that_never_passes) {
  TestProcess process;
  Graph graph;
  const Variable v = MakeVariable(graph, Vector({1}), "v");
  const Variable w = MakeLocalVariable(graph, v.value(), "w");
  const SessionManagerOptions options{.local_init_op = w.initializer,
                                      .ready_op = ReportAll(graph),
                                      .ready_for_local_init_op = ReportAll(graph)};
  process.Run([&] {
    SessionManager manager(process.runtime, graph, options);
    const TimePoint start = process.Now();
    const Status error = ErrorOf([&] { manager.WaitForSession("", {}, Duration::Seconds(3)); });
    BOOST_TEST(error.code() == Code::kDeadlineExceeded);
    BOOST_TEST(SecondsSince(process, start) == 0);
  });
  BOOST_TEST(process.sessions.opened == 1);
  BOOST_TEST(process.observer().Count(Point::kLocalInitStart) == 0);  // SM-46
}

BOOST_AUTO_TEST_CASE(sm_t13_prepare_session_with_ready_for_local_init_op) {
  TestProcess process;
  Graph graph;
  const Variable v = MakeVariable(graph, Vector({1}), "v");
  const Variable w = MakeLocalVariable(graph, v.value(), "w");
  const Output three = Constant(graph, Vector({3}));
  const Variable x = MakeLocalVariable(graph, Mul(three, v.value()), "x");
  const SessionManagerOptions options{.local_init_op = Fetch::List{w.initializer, x.initializer},
                                      .ready_op = ReportAll(graph),
                                      .ready_for_local_init_op = ReportGlobals(graph)};
  process.Run([&] {
    SessionManager manager(process.runtime, graph, options);
    const auto session = manager.PrepareSession({.init_op = v.initializer});
    BOOST_TEST(Read<float>(*session, v) == std::vector<float>{1});
    BOOST_TEST(Read<float>(*session, w) == std::vector<float>{1});
    BOOST_TEST(Read<float>(*session, x) == std::vector<float>{3});
    session->Close();
  });
}

BOOST_AUTO_TEST_CASE(sm_t14_prepare_session_did_not_init_local_variable) {
  TestProcess process;
  Graph graph;
  const Variable v = MakeVariable(graph, Vector({1}), "v");
  MakeLocalVariable(graph, v.value(), "w");
  const SessionManagerOptions options{.ready_op = ReportAll(graph)};
  process.Run([&] {
    SessionManager manager(process.runtime, graph, options);
    const Status error = ErrorOf([&] { manager.PrepareSession({.init_op = v.initializer}); });
    BOOST_TEST(error.code() == Code::kRuntimeError);
    BOOST_TEST(error.message().find("did not make the model ready") != std::string::npos);
    BOOST_TEST(error.message().ends_with(": w"));
    BOOST_TEST(error.message().find("v/Assign") != std::string::npos);  // SM-26
  });
  BOOST_TEST(process.sessions.open_now == 0);
}

BOOST_AUTO_TEST_CASE(sm_t15_prepare_session_not_ready_for_local_init) {
  TestProcess process;
  Graph graph;
  const Variable v = MakeVariable(graph, Vector({1}), "v");
  const Variable w = MakeLocalVariable(graph, v.value(), "w");
  const SessionManagerOptions options{.local_init_op = w.initializer,
                                      .ready_op = ReportAll(graph),
                                      .ready_for_local_init_op = ReportGlobals(graph)};
  process.Run([&] {
    SessionManager manager(process.runtime, graph, options);
    const Status error = ErrorOf([&] { manager.PrepareSession({}); });
    BOOST_TEST(error.code() == Code::kRuntimeError);
    BOOST_TEST(error.message().find("local init") != std::string::npos);
    BOOST_TEST(error.message().ends_with(": v"));
  });
  BOOST_TEST(process.observer().Count(Point::kLocalInitStart) == 0);
}

BOOST_AUTO_TEST_CASE(sm_t16_obsolete_prepare_session_succeeds) { PrepareSucceeds(AssertAll); }
BOOST_AUTO_TEST_CASE(sm_t17_obsolete_prepare_session_with_init_feeds) {
  PrepareWithInitFeeds(AssertAll);
}
BOOST_AUTO_TEST_CASE(sm_t18_obsolete_prepare_session_with_init_fn) { PrepareWithInitFn(AssertAll); }
BOOST_AUTO_TEST_CASE(sm_t19_obsolete_wait_for_session_times_out) { WaitTimesOut(AssertAll); }

BOOST_AUTO_TEST_CASE(sm_11_both_paths_are_refused_and_the_session_released) {
  TestProcess process;
  Graph graph;
  MakeVariable(graph, Vector({1}), "v");
  Operation* init = InitAll(graph);
  process.Run([&] {
    SessionManager manager(process.runtime, graph);
    const Status error = ErrorOf([&] {
      manager.PrepareSession({.checkpoint_dir = kDir,
                              .checkpoint_filename_with_path = kDir + "/model.ckpt-1",
                              .init_op = init});
    });
    BOOST_TEST(error.code() == Code::kValueError);
    BOOST_TEST(error.message().find("checkpoint_dir") != std::string::npos);
    BOOST_TEST(error.message().find("checkpoint_filename_with_path") != std::string::npos);
  });
  BOOST_TEST(process.sessions.opened == 1);
  BOOST_TEST(process.sessions.open_now == 0);
}

BOOST_AUTO_TEST_CASE(sm_22_a_restored_session_runs_neither_init_op_nor_init_fn) {
  TestProcess process;
  MakeCheckpoint(process);
  Graph graph;
  const Variable v = MakeVariable(graph, Vector({2}), "v");
  Operation* init = InitAll(graph);
  const SessionManagerOptions options{.ready_op = ReportAll(graph)};
  bool called = false;
  process.observer().Clear();
  process.Run([&] {
    auto saver = std::make_shared<Saver>(process.runtime, graph);
    SessionManager manager(process.runtime, graph, options);
    const auto session = manager.PrepareSession(
        {.saver = saver, .checkpoint_dir = kDir, .init_op = init, .init_fn = [&](Session&) {
           called = true;
         }});
    BOOST_TEST(Read<float>(*session, v) == std::vector<float>{1});
    BOOST_TEST(saver->last_checkpoints() == std::vector<std::string>{kDir + "/model.ckpt"});
    session->Close();
  });
  BOOST_TEST(!called);
  BOOST_TEST(process.observer().Count(Point::kInitStart) == 0);
  const auto done = process.observer().Of(Point::kCreateDone).at(0);
  BOOST_TEST(done.text("path") == "restored");
  BOOST_TEST(done.text("checkpoint") == kDir + "/model.ckpt");
  BOOST_TEST(process.fake.logger().Count("Restoring parameters from " + kDir) == 1);  // SM-50
}

BOOST_AUTO_TEST_CASE(sm_8_other_errors_of_a_ready_op_propagate_and_the_session_is_released) {
  for (const Code code : {Code::kAborted, Code::kUnavailable, Code::kFailedPrecondition,
                          Code::kDeadlineExceeded, Code::kCancelled}) {
    TestProcess process;
    Graph graph;
    MakeVariable(graph, Vector({1}), "v");
    const SessionManagerOptions options{.ready_op = ReportAll(graph)};
    process.sessions.Fail({.cause = Cause::kReadyCheck, .status = Status(code, "injected")});
    process.Run([&] {
      SessionManager manager(process.runtime, graph, options);
      BOOST_TEST(ErrorOf([&] { manager.WaitForSession(""); }) == Status(code, "injected"));
    });
    BOOST_TEST(process.sessions.opened == 1);
    BOOST_TEST(process.sessions.open_now == 0);
    const bool warned = process.fake.logger().Count("the ready check failed") == 1;
    BOOST_TEST(warned == (code == Code::kFailedPrecondition));
  }
}

BOOST_AUTO_TEST_CASE(sm_10_an_uninitialized_error_of_the_local_init_op_is_no_not_ready) {
  TestProcess process;
  Graph graph;
  const Variable w = MakeLocalVariable(graph, Vector({1}), "w");
  const SessionManagerOptions options{.local_init_op = w.initializer};
  const Status injected(Code::kFailedPrecondition, "uninitialized");
  process.sessions.Fail({.cause = Cause::kLocalInit, .status = injected});
  process.Run([&] {
    SessionManager manager(process.runtime, graph, options);
    BOOST_TEST(ErrorOf([&] { manager.PrepareSession({}); }) == injected);
  });
}

BOOST_AUTO_TEST_CASE(sm_28_an_error_of_the_release_does_not_mask_the_cause) {
  TestProcess process;
  Graph graph;
  MakeVariable(graph, Vector({1}), "v");
  Operation* init = InitAll(graph);
  process.sessions.Fail({.cause = Cause::kInit, .status = Status(Code::kInternal, "the cause")});
  process.sessions.Fail(
      {.on = SessionFault::On::kClose, .status = Status(Code::kUnknown, "close")});
  process.Run([&] {
    SessionManager manager(process.runtime, graph);
    BOOST_TEST(ErrorOf([&] { manager.PrepareSession({.init_op = init}); }) ==
               Status(Code::kInternal, "the cause"));
  });
  BOOST_TEST(process.sessions.open_now == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
