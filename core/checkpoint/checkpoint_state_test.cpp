#include "core/checkpoint/checkpoint_state.h"

#include <functional>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/checkpoint/bundle_writer.h"
#include "core/checkpoint/device_name.h"
#include "core/checkpoint/path_match.h"
#include "core/graph/graph.h"
#include "core/graph/ops.h"
#include "core/testing/fake_env.h"

namespace faultline {
namespace {

using testing::FakeEnv;
using testing::FileOp;
using Paths = std::vector<std::string>;

void InFiber(const std::function<void(Env&, FakeEnv&)>& body) {
  FakeEnv fake;
  fake.Run([&](Env& env) {
    BOOST_TEST(env.files.MakeDirectory("/d").ok());
    body(env, fake);
  });
}

// What reading a state file of this content gives under TF semantics.
Result<std::optional<CheckpointState>> Read(const std::string& content, bool strict = false,
                                            int* warnings = nullptr) {
  Result<std::optional<CheckpointState>> state = std::optional<CheckpointState>();
  InFiber([&](Env& env, FakeEnv& fake) {
    fake.files().Put("/d/checkpoint", content);
    state = GetCheckpointState(env, strict ? Semantics::Strict() : Semantics::Tf(), "/d");
    if (warnings != nullptr) *warnings = static_cast<int>(fake.logger().lines().size());
  });
  return state;
}

void WriteBundle(Env& env, const std::string& prefix, float value) {
  BundleWriter writer(env, prefix);
  BOOST_TEST(writer.Add("v", Tensor::Scalar(value)).ok());
  BOOST_TEST(writer.Finish().ok());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoint_state)

BOOST_AUTO_TEST_CASE(hc_m03_absolute_paths_are_stored_as_given) {
  const auto state = GenerateCheckpointState("/d", "/d/model-0", {}).value();
  BOOST_TEST(state.model_checkpoint_path == "/d/model-0");
  BOOST_CHECK((state.all_model_checkpoint_paths == Paths{"/d/model-0"}));
}

BOOST_AUTO_TEST_CASE(hc_m04_relative_paths_are_stored_from_the_directory) {
  const auto state = GenerateCheckpointState("train", "train/model-0", {}).value();
  BOOST_TEST(state.model_checkpoint_path == "model-0");
  BOOST_CHECK((state.all_model_checkpoint_paths == Paths{"model-0"}));
}

BOOST_AUTO_TEST_CASE(hc_m05_absolute_paths_may_be_made_relative) {
  InFiber([](Env& env, FakeEnv& fake) {
    UpdateStateOptions options;
    options.save_relative_paths = true;
    BOOST_TEST(
        UpdateCheckpointState(env, "/d", "/d/model-2", {"model-0", "/d/model-2"}, options).ok());
    BOOST_TEST(fake.files().Content("/d/checkpoint") ==
               "model_checkpoint_path: \"model-2\"\nall_model_checkpoint_paths: \"model-0\"\n"
               "all_model_checkpoint_paths: \"model-2\"\n");
    const auto state = GetCheckpointState(env, Semantics::Tf(), "/d").value();
    BOOST_TEST(state->model_checkpoint_path == "/d/model-2");
    BOOST_CHECK((state->all_model_checkpoint_paths == Paths{"/d/model-0", "/d/model-2"}));
  });
}

BOOST_AUTO_TEST_CASE(hc_m06_a_state_without_latest_path_is_a_value_error) {
  BOOST_TEST(Read("").status() ==
             Status(Code::kValueError, "Invalid checkpoint state loaded from /d"));
  BOOST_TEST(Read("all_model_checkpoint_paths: \"x\"\n").status().code() == Code::kValueError);
  BOOST_TEST(Read("\xff\xfe").status().code() == Code::kValueError);
  BOOST_TEST(Read("", true).status().code() == Code::kValueError);
}

BOOST_AUTO_TEST_CASE(hc_x06_the_bytes_of_a_state_file) {  // V-16
  InFiber([](Env& env, FakeEnv& fake) {
    BOOST_TEST(UpdateCheckpointState(env, "/d", "/d/m-0", {}, {}).ok());
    BOOST_TEST(fake.files().Content("/d/checkpoint") ==
               "model_checkpoint_path: \"/d/m-0\"\nall_model_checkpoint_paths: \"/d/m-0\"\n");
    BOOST_TEST(UpdateCheckpointState(env, "/d", "/d/m-2", {"/d/m-0", "/d/m-1", "/d/m-2"}, {}).ok());
    BOOST_TEST(fake.files().Content("/d/checkpoint") ==
               "model_checkpoint_path: \"/d/m-2\"\nall_model_checkpoint_paths: \"/d/m-0\"\n"
               "all_model_checkpoint_paths: \"/d/m-1\"\nall_model_checkpoint_paths: \"/d/m-2\"\n");
    BOOST_TEST(fake.observer().Count(Point::kStateWritten) == 2);
  });
  CheckpointState state;
  state.model_checkpoint_path = "a\"'\\\n\t\r\x01\xc3";
  state.all_model_checkpoint_timestamps = {10000, 0.5};
  state.last_preserved_timestamp = 1484695986.25;
  BOOST_TEST(FormatCheckpointState(state) ==
             "model_checkpoint_path: \"a\\\"\\'\\\\\\n\\t\\r\\001\\303\"\n"
             "all_model_checkpoint_timestamps: 10000.0\nall_model_checkpoint_timestamps: 0.5\n"
             "last_preserved_timestamp: 1484695986.25\n");
}

BOOST_AUTO_TEST_CASE(hc_x07_variants_of_a_state_file) {  // CK-1708 .. CK-1711
  InFiber([](Env& env, FakeEnv& fake) {
    BOOST_TEST(!GetCheckpointState(env, Semantics::Strict(), "/d").value().has_value());
    BOOST_TEST(fake.observer().Of(Point::kStateRead).at(0).text("answer") == "none");
  });
  int warnings = 0;
  BOOST_TEST(!Read("model_checkpoint_path: \"/d/m", false, &warnings).value().has_value());
  BOOST_TEST(warnings == 2);
  BOOST_TEST(Read("model_checkpoint_path: \"/d/m", true).status().code() == Code::kDataLoss);
  BOOST_TEST(!Read("model_checkpoint_path: \"/d/m\"\nunknown: 1\n").value().has_value());
  const auto twice = Read("model_checkpoint_path: \"a\"\nmodel_checkpoint_path: \"b\"\n").value();
  BOOST_TEST(twice->model_checkpoint_path == "/d/b");
  BOOST_TEST(twice->all_model_checkpoint_paths.empty());
}

BOOST_AUTO_TEST_CASE(an_unreadable_state_is_no_state_only_under_tf_semantics) {  // RF-94, INV-5
  for (const FileOp op : {FileOp::kStat, FileOp::kOpen, FileOp::kRead}) {
    for (const bool strict : {false, true}) {
      InFiber([&](Env& env, FakeEnv& fake) {
        fake.files().Put("/d/checkpoint", "model_checkpoint_path: \"m\"\n");
        fake.files().Fail({.op = op, .status = Status(Code::kPermissionDenied, "no")});
        const auto state =
            GetCheckpointState(env, strict ? Semantics::Strict() : Semantics::Tf(), "/d");
        BOOST_TEST(state.ok() == !strict);
        if (strict) BOOST_TEST(state.status().code() == Code::kPermissionDenied);
        BOOST_TEST(fake.observer().Of(Point::kStateRead).at(0).text("answer") == "unreadable");
      });
    }
  }
}

BOOST_AUTO_TEST_CASE(the_state_file_may_not_be_a_checkpoint) {  // CK-1706
  InFiber([](Env& env, FakeEnv&) {
    BOOST_TEST(UpdateCheckpointState(env, "/d", "/d/checkpoint", {}, {}).code() ==
               Code::kRuntimeError);
    BOOST_TEST(GenerateCheckpointState("/d", "/d/m", {}, {1, 2}).status().code() ==
               Code::kValueError);
  });
}

BOOST_AUTO_TEST_CASE(hc_x15_removal_takes_meta_index_then_data) {  // CK-1805
  InFiber([](Env& env, FakeEnv& fake) {
    WriteBundle(env, "/d/m", 1);
    fake.files().Put("/d/m.meta", "meta");
    fake.files().Put("/d/m.data-1-of-2", "foreign");
    fake.files().ClearLog();
    fake.files().Fail({.op = FileOp::kRemove,
                       .path = "/d/m.index",
                       .status = Status(Code::kPermissionDenied, "no")});
    BOOST_TEST(RemoveCheckpoint(env, "/d/m").code() == Code::kPermissionDenied);
    BOOST_TEST(fake.files().Exists("/d/m.data-00000-of-00001"));
    BOOST_TEST(RemoveCheckpoint(env, "/d/m").ok());
    BOOST_CHECK((fake.files().LogLines({FileOp::kRemove}).size() == 4U));
    BOOST_TEST(fake.files().Exists("/d/m.data-1-of-2"));
    BOOST_TEST(RemoveCheckpoint(env, "/d/m").ok());  // missing files are fine
  });
}

BOOST_AUTO_TEST_CASE(the_newest_complete_checkpoint_of_a_list) {  // CK-2002
  InFiber([](Env& env, FakeEnv& fake) {
    for (const char* prefix : {"/d/m-1", "/d/m-2", "/d/m-3"}) WriteBundle(env, prefix, 1);
    CheckpointState state;
    state.model_checkpoint_path = "/d/m-3";
    state.all_model_checkpoint_paths = {"/d/m-1", "/d/m-2", "/d/m-3"};
    BOOST_TEST(NewestCompleteCheckpoint(env, state).value() == "/d/m-3");
    BOOST_TEST(env.files.Remove("/d/m-3.data-00000-of-00001").ok());
    BOOST_TEST(NewestCompleteCheckpoint(env, state).value() == "/d/m-2");
    fake.files().Put("/d/m-2.index", "torn");
    BOOST_TEST(NewestCompleteCheckpoint(env, state).value() == "/d/m-1");
    fake.files().Put("/d/m-1.data-00000-of-00001", "flip");
    BOOST_TEST(NewestCompleteCheckpoint(env, state).value() == "");
  });
}

BOOST_AUTO_TEST_CASE(names_of_meta_graphs) {  // CK-206
  BOOST_TEST(MetaGraphFileName("/d/m-7") == "/d/m-7.meta");
  BOOST_TEST(MetaGraphFileName("/d/run-1-of-2") == "/d/run.meta");
  BOOST_TEST(MetaGraphFileName("/d/m-?\?"
                               "-of-00002") == "/d/m.meta");
  BOOST_TEST(MetaGraphFileName("/d/x-of-2") == "/d/x-of-2.meta");
  BOOST_TEST(MetaGraphFileName("/d/m", "mg") == "/d/m.mg");
}

BOOST_AUTO_TEST_CASE(patterns_match_as_shell_patterns) {  // CK-1803, H-23
  BOOST_TEST(NameMatches("*.index", "m.index"));
  BOOST_TEST(NameMatches("m.data-?\?\?\?\?-of-?\?\?\?\?", "m.data-00000-of-00001"));
  BOOST_TEST(!NameMatches("m.data-?\?\?\?\?-of-?\?\?\?\?", "m.data-000000-of-00001"));
  BOOST_TEST(NameMatches("a[b-d]e", "ace"));
  BOOST_TEST(!NameMatches("a[!b-d]e", "ace"));
  BOOST_TEST(NameMatches("a\\*", "a*"));
  BOOST_TEST(!NameMatches("a\\*", "ab"));
  BOOST_TEST(NameMatches("a*b*c", "aXbXbc"));
  BOOST_TEST(NameMatches("[", "["));
  InFiber([](Env& env, FakeEnv& fake) {
    fake.files().Put("/d/x/m.index", "");
    fake.files().Put("/d/y/m.index", "");
    BOOST_CHECK((MatchingPaths(env.files, "/d/*/m.index").value() ==
                 Paths{"/d/x/m.index", "/d/y/m.index"}));
    BOOST_TEST(MatchingPaths(env.files, "/none/m.index").value().empty());
    BOOST_TEST(!CheckpointExists(env, "/none/m").value());
  });
  BOOST_TEST(RelativePath("/a/b/c", "/a/d") == "../b/c");
  BOOST_TEST(RelativePath("train/m", "train/") == "m");
  BOOST_TEST(RelativePath("train", "./train") == ".");
}

BOOST_AUTO_TEST_CASE(hc_s35_the_graph_is_written_as_text) {  // CK-2201
  InFiber([](Env& env, FakeEnv& fake) {
    Graph graph;
    Constant(graph, Tensor::Scalar(1.0F), "c");
    BOOST_TEST(WriteGraph(env, graph, "/d/new/dir").value() == "/d/new/dir/graph.pbtxt");
    BOOST_TEST(fake.files().Content("/d/new/dir/graph.pbtxt") == graph.GraphDefText());
  });
}

BOOST_AUTO_TEST_CASE(devices_have_one_spelling) {
  BOOST_TEST(CanonicalDevice("/cpu:1") == "/device:CPU:1");
  BOOST_TEST(CanonicalDevice("/job:ps/task:0") == "/job:ps/task:0");
  BOOST_TEST(CpuOfDevice("/job:ps/task:0/gpu:1") == "/job:ps/task:0/device:CPU:0");
  BOOST_TEST(CpuOfDevice("") == "/device:CPU:0");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
