#include "core/checkpoint/saver.h"

#include <functional>
#include <string>
#include <vector>

#include <google/protobuf/text_format.h>
#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/checkpoint/saver_fixture.h"
#include "core/graph/meta_graph.h"
#include "core/graph/meta_graph_file.h"
#include "core/proto/meta_graph.pb.h"
#include "core/testing/fake_env.h"

namespace faultline {
namespace {

using testing::FakeEnv;
using testing::FileOp;
using testing::SaverProcess;
using Paths = std::vector<std::string>;

void InFiber(const std::function<void(Env&, FakeEnv&)>& body) {
  FakeEnv fake;
  fake.Run([&](Env& env) {
    BOOST_TEST(env.files.MakeDirectory("/d").ok());
    body(env, fake);
  });
}

SaveOptions AtStep(std::int64_t step) {
  SaveOptions options;
  options.global_step = step;
  return options;
}

float Float(SaverProcess& process, const Variable& variable) {
  return process.Get(variable).scalar<float>();
}

bool Exists(Env& env, const std::string& prefix) { return CheckpointExists(env, prefix).value(); }

Paths Listed(Env& env, const std::string& directory = "/d") {
  return GetCheckpointState(env, Semantics::Tf(), directory).value()->all_model_checkpoint_paths;
}

// Files of the directory whose names start with `start`.
std::size_t FilesStarting(Env& env, const std::string& start) {
  std::size_t count = 0;
  const auto listed_names = env.files.List("/d").value();
  for (const std::string& name : listed_names) count += name.starts_with(start) ? 1 : 0;
  return count;
}

// A saver of one scalar, in a process of its own.
struct OneVariable {
  explicit OneVariable(Env& env, SaverOptions options = {}, Semantics semantics = Semantics::Tf())
      : process(env, semantics),
        variable(process.Make("v", Tensor::Scalar(1.0F))),
        saver(process.runtime(), process.graph(), std::move(options)) {
    process.Initialize({variable});
  }
  std::string Save(const std::string& path, const SaveOptions& options = {}) {
    return saver.Save(process.session(), path, options);
  }
  SaverProcess process;
  Variable variable;
  Saver saver;
};

SaverOptions Keeping(int max_to_keep) {
  SaverOptions options;
  options.max_to_keep = max_to_keep;
  return options;
}

SaverOptions Sharded() {
  SaverOptions options;
  options.sharded = true;
  return options;
}

template <class ErrorClass>
std::function<bool(const ErrorClass&)> Says(const std::string& text) {
  return [text](const ErrorClass& error) {
    BOOST_TEST_MESSAGE(error.what());
    return std::string(error.what()).find(text) != std::string::npos;
  };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(saver)

BOOST_AUTO_TEST_CASE(hc_s01_saved_values_come_back) {
  InFiber([](Env& env, FakeEnv&) {
    SaverProcess first(env);
    const Variable v0 = first.Make("v0", Tensor::Scalar(10.0F));
    const Variable v1 = first.Make("v1", Tensor::Scalar(20.0F));
    Saver saver(first.runtime(), first.graph());
    first.Initialize({v0, v1});
    BOOST_TEST(saver.Save(first.session(), "/d/m") == "/d/m");
    for (const bool initialized : {false, true}) {
      SaverProcess second(env);
      const Variable w0 = second.Make("v0", Tensor::Scalar(1000.0F));
      const Variable w1 = second.Make("v1", Tensor::Scalar(2000.0F));
      Saver other(second.runtime(), second.graph(), {.variables = {{"v0", w0}, {"v1", w1}}});
      if (initialized) second.Initialize({w0, w1});
      other.Restore(second.session(), "/d/m");
      BOOST_TEST(Float(second, w0) == 10);
      BOOST_TEST(Float(second, w1) == 20);
    }
  });
}

BOOST_AUTO_TEST_CASE(hc_s03_savers_built_apart_read_each_others_files) {
  InFiber([](Env& env, FakeEnv&) {
    SaverProcess process(env);
    const Variable w1 = process.Make("w1", Tensor::Scalar(1.0F));
    const Variable w2 = process.Make("w2", Tensor::Scalar(2.0F));
    Saver one(process.runtime(), process.graph());
    Saver two(process.runtime(), process.graph(), {.variables = {{"w2", w2}, {"w1", w1}}});
    BOOST_TEST(one.def().save_tensor_name != two.def().save_tensor_name);
    process.Initialize({w1, w2});
    one.Save(process.session(), "/d/one");
    process.Set(w1, Tensor::Scalar(3.0F));
    process.Set(w2, Tensor::Scalar(4.0F));
    two.Save(process.session(), "/d/two");
    two.Restore(process.session(), "/d/one");
    BOOST_TEST(Float(process, w1) == 1);
    BOOST_TEST(Float(process, w2) == 2);
    one.Restore(process.session(), "/d/two");
    BOOST_TEST(Float(process, w1) == 3);
    BOOST_TEST(Float(process, w2) == 4);
  });
}

BOOST_AUTO_TEST_CASE(hc_s06_relative_paths_survive_a_move) {
  InFiber([](Env& env, FakeEnv&) {
    BOOST_TEST(env.files.MakeDirectory("/d/dir1").ok());
    SaverOptions options;
    options.save_relative_paths = true;
    OneVariable one(env, options);
    one.Save("/d/dir1/x");
    BOOST_TEST(LatestCheckpoint(env, "/d/dir1").value() == "/d/dir1/x");
    BOOST_TEST(env.files.Rename("/d/dir1", "/d/dir2").ok());
    BOOST_TEST(LatestCheckpoint(env, "/d/dir2").value() == "/d/dir2/x");
    one.process.Set(one.variable, Tensor::Scalar(5.0F));
    one.saver.Restore(one.process.session(), "/d/dir2/x");
    BOOST_TEST(Float(one.process, one.variable) == 1);
  });
}

BOOST_AUTO_TEST_CASE(hc_s07_the_filename_tensor_has_a_default) {
  InFiber([](Env& env, FakeEnv&) {
    SaverOptions options;
    options.filename = "somerandomfilename";
    OneVariable one(env, options);
    const Fetched value = one.process.session().Run(one.saver.def().filename_tensor_name);
    BOOST_TEST(value.scalar<std::string>() == "somerandomfilename");
  });
}

BOOST_AUTO_TEST_CASE(hc_s08_restoring_nothing_is_a_value_error) {
  InFiber([](Env& env, FakeEnv&) {
    OneVariable one(env);
    BOOST_CHECK_EXCEPTION(one.saver.Restore(one.process.session(), "/d/invalid path"), ValueError,
                          Says<ValueError>("The passed save_path is not a valid checkpoint: "));
    BOOST_CHECK_EXCEPTION(one.saver.Restore(one.process.session(), ""), ValueError,
                          Says<ValueError>("Can't load save_path when it is None."));
  });
}

BOOST_AUTO_TEST_CASE(hc_s09_s10_integers_into_variables_without_value) {
  InFiber([](Env& env, FakeEnv&) {
    SaverProcess first(env);
    const Variable v = first.Make("v", Tensor::Scalar(std::int64_t{15}));
    Saver saver(first.runtime(), first.graph());
    first.Initialize({v});
    saver.Save(first.session(), "/d/m");
    SaverProcess second(env);
    const Variable w = second.Make("v", Tensor::Scalar(std::int64_t{-1}));
    Saver other(second.runtime(), second.graph());
    const Status unset = second.TryGet(w);
    BOOST_TEST(unset.code() == Code::kFailedPrecondition);
    BOOST_TEST(unset.message().find("uninitialized value v") != std::string::npos);
    other.Restore(second.session(), "/d/m");
    BOOST_TEST(second.Get(w).scalar<std::int64_t>() == 15);
  });
}

BOOST_AUTO_TEST_CASE(hc_s11_an_empty_saver_saves_and_restores_nothing) {
  InFiber([](Env& env, FakeEnv& fake) {
    SaverProcess process(env);
    SaverOptions options;
    BOOST_CHECK_EXCEPTION(Saver(process.runtime(), process.graph(), options), ValueError,
                          Says<ValueError>("No variables to save"));
    options.allow_empty = true;
    Saver saver(process.runtime(), process.graph(), options);
    BOOST_TEST(saver.empty());
    BOOST_TEST(saver.Save(process.session(), "/d/m") == "");
    BOOST_TEST(fake.files().Exists("/d/m.meta"));  // CK-1403
    BOOST_TEST(!Exists(env, "/d/m"));
    saver.Restore(process.session(), "/d/m");
  });
}

BOOST_AUTO_TEST_CASE(hc_s12_default_savers_take_all_global_variables) {
  InFiber([](Env& env, FakeEnv&) {
    const Tensor vector = Tensor::Of<float>({2, 2, 2});
    SaverProcess first(env);
    const Variable a = first.Make("a", Tensor::Scalar(1.0F));
    const Variable b = first.Make("b", vector);
    MakeLocalVariable(first.graph(), Tensor::Scalar(9.0F), "local");
    Saver saver(first.runtime(), first.graph());
    first.Initialize({a, b});
    saver.Save(first.session(), "/d/m");
    SaverProcess second(env);
    second.Make("a", Tensor::Scalar(0.0F));
    const Variable d = second.Make("b", Tensor(DataType::kFloat, TensorShape({3})));
    Saver other(second.runtime(), second.graph());
    other.Restore(second.session(), "/d/m");
    BOOST_TEST(BitEqual(second.Get(d), vector));
  });
}

BOOST_AUTO_TEST_CASE(hc_s13_s14_s15_building_may_be_deferred) {  // CK-1302
  InFiber([](Env& env, FakeEnv&) {
    SaverProcess process(env);
    const Variable a = process.Make("a", Tensor::Scalar(1.0F));
    SaverOptions options;
    options.defer_build = true;
    options.variables = {{"a", a}};
    BOOST_CHECK_EXCEPTION(Saver(process.runtime(), process.graph(), options), ValueError,
                          Says<ValueError>("defer_build"));
    options.variables.clear();
    Saver saver(process.runtime(), process.graph(), options);
    const Variable b = process.Make("b", Tensor::Scalar(2.0F));
    BOOST_CHECK_EXCEPTION(saver.Save(process.session(), "/d/m"), RuntimeError,
                          Says<RuntimeError>("build"));
    saver.Build();
    saver.Build();
    process.Initialize({a, b});
    saver.Save(process.session(), "/d/m");
    process.Set(b, Tensor::Scalar(7.0F));
    saver.Restore(process.session(), "/d/m");
    BOOST_TEST(Float(process, b) == 2);
  });
}

BOOST_AUTO_TEST_CASE(hc_s16_s19_shapes_must_match_unless_reshaped) {  // CK-1311, CK-1603
  InFiber([](Env& env, FakeEnv&) {
    SaverProcess first(env);
    const std::vector<float> six = {1, 2, 3, 4, 5, 6};
    const Variable v = first.Make("v", Tensor::Of<float>(TensorShape({2, 3}), six));
    Saver saver(first.runtime(), first.graph());
    first.Initialize({v});
    saver.Save(first.session(), "/d/m");
    SaverProcess second(env);
    const Variable w = second.Make("v", Tensor(DataType::kFloat, TensorShape({3, 2})));
    Saver plain(second.runtime(), second.graph());
    BOOST_CHECK_EXCEPTION(
        plain.Restore(second.session(), "/d/m"), InvalidArgumentError,
        Says<InvalidArgumentError>("a mismatch between the current graph and the graph"));
    BOOST_CHECK_EXCEPTION(
        plain.Restore(second.session(), "/d/m"), InvalidArgumentError,
        Says<InvalidArgumentError>("Assign requires shapes of both tensors to match"));
    SaverProcess third(env);
    const Variable x = third.Make("v", Tensor(DataType::kFloat, TensorShape({3, 2})));
    SaverOptions options;
    options.reshape = true;
    Saver reshaping(third.runtime(), third.graph(), options);
    reshaping.Restore(third.session(), "/d/m");
    BOOST_TEST(BitEqual(third.Get(x), Tensor::Of<float>(TensorShape({3, 2}), six)));
    BOOST_TEST(w.name() == "v");
  });
}

BOOST_AUTO_TEST_CASE(hc_s17_the_step_ends_the_prefix) {
  InFiber([](Env& env, FakeEnv&) {
    OneVariable one(env);
    BOOST_TEST(one.Save("/d/m", AtStep(5)) == "/d/m-5");
    SaverOptions options;
    options.pad_step_number = true;
    OneVariable padded(env, options);
    BOOST_TEST(padded.Save("/d/m", AtStep(5)) == "/d/m-00000005");
  });
}

BOOST_AUTO_TEST_CASE(hc_s20_names_in_the_checkpoint_decide) {  // CK-1304, CK-1602
  InFiber([](Env& env, FakeEnv&) {
    SaverProcess first(env);
    const Variable v = first.Make("v0", Tensor::Scalar(10.0F));
    Saver saver(first.runtime(), first.graph(), {.variables = {{"save_prefix/v0", v}}});
    first.Initialize({v});
    saver.Save(first.session(), "/d/m");
    SaverProcess second(env);
    const Variable w = second.Make("restore_prefix/v0", Tensor::Scalar(1.0F));
    Saver by_name(second.runtime(), second.graph());
    BOOST_CHECK_EXCEPTION(by_name.Restore(second.session(), "/d/m"), NotFoundError,
                          Says<NotFoundError>("not found in checkpoint"));
    BOOST_CHECK_EXCEPTION(
        by_name.Restore(second.session(), "/d/m"), NotFoundError,
        Says<NotFoundError>("a Variable name or other graph key that is missing"));
    Saver by_map(second.runtime(), second.graph(), {.variables = {{"save_prefix/v0", w}}});
    by_map.Restore(second.session(), "/d/m");
    BOOST_TEST(Float(second, w) == 10);
    BOOST_CHECK_THROW(Saver(second.runtime(), second.graph(), {.variables = {{"a", w}, {"b", w}}}),
                      ValueError);
  });
}

BOOST_AUTO_TEST_CASE(hc_s21_s22_two_devices_make_two_shards) {  // CK-204, CK-905, CK-907
  InFiber([](Env& env, FakeEnv& fake) {
    const auto build = [](SaverProcess& process, float a, float b) {
      Variable v0;
      Variable v1;
      {
        const DeviceScope device(process.graph(), "/cpu:0");
        v0 = process.Make("v0", Tensor::Scalar(a));
      }
      {
        const DeviceScope device(process.graph(), "/cpu:1");
        v1 = process.Make("v1", Tensor::Scalar(b));
      }
      return std::vector<Variable>{v0, v1};
    };
    SaverProcess first(env);
    const auto saved = build(first, 10, 20);
    Saver saver(first.runtime(), first.graph(), Sharded());
    BOOST_TEST(saver.def().sharded);
    first.Initialize(saved);
    BOOST_TEST(saver.Save(first.session(), "/d/m") == "/d/m");
    BOOST_TEST(MetaGraphFileName("/d/m") == "/d/m.meta");
    for (const char* end : {".data-00000-of-00002", ".data-00001-of-00002", ".index", ".meta"}) {
      BOOST_TEST(fake.files().Exists(std::string("/d/m") + end));
    }
    BOOST_TEST(FilesStarting(env, "m") == 4U);  // and no directory is left
    BOOST_TEST(LatestCheckpoint(env, "/d").value() == "/d/m");
    SaverProcess second(env);
    const auto restored = build(second, 0, 0);
    Saver other(second.runtime(), second.graph(), Sharded());
    other.Restore(second.session(), "/d/m");
    BOOST_TEST(Float(second, restored[0]) == 10);
    BOOST_TEST(Float(second, restored[1]) == 20);
  });
}

BOOST_AUTO_TEST_CASE(hc_s24_the_newest_are_kept) {
  InFiber([](Env& env, FakeEnv&) {
    OneVariable one(env, Keeping(2));
    const auto save = [&](Saver& saver, const char* path) {
      saver.Save(one.process.session(), path);
      BOOST_TEST(saver.last_checkpoints().back() == path);
    };
    save(one.saver, "/d/s1");
    save(one.saver, "/d/s2");
    BOOST_CHECK((Listed(env) == Paths{"/d/s1", "/d/s2"}));
    save(one.saver, "/d/s3");
    BOOST_CHECK((one.saver.last_checkpoints() == Paths{"/d/s2", "/d/s3"}));
    BOOST_CHECK((Listed(env) == Paths{"/d/s2", "/d/s3"}));
    BOOST_TEST(FilesStarting(env, "s1") == 0U);
    OneVariable two(env, Keeping(2));
    two.saver.SetLastCheckpoints(one.saver.last_checkpoints());
    save(one.saver, "/d/s2");
    BOOST_CHECK((one.saver.last_checkpoints() == Paths{"/d/s3", "/d/s2"}));
    BOOST_TEST(Exists(env, "/d/s3"));
    save(one.saver, "/d/s1");
    BOOST_CHECK((Listed(env) == Paths{"/d/s2", "/d/s1"}));
    BOOST_TEST(!Exists(env, "/d/s3"));
    two.Save("/d/s2");
    BOOST_CHECK((two.saver.last_checkpoints() == Paths{"/d/s3", "/d/s2"}));
    BOOST_TEST(Exists(env, "/d/s1"));
  });
}

BOOST_AUTO_TEST_CASE(hc_s25_s26_sharded_checkpoints_go_with_all_their_files) {
  InFiber([](Env& env, FakeEnv&) {
    SaverOptions options = Sharded();
    options.max_to_keep = 2;
    OneVariable one(env, options);
    one.Save("/d/s1");
    BOOST_TEST(FilesStarting(env, "s1") == 3U);
    one.Save("/d/s2");
    one.Save("/d/s3");
    BOOST_TEST(FilesStarting(env, "s1") == 0U);
    BOOST_TEST(FilesStarting(env, "s3") == 3U);
    SaveOptions no_meta;
    no_meta.write_meta_graph = false;
    one.Save("/d/s4", no_meta);
    BOOST_TEST(FilesStarting(env, "s4") == 2U);
  });
}

BOOST_AUTO_TEST_CASE(hc_s27_one_is_kept_every_n_hours) {  // CK-1503
  InFiber([](Env& env, FakeEnv& fake) {
    SaverOptions options = Keeping(2);
    options.keep_checkpoint_every_n_hours = 0.7 / 3600;
    OneVariable one(env, options);
    fake.Advance(Duration::Seconds(1));
    for (const char* path : {"/d/s1", "/d/s2", "/d/s3", "/d/s4"}) one.Save(path);
    BOOST_CHECK((one.saver.last_checkpoints() == Paths{"/d/s3", "/d/s4"}));
    BOOST_TEST(Exists(env, "/d/s1"));
    BOOST_TEST(!Exists(env, "/d/s2"));
    BOOST_TEST(Exists(env, "/d/s3"));
  });
}

BOOST_AUTO_TEST_CASE(the_meta_graph_describes_the_saver_and_is_rendered_once) {  // CK-2202, CK-2209
  InFiber([](Env& env, FakeEnv& fake) {
    OneVariable one(env, Sharded());
    one.process.graph().Finalize();
    one.Save("/d/m", AtStep(1));
    one.Save("/d/m", AtStep(2));
    v1::tf::MetaGraphDef meta;
    BOOST_TEST(meta.ParseFromString(fake.files().Content("/d/m-2.meta")));
    BOOST_TEST(meta.saver_def().filename_tensor_name() == "save/Const:0");
    BOOST_TEST(meta.saver_def().save_tensor_name() == "save/Identity:0");
    BOOST_TEST(meta.saver_def().restore_op_name() == "save/restore_all");
    BOOST_TEST(meta.saver_def().sharded());
    Paths names;
    for (const auto& node : meta.graph_def().node()) {
      if (node.name().starts_with("save/")) names.push_back(node.name().substr(5));
    }
    BOOST_CHECK((names == Paths{"filename/input",
                                "filename",
                                "Const",
                                "StringJoin/inputs_1",
                                "StringJoin",
                                "num_shards",
                                "ShardedFilename/shard",
                                "ShardedFilename",
                                "SaveV2/tensor_names",
                                "SaveV2/shape_and_slices",
                                "SaveV2",
                                "control_dependency",
                                "MergeV2Checkpoints/checkpoint_prefixes",
                                "MergeV2Checkpoints",
                                "Identity",
                                "RestoreV2/tensor_names",
                                "RestoreV2/shape_and_slices",
                                "RestoreV2",
                                "Assign",
                                "restore_shard",
                                "restore_all"}));
  });
}

BOOST_AUTO_TEST_CASE(hc_s30_the_meta_graph_can_be_read_in_both_formats) {  // CK-2202
  InFiber([](Env& env, FakeEnv& fake) {
    OneVariable one(env);
    one.Save("/d/m");
    const std::string binary = fake.files().Content("/d/m.meta");
    BOOST_TEST((ReadMetaGraphFile(env.files, "/d/m.meta").value() == binary));
    fake.files().Put("/d/text.meta", MetaGraphText(binary).value());
    const std::string from_text = ReadMetaGraphFile(env.files, "/d/text.meta").value();
    BOOST_TEST((from_text == binary));
    BOOST_TEST((ImportMetaGraph(from_text)->graph->Digest() == one.process.graph().Digest()));
    // A saver's description is none.
    v1::tf::SaverDef saver;
    BOOST_TEST(saver.ParseFromString(one.saver.Serialize()));
    std::string saver_text;
    BOOST_REQUIRE(google::protobuf::TextFormat::PrintToString(saver, &saver_text));
    fake.files().Put("/d/saver", saver_text);
    const Status neither = ReadMetaGraphFile(env.files, "/d/saver").status();
    BOOST_TEST(neither.code() == Code::kIOError);
    BOOST_TEST(neither.message().find("Cannot parse file /d/saver") != std::string::npos);
    BOOST_TEST(env.files.Remove("/d/m.meta").ok());
    const Status missing = ReadMetaGraphFile(env.files, "/d/m.meta").status();
    BOOST_TEST(missing.code() == Code::kIOError);
    BOOST_TEST(missing.message().find("does not exist") != std::string::npos);
    fake.files().Fail({.op = FileOp::kOpen, .status = Status(Code::kPermissionDenied, "no")});
    BOOST_TEST(ReadMetaGraphFile(env.files, "/d/saver").status().code() == Code::kPermissionDenied);
  });
}

BOOST_AUTO_TEST_CASE(hc_x10_a_failed_state_leaves_the_old_one) {  // CK-1406, CK-1707
  InFiber([](Env& env, FakeEnv& fake) {
    OneVariable one(env, Keeping(1));
    one.Save("/d/m", AtStep(1));
    const std::string before = fake.files().Content("/d/checkpoint");
    fake.files().Fail({.op = FileOp::kRename, .status = Status(Code::kUnknown, "io"), .nth = 3});
    BOOST_CHECK_THROW(one.Save("/d/m", AtStep(2)), UnknownError);
    BOOST_TEST(fake.files().Content("/d/checkpoint") == before);
    BOOST_TEST(FilesStarting(env, "checkpoint.tmp") == 0U);
    BOOST_CHECK((one.saver.last_checkpoints() == Paths{"/d/m-2"}));
    BOOST_TEST(Exists(env, "/d/m-1"));
    one.Save("/d/m", AtStep(3));
    BOOST_CHECK((Listed(env) == Paths{"/d/m-3"}));
    BOOST_TEST(!Exists(env, "/d/m-1"));  // the eviction that waited
  });
}

BOOST_AUTO_TEST_CASE(hc_x11_more_recovered_than_kept_stay_too_many) {  // CK-1505
  InFiber([](Env& env, FakeEnv&) {
    Paths all;
    {
      OneVariable one(env, Keeping(0));
      for (int i = 1; i <= 5; ++i) all.push_back(one.Save("/d/m", AtStep(i)));
    }
    OneVariable two(env, Keeping(2));
    all.push_back("/d/gone");
    two.saver.RecoverLastCheckpoints(all);
    BOOST_TEST(two.saver.last_checkpoints().size() == 5U);
    for (int i = 6; i <= 8; ++i) {
      two.Save("/d/m", AtStep(i));
      BOOST_TEST(two.saver.last_checkpoints().size() == 5U);
      BOOST_TEST(!Exists(env, "/d/m-" + std::to_string(i - 5)));
      BOOST_TEST(Exists(env, "/d/m-" + std::to_string(i - 4)));
    }
  });
}

BOOST_AUTO_TEST_CASE(hc_x16_missing_directories) {  // CK-1404, CK-1405
  InFiber([](Env& env, FakeEnv&) {
    OneVariable plain(env);
    BOOST_TEST(plain.Save("/d/one/m") == "/d/one/m");
    BOOST_CHECK_EXCEPTION(plain.Save("/d/two/levels/m"), ValueError,
                          Says<ValueError>("Parent directory of /d/two/levels/m doesn't exist"));
    OneVariable sharded(env, Sharded());
    BOOST_CHECK_EXCEPTION(sharded.Save("/d/missing/m"), ValueError,
                          Says<ValueError>("Parent directory of"));
  });
}

BOOST_AUTO_TEST_CASE(hc_m01_m02_names_that_collide_and_relative_directories) {  // CK-1401, CK-1704
  InFiber([](Env& env, FakeEnv&) {
    BOOST_TEST(env.files.MakeDirectory("train").ok());
    OneVariable plain(env);
    BOOST_CHECK_EXCEPTION(plain.Save("train/checkpoint"), ValueError,
                          Says<ValueError>("collides with"));
    plain.Save("train/checkpoint", AtStep(1));
    BOOST_TEST(LatestCheckpoint(env, "train/").value() == "train/checkpoint-1");
    OneVariable sharded(env, Sharded());
    BOOST_TEST(sharded.Save("train/checkpoint") == "train/checkpoint");
    BOOST_TEST(LatestCheckpoint(env, "train/").value() == "train/checkpoint");
    SaveOptions with_path;
    with_path.latest_filename = "sub/state";
    BOOST_CHECK_EXCEPTION(plain.Save("train/x", with_path), ValueError,
                          Says<ValueError>("must not contain path components"));
  });
}

BOOST_AUTO_TEST_CASE(hc_m07_m08_m09_existing_times_and_removing) {
  for (const bool sharded : {false, true}) {
    InFiber([&](Env& env, FakeEnv& fake) {
      OneVariable one(env, sharded ? Sharded() : SaverOptions());
      BOOST_TEST(!Exists(env, "/d/m-1"));
      one.Save("/d/m", AtStep(1));
      fake.Advance(Duration::Seconds(2));
      one.Save("/d/m", AtStep(2));
      BOOST_TEST(Exists(env, "/d/m-1"));
      BOOST_TEST(Exists(env, LatestCheckpoint(env, "/d").value()));
      const auto times = GetCheckpointMtimes(env, {"/d/m-1", "/d/none", "/d/m-2"}).value();
      BOOST_REQUIRE(times.size() == 2U);
      BOOST_CHECK(times[1] - times[0] == Duration::Seconds(2));
      BOOST_TEST(RemoveCheckpoint(env, "/d/m-1").ok());
      BOOST_TEST(!Exists(env, "/d/m-1"));
      BOOST_TEST(FilesStarting(env, "m-1") == 0U);
    });
  }
}

BOOST_AUTO_TEST_CASE(announcements_tell_the_protocol) {
  InFiber([](Env& env, FakeEnv& fake) {
    OneVariable one(env, Sharded());
    one.Save("/d/m", AtStep(7));
    Paths subs;
    for (const auto& announced : fake.observer().Of(Point::kSaveSubStep)) {
      subs.push_back(announced.text("sub"));
    }
    BOOST_CHECK((subs == Paths{"SH1", "SH2", "N2", "N3", "N4", "N5", "N6", "SH3", "SH4", "SH5a",
                               "SH5b", "SH6", "SH7", "SH8", "N7", "N8", "N10"}));
    const auto done = fake.observer().Of(Point::kSaveDone).at(0);
    BOOST_TEST(done.text("prefix") == "/d/m-7");
    BOOST_TEST(done.number("step") == 7);
    BOOST_TEST(done.text("code") == "OK");
    BOOST_TEST(done.number("durable") == 0);
    one.saver.Restore(one.process.session(), "/d/m-7");
    BOOST_TEST(fake.observer().Of(Point::kRestoreDone).at(0).number("step") == 7);
    int restores = 0;
    for (const auto& run : fake.observer().Of(Point::kSessionRunStart)) {
      restores += run.text("cause") == "restore" ? 1 : 0;
    }
    BOOST_TEST(restores == 1);
  });
}

BOOST_AUTO_TEST_CASE(a_saver_can_be_made_from_its_description) {  // CK-1308
  InFiber([](Env& env, FakeEnv&) {
    OneVariable one(env);
    const std::size_t nodes = one.process.graph().operations().size();
    Saver again(one.process.runtime(), one.process.graph(), one.saver.def());
    BOOST_TEST(one.process.graph().operations().size() == nodes);
    BOOST_TEST(again.Save(one.process.session(), "/d/m") == "/d/m");
    BOOST_CHECK_THROW(Saver(one.process.runtime(), one.process.graph(), SaverDef()), ValueError);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
