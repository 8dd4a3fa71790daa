// Savers of imported graphs and of resource variables.
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/checkpoint/saver_fixture.h"
#include "core/graph/meta_graph.h"
#include "core/graph/meta_graph_file.h"
#include "core/testing/fake_env.h"

namespace faultline {
namespace {

using testing::FakeEnv;
using testing::SaverProcess;
using Names = std::vector<std::string>;

std::string Slurp(const std::string& path) {
  std::ifstream in(std::string(FL_SOURCE_DIR) + "/core/" + path, std::ios::binary);
  BOOST_REQUIRE_MESSAGE(in.good(), path);
  return {std::istreambuf_iterator<char>(in), {}};
}

void InFiber(const std::function<void(Env&, FakeEnv&)>& body) {
  FakeEnv fake;
  fake.Run([&](Env& env) {
    BOOST_TEST(env.files.MakeDirectory("/d").ok());
    body(env, fake);
  });
}

// A process on an imported graph, with the saver that came with it.
struct ImportedProcess {
  ImportedProcess(Env& env, const std::string& meta_graph) : process(env) {
    Result<ImportedMetaGraph> imported = ImportMetaGraph(meta_graph);
    BOOST_REQUIRE_MESSAGE(imported.ok(), imported.status().ToString());
    serialized = imported->serialized_saver_def;
    process.UseGraph(std::move(imported->graph));
    saver = SaverFromSerialized(process.runtime(), process.graph(), serialized);
  }
  Session& session() { return process.session(); }
  template <class T>
  T Get(const std::string& fetch) {
    return session().Run(fetch).scalar<T>();
  }
  SaverProcess process;
  std::string serialized;
  std::unique_ptr<Saver> saver;
};

template <class ErrorClass>
void CheckRefused(Env& env, const SaverDef& def, const std::string& text) {
  SaverProcess process(env);
  process.Make("v", Tensor::Scalar(1.0F));
  BOOST_CHECK_EXCEPTION(SaverFromSerialized(process.runtime(), process.graph(), def.Serialize()),
                        ErrorClass, [&text](const ErrorClass& error) {
                          BOOST_TEST_MESSAGE(error.what());
                          return std::string(error.what()).find(text) != std::string::npos;
                        });
}

BOOST_AUTO_TEST_SUITE(imported_saver)

BOOST_AUTO_TEST_CASE(ck_1308_the_saver_of_an_imported_graph_saves_and_restores) {
  InFiber([](Env& env, FakeEnv&) {
    const std::string model = Slurp("session/testdata/traces/graphs/model.meta");
    std::string saved;
    {
      ImportedProcess first(env, model);
      const std::uint64_t version = first.process.graph().version();
      first.session().Run("init_all");
      first.session().Run("init_locals");
      first.session().Run("train");
      SaveOptions options;
      options.global_step = first.Get<std::int64_t>("g:0");
      saved = first.saver->Save(first.session(), "/d/model.ckpt", options);
      BOOST_TEST(saved == "/d/model.ckpt-1");
      BOOST_TEST(first.process.graph().version() == version);
    }
    ImportedProcess second(env, model);
    second.saver->Restore(second.session(), saved);
    BOOST_TEST(second.Get<std::int64_t>("g:0") == 1);
    BOOST_TEST(second.session().Run("w_read:0").tensor().flat<float>()[1] == 1);
    // What it wrote beside the checkpoint is the same again, with the same saver.
    ImportedProcess third(env, ReadMetaGraphFile(env.files, saved + ".meta").value());
    BOOST_TEST(third.serialized == second.serialized);
    third.saver->Restore(third.session(), saved);
    third.session().Run("init_locals");
    third.session().Run("train");
    BOOST_TEST(third.Get<std::int64_t>("g:0") == 2);
  });
}

BOOST_AUTO_TEST_CASE(a_trained_graph_restores_and_saves_the_same_bytes) {
  for (const std::string name : {"slots_sgd_ref", "slots_sgd_resource"}) {
    BOOST_TEST_CONTEXT(name) {
      InFiber([&name](Env& env, FakeEnv& fake) {
        const std::string folder = "checkpoint/testdata/" + name + "/model.ckpt-3";
        const char* const suffixes[] = {".index", ".data-00000-of-00001"};
        for (const char* suffix : suffixes) {
          fake.files().Put(std::string("/d/given") + suffix, Slurp(folder + suffix));
        }
        ImportedProcess trained(env, Slurp("checkpoint/testdata/imported/" + name + ".meta"));
        const Graph& graph = trained.process.graph();
        // The global step is a reference variable in both.
        const auto variables = graph.GetVariables("trainable_variables");
        BOOST_TEST(variables.size() == 2U);
        for (const Variable& v : variables) BOOST_TEST(v.is_resource == name.ends_with("resource"));
        trained.saver->Restore(trained.session(), "/d/given");
        trained.saver->Save(trained.session(), "/d/again");
        for (const char* suffix : suffixes) {
          BOOST_TEST((fake.files().Content(std::string("/d/again") + suffix) ==
                      fake.files().Content(std::string("/d/given") + suffix)));
        }
        BOOST_TEST(trained.session().Run("global_step:0").scalar<std::int64_t>() == 3);
      });
    }
  }
}

BOOST_AUTO_TEST_CASE(hc_s29_several_savers_are_exported_and_used_apart) {
  InFiber([](Env& env, FakeEnv&) {
    std::string exported;
    std::string first_def;
    {
      SaverProcess process(env);
      const Variable v0 = process.Make("v0", Tensor::Of<float>({1, 2, 3}));
      const Variable v1 = process.Make("v1", Tensor::Scalar(11.0F));
      SaverOptions of_v0;
      of_v0.variables = {{"v0", v0}};
      SaverOptions of_v1;
      of_v1.variables = {{"v1", v1}};
      const auto first = std::make_shared<Saver>(process.runtime(), process.graph(), of_v0);
      const auto second = std::make_shared<Saver>(process.runtime(), process.graph(), of_v1);
      for (const auto& saver : {first, second}) {
        process.graph().AddToCollection("savers", std::shared_ptr<CollectionObject>(saver));
      }
      process.Initialize({v0, v1});
      first->Save(process.session(), "/d/first");
      second->Save(process.session(), "/d/second");
      exported = SerializeMetaGraph(process.graph(), {});
      first_def = first->Serialize();
      BOOST_TEST(ImportMetaGraph(first->MetaGraph())->serialized_saver_def == first_def);
    }
    Result<ImportedMetaGraph> imported = ImportMetaGraph(exported);
    BOOST_REQUIRE(imported.ok());
    BOOST_TEST(imported->serialized_saver_def.empty());
    const auto savers = imported->graph->GetCollection("savers");
    BOOST_REQUIRE(savers.size() == 2U);
    BOOST_TEST(std::get<std::string>(savers[0]) == first_def);
    const auto variables = imported->graph->GetVariables("variables");
    SaverProcess process(env);
    process.UseGraph(std::move(imported->graph));
    const auto restore = [&](const CollectionItem& item, const std::string& path) {
      SaverFromSerialized(process.runtime(), process.graph(), std::get<std::string>(item))
          ->Restore(process.session(), path);
    };
    restore(savers[0], "/d/first");
    BOOST_TEST(process.Get(variables[0]).flat<float>()[2] == 3);
    BOOST_TEST(process.TryGet(variables[1]).code() == Code::kFailedPrecondition);
    restore(savers[1], "/d/second");
    BOOST_TEST(process.Get(variables[1]).scalar<float>() == 11);
  });
}

BOOST_AUTO_TEST_CASE(descriptions_that_do_not_fit_the_graph_are_refused) {
  InFiber([](Env& env, FakeEnv&) {
    SaverDef def;
    CheckRefused<ValueError>(env, def, "must name the save tensor and the restore op");
    def = {.filename_tensor_name = "v:0", .save_tensor_name = "x:0", .restore_op_name = "v/Assign"};
    CheckRefused<ValueError>(env, def, "x:0");
    def.save_tensor_name = "v";
    CheckRefused<ValueError>(env, def, "names no tensor");
    def.save_tensor_name = "v/read:0";
    def.restore_op_name = "restore_all";
    CheckRefused<ValueError>(env, def, "restore_all");
    SaverProcess process(env);
    BOOST_CHECK_THROW(SaverFromSerialized(process.runtime(), process.graph(), "\xFF"),
                      InvalidArgumentError);
  });
}

BOOST_AUTO_TEST_CASE(a_description_survives_being_written_and_read) {
  SaverDef def{.filename_tensor_name = "save/Const:0",
               .save_tensor_name = "save/Identity:0",
               .restore_op_name = "save/restore_all",
               .max_to_keep = 7,
               .sharded = true,
               .keep_checkpoint_every_n_hours = 0.5F};
  const SaverDef copy = SaverDef::Parse(def.Serialize()).value();
  BOOST_TEST(copy.Serialize() == def.Serialize());
  BOOST_TEST(copy.max_to_keep == 7);
  BOOST_TEST(copy.sharded);
  // Version LEGACY, the default of the message.
  BOOST_TEST(SaverDef::Parse("").status().code() == Code::kInvalidArgument);
}

BOOST_AUTO_TEST_CASE(hc_s02_resource_variables_are_saved_and_restored) {
  for (const bool sharded : {false, true}) {
    InFiber([sharded](Env& env, FakeEnv&) {
      SaverOptions options;
      options.sharded = sharded;
      {
        SaverProcess process(env);
        const Variable a = process.Make("v0", Tensor::Scalar(10.0F), true);
        const Variable b = process.Make("v1", Tensor::Of<float>({20, 21}), true);
        const Variable c = process.Make("v2", Tensor::Scalar<std::int64_t>(30), false);
        Saver saver(process.runtime(), process.graph(), options);
        process.Initialize({a, b, c});
        BOOST_TEST(saver.Save(process.session(), "/d/m") == "/d/m");
      }
      SaverProcess process(env);
      const Variable a = process.Make("v0", Tensor::Scalar(-1.0F), true);
      const Variable b = process.Make("v1", Tensor::Of<float>({-1, -1}), false);
      const Variable c = process.Make("v2", Tensor::Scalar<std::int64_t>(-1), true);
      Saver saver(process.runtime(), process.graph(), options);
      const Status before = process.TryGet(a);
      BOOST_TEST(before.message().find("uninitialized") != std::string::npos);
      saver.Restore(process.session(), "/d/m");
      BOOST_TEST(process.Get(a).scalar<float>() == 10);
      BOOST_TEST(process.Get(b).flat<float>()[1] == 21);
      BOOST_TEST(process.Get(c).scalar<std::int64_t>() == 30);
      process.Set(a, Tensor::Scalar(5.0F));
      BOOST_TEST(process.Get(a).scalar<float>() == 5);
    });
  }
}

BOOST_AUTO_TEST_CASE(hc_s04_the_same_program_gives_the_same_graph) {
  Names graphs;
  for (int round = 0; round < 10; ++round) {
    InFiber([&graphs](Env& env, FakeEnv&) {
      SaverProcess process(env);
      for (int i = 0; i < 20; ++i) {
        process.Make("var" + std::to_string(i), Tensor::Scalar(1.0F), true);
      }
      Saver saver(process.runtime(), process.graph());
      graphs.push_back(process.graph().SerializedGraphDef());
    });
  }
  for (const std::string& graph : graphs) BOOST_TEST((graph == graphs[0]));
}

BOOST_AUTO_TEST_CASE(hc_s05_savers_of_resource_variables_stay_in_their_scopes) {
  InFiber([](Env& env, FakeEnv&) {
    SaverProcess process(env);
    const Variable v = process.Make("v", Tensor::Scalar(1.0F), true);
    Graph& graph = process.graph();
    const std::size_t before = graph.operations().size();
    {
      const NameScope scope(graph, "saver1");
      Saver saver(process.runtime(), graph);
    }
    {
      const NameScope scope(graph, "saver2");
      SaverOptions options;
      options.variables = {{"name", v}};
      Saver saver(process.runtime(), graph, options);
    }
    int first = 0;
    int second = 0;
    for (std::size_t i = before; i < graph.operations().size(); ++i) {
      const std::string& name = graph.operations()[i]->name();
      first += name.starts_with("saver1/save/") ? 1 : 0;
      second += name.starts_with("saver2/save/") ? 1 : 0;
    }
    BOOST_TEST(first > 5);
    BOOST_TEST(first == second);
    BOOST_TEST(static_cast<std::size_t>(first + second) == graph.operations().size() - before);
  });
}

BOOST_AUTO_TEST_CASE(ck_2209_the_nodes_that_restore_resource_variables_have_tensorflows_names) {
  InFiber([](Env& env, FakeEnv&) {
    SaverProcess process(env);
    process.Make("v", Tensor::Scalar(1.0F), true);
    process.Make("w", Tensor::Scalar(1.0F), true);
    SaverOptions options;
    options.restore_sequentially = true;
    Saver saver(process.runtime(), process.graph(), options);
    Names names;
    for (const auto& op : process.graph().operations()) {
      if (op->type() == "AssignVariableOp" || op->type() == "Identity") names.push_back(op->name());
    }
    const Names expected = {"v/Assign",
                            "w/Assign",
                            "save/control_dependency",
                            "save/Identity",
                            "save/AssignVariableOp",
                            "save/Identity_1",
                            "save/AssignVariableOp_1"};
    BOOST_TEST(names == expected, boost::test_tools::per_element());
    const Operation* save = process.graph().FindOperation("save/SaveV2");
    BOOST_REQUIRE(save != nullptr);
    BOOST_TEST(save->inputs()[3].name() == "v/Read/ReadVariableOp:0");
    const Operation* second = process.graph().FindOperation("save/AssignVariableOp_1");
    BOOST_TEST(second->control_inputs()[0]->name() == "save/AssignVariableOp");
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
