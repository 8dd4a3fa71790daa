#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/checkpoint/golden_tensor.h"
#include "core/checkpoint/saver_fixture.h"
#include "core/testing/fake_env.h"

namespace faultline {
namespace {

using testing::FakeEnv;
using testing::FileOp;
using testing::GoldenCase;
using testing::Json;
using testing::SaverProcess;

const std::string kFolder = FL_SOURCE_DIR "/core/checkpoint/testdata";
constexpr double kStart = 1484695987;

TimePoint WallAt(double seconds) {
  return TimePoint::FromNanoseconds(std::llround(seconds * 1000) * 1'000'000);
}

void CheckError(const Status& status, const Json& expected) {
  const std::string code =
      expected.has("code") ? expected["code"].text() : expected["class"].text();
  BOOST_TEST(CodeName(status.code()) == code, status.ToString());
  for (const std::string& fragment : expected.get("fragments").texts()) {
    BOOST_TEST(status.message().find(fragment) != std::string::npos, status.message());
  }
}

void WithCase(const std::string& name,
              const std::function<void(Env&, FakeEnv&, const GoldenCase&)>& body) {
  BOOST_TEST_CONTEXT(name) {
    const GoldenCase golden = testing::LoadGoldenCase(kFolder, name);
    FakeEnv fake;
    fake.SetWall(WallAt(kStart));
    fake.Run([&](Env& env) {
      BOOST_TEST(MakeDirectories(env.files, golden.root()).ok());
      body(env, fake, golden);
    });
  }
}

// All files below a directory, as paths within it.
void Walk(Env& env, const std::string& directory, const std::string& inner,
          std::vector<std::string>* out) {
  const auto listed_names = env.files.List(directory).value();
  for (const std::string& name : listed_names) {
    const std::string path = JoinPath(directory, name);
    if (env.files.Stat(path)->is_directory) {
      Walk(env, path, JoinPath(inner, name), out);
    } else {
      out->push_back(JoinPath(inner, name));
    }
  }
}

// A state text of 2.21 as 2.0 writes it: bytes from 0x80 as octal escapes (CK-1702).
std::string WithOctal(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x80 ? std::string(1, c) : fmt::format("\\{:03o}", byte);
  }
  return out;
}

// Replays what upstream's Saver was asked to do.
class History {
 public:
  History(Env& env, FakeEnv& fake, const GoldenCase& golden)
      : env_(env), fake_(fake), golden_(golden), process_(env) {
    relative_ = golden.name == "relative_directory";
    if (relative_) BOOST_TEST(env.files.MakeDirectory("train").ok());
    variable_ = process_.Make("v", Tensor::Of<float>({0, 0}));
    input_ = Placeholder(process_.graph(), DataType::kFloat, PartialShape({2}));
    assign_ = Assign(variable_, input_);
    NewSaver(golden.manifest["saver"]);
    process_.Initialize({variable_});
  }

  void Run() {
    for (const Json& action : golden_.manifest["history"].list()) {
      const std::string what = action["do"].text();
      fake_.SetWall(WallAt(action["now"].number()));
      if (what == "save") Save(action);
      if (what == "touch") Touch(action);
      if (what == "new_saver") NewSaver(action.get("options"));
      if (what == "recover") saver_->RecoverLastCheckpoints(action["paths"].texts());
      if (what == "set_last_checkpoints" && !action.has("error")) {
        saver_->SetLastCheckpoints(action["paths"].texts());
      }
      if (what == "set_last_checkpoints_with_time") SetWithTime(action["pairs"]);
      CheckAfter(action);
    }
    CheckEnd();
  }

 private:
  void NewSaver(const Json& given) {
    const Json& first = golden_.manifest["saver"];
    const auto option = [&](const char* name) {
      return given.has(name) ? given[name] : first.get(name);
    };
    SaverOptions options;
    const bool limited = given.has("max_to_keep") || first.has("max_to_keep");
    if (limited) {
      const Json limit = option("max_to_keep");
      options.max_to_keep = limit.null() ? 0 : static_cast<int>(limit.integer());
    }
    if (const Json hours = option("keep_checkpoint_every_n_hours"); !hours.null()) {
      options.keep_checkpoint_every_n_hours = hours.number();
    }
    options.pad_step_number = option("pad_step_number").flag();
    options.save_relative_paths = option("save_relative_paths").flag();
    options.sharded = option("sharded").flag();
    options.variables = {{"v", variable_}};
    saver_ = std::make_unique<Saver>(process_.runtime(), process_.graph(), options);
  }

  // The path that the script left out.
  std::string DefaultPath(const Json& action) const {
    std::string path = relative_ ? "train/model.ckpt" : golden_.root() + "/model.ckpt";
    if (!action.has("result") || action["result"].null()) return path;
    const std::string result = action["result"].text();
    if (!action.has("step")) return result;
    return result.substr(0, result.rfind('-'));
  }

  void Save(const Json& action) {
    const std::string path = action.has("path") ? action["path"].text() : DefaultPath(action);
    directory_ = DirectoryOf(path);
    if (golden_.name == "special_path_characters") {
      BOOST_TEST(MakeDirectories(env_.files, directory_).ok());
    }
    SaveOptions options;
    if (action.has("step")) options.global_step = action["step"].integer();
    const Json value = action.has("value") ? action["value"] : action.get("step");
    const auto number = static_cast<float>(value.null() ? 0 : value.number());
    const auto seconds = static_cast<float>(action["now"].number() - kStart);
    process_.session().Run(assign_.op, {{input_, Tensor::Of<float>({number, seconds})}});
    if (action.has("latest_filename")) options.latest_filename = action["latest_filename"].text();
    const Json given = action.get("options");
    if (given.has("write_meta_graph")) options.write_meta_graph = given["write_meta_graph"].flag();
    if (given.has("write_state")) options.write_state = given["write_state"].flag();
    if (given.has("meta_graph_suffix"))
      options.meta_graph_suffix = given["meta_graph_suffix"].text();
    state_file_ = options.latest_filename;
    const Result<std::string> saved = saver_->TrySave(process_.session(), path, options);
    if (action.has("error")) {
      CheckError(saved.status(), action["error"]);
    } else {
      BOOST_REQUIRE_MESSAGE(saved.ok(), saved.status().ToString());
      BOOST_TEST((*saved == action["result"].text()));
    }
  }

  void Touch(const Json& action) {
    const std::string path = golden_.root() + "/" + action["file"].text();
    fake_.SetWall(WallAt(action["mtime"].number()));
    fake_.files().Put(path, fake_.files().Content(path));
    fake_.SetWall(WallAt(action["now"].number()));
  }

  void SetWithTime(const Json& pairs) {
    std::vector<std::pair<std::string, double>> entries;
    for (const Json& pair : pairs.list()) {
      entries.emplace_back(pair.list()[0].text(), pair.list()[1].number());
    }
    saver_->SetLastCheckpointsWithTime(entries);
  }

  void CheckAfter(const Json& action) {
    std::vector<std::string> files;
    if (relative_) {
      Walk(env_, "train", "train", &files);
    } else {
      Walk(env_, golden_.root(), "", &files);
    }
    std::vector<std::string> expected = action["files"].texts();
    std::sort(files.begin(), files.end());
    std::sort(expected.begin(), expected.end());
    BOOST_TEST(files == expected, boost::test_tools::per_element());
    BOOST_CHECK(saver_->last_checkpoints() == action["last_checkpoints"].texts());
    const auto times = action["last_checkpoints_with_time"].list();
    const auto ours = saver_->last_checkpoints_with_time();
    BOOST_REQUIRE(ours.size() == times.size());
    for (std::size_t i = 0; i < times.size(); ++i) {
      const Json time = times[i].list()[1];
      const double wanted = time.null() ? std::numeric_limits<double>::infinity() : time.number();
      BOOST_TEST(ours[i].second == wanted);
    }
    if (action["state"].null()) return;
    const std::string state = action["state"].text();
    BOOST_TEST(fake_.files().Content(JoinPath(directory_, state_file_)) == WithOctal(state));
  }

  void CheckEnd() {
    const Json latest = golden_.manifest.get("latest_checkpoint");
    const std::string directory = relative_ ? "train" : golden_.root();
    const bool renamed = golden_.name == "latest_filename";
    BOOST_TEST(LatestCheckpoint(env_, directory, renamed ? state_file_ : "checkpoint").value() ==
               latest.text_or(""));
    for (const auto& [path, content] : golden_.files) {
      const std::string at = relative_ ? path : golden_.root() + "/" + path;
      BOOST_TEST((fake_.files().Content(at) == content), path);
    }
  }

  Env& env_;
  FakeEnv& fake_;
  const GoldenCase& golden_;
  SaverProcess process_;
  Variable variable_;
  Output input_;
  Output assign_;
  std::unique_ptr<Saver> saver_;
  std::string directory_;
  std::string state_file_;
  bool relative_ = false;
};

// ---- file operations ----

// A path without its random parts, as seen from the case's folder.
std::string Plain(const std::string& root, std::string path) {
  if (path == root) return ".";
  path = path.substr(root.size() + 1);
  for (const char* mark : {".tempstate", ".tmp"}) {
    const std::size_t at = path.find(mark);
    if (at != std::string::npos) path = path.substr(0, at) + mark + "*";
  }
  const std::size_t temporary = path.find("_temp_");
  if (temporary != std::string::npos) path.erase(temporary + 5, 33);
  return path;
}

// The operations of the log that change something, as the manifest writes them.
std::vector<std::string> Changes(const std::string& root, FakeEnv& fake) {
  std::vector<std::string> lines;
  std::map<std::string, std::uint64_t> written;
  for (const auto& operation : fake.files().log()) {
    const std::string path = Plain(root, operation.path);
    if (operation.op == FileOp::kCreate) lines.push_back("create " + path);
    if (operation.op == FileOp::kAppend) written[path] += operation.size;
    if (operation.op == FileOp::kClose) {
      const bool meta = path.find(".meta.") != std::string::npos;
      lines.push_back("close " + path + (meta ? "" : " " + std::to_string(written[path])));
      written.erase(path);
    }
    if (operation.op == FileOp::kRename)
      lines.push_back("rename " + path + " " + Plain(root, operation.to));
    if (operation.op == FileOp::kRemove) lines.push_back("unlink " + path);
    if (operation.op == FileOp::kMakeDirectory) lines.push_back("mkdir " + path);
    if (operation.op == FileOp::kRemoveDirectory) lines.push_back("rmdir " + path);
  }
  return lines;
}

std::vector<std::string> ExpectedChanges(const Json& operations) {
  std::vector<std::string> lines;
  for (const Json& operation : operations.list()) {
    const auto parts = operation.list();
    const std::string kind = parts[0].text();
    if (kind == "open" || kind == "list" || (kind == "close" && parts.size() == 2)) continue;
    std::string line = kind + " " + parts[1].text();
    if (kind == "rename") line += " " + parts[2].text();
    if (kind == "close" && parts[1].text().find(".meta.") == std::string::npos) {
      line += " " + std::to_string(parts[2].integer());
    }
    lines.push_back(line);
  }
  return lines;
}

void CheckOperations(const std::string& name, bool sharded) {
  WithCase(name, [&](Env& env, FakeEnv& fake, const GoldenCase& golden) {
    const std::string root = golden.root();
    SaverProcess process(env);
    const Variable v = process.Make("v0", Tensor::Of<float>({1, 2, 3, 4}));
    SaverOptions options;
    options.max_to_keep = 1;
    options.sharded = sharded;
    Saver saver(process.runtime(), process.graph(), options);
    process.Initialize({v});
    int compared = 0;
    for (const Json& action : golden.manifest["actions"].list()) {
      const std::string what = action["action"].text();
      const bool bare = what.find("without") != std::string::npos;
      SaveOptions save;
      save.global_step = what == "first save" ? 1 : bare ? 9 : 2;
      save.write_meta_graph = !bare;
      save.write_state = !bare;
      fake.files().ClearLog();
      if (what.find("save") == std::string::npos) continue;
      saver.Save(process.session(), root + "/model.ckpt", save);
      BOOST_TEST_CONTEXT(what) {
        BOOST_TEST(Changes(root, fake) == ExpectedChanges(action["operations"]),
                   boost::test_tools::per_element());
      }
      ++compared;
    }
    BOOST_TEST(compared == 4);
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden_saver)

BOOST_AUTO_TEST_CASE(histories_leave_the_same_files_lists_and_state) {
  int cases = 0;
  for (const auto& [name, kind] : testing::ListGoldenCases(kFolder)) {
    if (kind != "history") continue;
    WithCase(name, [](Env& env, FakeEnv& fake, const GoldenCase& golden) {
      History(env, fake, golden).Run();
    });
    ++cases;
  }
  BOOST_TEST(cases == 21);
}

BOOST_AUTO_TEST_CASE(saves_make_the_same_file_operations_in_the_same_order) {
  CheckOperations("operations_saver_1", false);
  CheckOperations("operations_sharded_1", true);
}

BOOST_AUTO_TEST_CASE(restoring_gives_the_same_values_and_errors) {
  WithCase("mismatch_errors", [](Env& env, FakeEnv& fake, const GoldenCase& golden) {
    for (const auto& [path, content] : golden.files)
      fake.files().Put(golden.root() + "/" + path, content);
    for (const Json& call : golden.manifest["saver_restore"].list()) {
      SaverProcess process(env);
      const DataType dtype = testing::DataTypeFromName(call["dtype"].text());
      const Variable v =
          process.Make(call["variable"].text(), Tensor(dtype, testing::ShapeOfJson(call["shape"])));
      Saver saver(process.runtime(), process.graph());
      const Status restored = saver.TryRestore(process.session(), golden.root() + "/model.ckpt");
      if (call.has("error")) {
        CheckError(restored, call["error"]);
      } else {
        BOOST_REQUIRE(restored.ok());
        BOOST_TEST(BitEqual(process.Get(v), testing::TensorOfJson(call["result"])));
      }
    }
    for (const Json& call : golden.manifest["saver_restore_path"].list()) {
      SaverProcess process(env);
      process.Make("a", Tensor(DataType::kFloat, TensorShape({2})));
      Saver saver(process.runtime(), process.graph());
      const std::string path = call["path"].text_or("");
      const Status restored = saver.TryRestore(process.session(), path);
      BOOST_TEST_CONTEXT(path) {
        if (call["path"].null() || !path.empty()) {
          CheckError(restored, call["error"]);
        } else {  // an empty path stands for none here, so the other of the two ValueErrors
          BOOST_TEST(restored.code() == Code::kValueError);
          BOOST_TEST(restored.message() == "Can't load save_path when it is None.");
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(reshaping_gives_the_same_values_and_errors) {
  WithCase("reshape_restore", [](Env& env, FakeEnv& fake, const GoldenCase& golden) {
    for (const auto& [path, content] : golden.files)
      fake.files().Put(golden.root() + "/" + path, content);
    int calls = 0;
    for (const Json& call : golden.manifest["checkpoints"].list()[0]["restores"].list()) {
      SaverProcess process(env);
      const Variable v =
          process.Make("v", Tensor(DataType::kFloat, testing::ShapeOfJson(call["variable_shape"])),
                       call["resource"].flag());
      SaverOptions options;
      options.reshape = call["reshape"].flag();
      Saver saver(process.runtime(), process.graph(), options);
      const Status restored = saver.TryRestore(process.session(), golden.root() + "/model.ckpt");
      if (call.has("error")) {
        CheckError(restored, call["error"]);
      } else {
        BOOST_REQUIRE_MESSAGE(restored.ok(), restored.ToString());
        BOOST_TEST(BitEqual(process.Get(v), testing::TensorOfJson(call["result"])));
      }
      ++calls;
    }
    BOOST_TEST(calls == 7);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
