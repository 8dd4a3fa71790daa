#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/checkpoint/bundle_reader.h"
#include "core/checkpoint/recording_disk.h"
#include "core/checkpoint/saver_fixture.h"
#include "core/testing/fake_env.h"

// The tables of CK section 20, row by row: what a crash just after each step of a save leaves, what
// a restart makes of it, and that the restarted process can save again.

namespace faultline {
namespace {

using testing::DiskImage;
using testing::FakeClock;
using testing::FakeEnv;
using testing::FakeFileSystem;
using testing::RecordingDisk;
using testing::SaverProcess;
using Names = std::vector<std::string>;

const std::string kOld = "/d/m-1";
const std::string kNew = "/d/m-2";

struct Kind {
  int shards = 0;  // 0: not sharded
  Semantics semantics;
};

// A process with one variable on each device; every save holds its step in all of them.
class Trainer {
 public:
  Trainer(Env& env, const Kind& kind)
      : process_(env, kind.semantics),
        variables_(MakeVariables(process_, std::max(1, kind.shards))),
        saver_(process_.runtime(), process_.graph(), Options(kind)) {
    process_.Initialize(variables_);
  }

  Saver& saver() { return saver_; }
  std::string Save(std::int64_t step) {
    for (const Variable& variable : variables_) {
      process_.Set(variable, Tensor::Scalar(static_cast<float>(step)));
    }
    SaveOptions options;
    options.global_step = step;
    return saver_.Save(process_.session(), "/d/m", options);
  }
  // The value that all variables have after restoring it.
  std::int64_t Restore(const std::string& prefix) {
    saver_.Restore(process_.session(), prefix);
    const float value = process_.Get(variables_.front()).scalar<float>();
    for (const Variable& variable : variables_) {
      BOOST_TEST(process_.Get(variable).scalar<float>() == value);
    }
    return static_cast<std::int64_t>(value);
  }

 private:
  static std::vector<Variable> MakeVariables(SaverProcess& process, int count) {
    std::vector<Variable> variables;
    for (int i = 0; i < count; ++i) {
      const DeviceScope device(process.graph(), "/cpu:" + std::to_string(i));
      variables.push_back(process.Make("v" + std::to_string(i), Tensor::Scalar(0.0F)));
    }
    return variables;
  }
  static SaverOptions Options(const Kind& kind) {
    SaverOptions options;
    options.sharded = kind.shards > 0;
    options.max_to_keep = 1;  // so that the second save removes the first
    return options;
  }

  SaverProcess process_;
  std::vector<Variable> variables_;
  Saver saver_;
};

// Remembers how many changes the disk had seen when a step of the save was about to happen.
class StepMarks final : public Observer {
 public:
  explicit StepMarks(const RecordingDisk& disk) : disk_(disk) {}
  void Announce(Point point, std::initializer_list<Field> fields) override {
    if (point != Point::kSaveSubStep) return;
    for (const Field& field : fields) {
      if (field.name != "sub") continue;
      marks_.emplace_back(std::get<std::string_view>(field.value), disk_.changes());
    }
  }
  void Clear() { marks_.clear(); }
  // Changes before the step happened for the first time.
  std::size_t Before(const std::string& step) const {
    const auto found = std::find_if(marks_.begin(), marks_.end(),
                                    [&](const auto& mark) { return mark.first == step; });
    BOOST_REQUIRE_MESSAGE(found != marks_.end(), "no step " + step);
    return found->second;
  }

 private:
  const RecordingDisk& disk_;
  std::vector<std::pair<std::string, std::size_t>> marks_;
};

Env With(Env& env, FileSystem& files, Observer& observer) {
  return {env.clock,  env.spawner, files,      env.transport,
          env.random, observer,    env.logger, env.host_name};
}

// Calls `check` with the disk and the steps of the second save of a process, into a fresh prefix.
using CheckSave =
    std::function<void(Env& env, const RecordingDisk& disk, const StepMarks& marks, std::size_t)>;
void WithSecondSave(const Kind& kind, const CheckSave& check) {
  FakeEnv fake;
  fake.Run([&](Env& env) {
    RecordingDisk disk(env.files);
    BOOST_TEST(disk.MakeDirectory("/d").ok());
    StepMarks marks(disk);
    Env recorded = With(env, disk, marks);
    Trainer trainer(recorded, kind);
    BOOST_TEST(trainer.Save(1) == kOld);
    marks.Clear();
    const std::size_t begin = disk.changes();
    BOOST_TEST(trainer.Save(2) == kNew);
    check(env, disk, marks, begin);
  });
}

std::string WithoutRandom(std::string name) {
  for (const std::string start : {".tempstate", ".tmp", "_temp_"}) {
    const std::size_t at = name.find(start);
    if (at == std::string::npos) continue;
    const std::size_t end = std::min(name.find('/', at), name.size());
    name.replace(at, end - at, start + "*");
  }
  return name;
}

// What is in the directory besides the first checkpoint and the state, sorted.
Names Left(const DiskImage& image) {
  Names names;
  const auto add = [&](const std::string& path, const std::string& end) {
    if (!path.starts_with("/d/") || path.starts_with(kOld) || path == "/d/checkpoint") return;
    names.push_back(WithoutRandom(path.substr(3)) + end);
  };
  for (const std::string& directory : image.directories) add(directory, "/");
  for (const auto& [path, content] : image.files) add(path, "");
  std::sort(names.begin(), names.end());
  return names;
}

// Restores what the state names and saves the next step.
void CheckRestart(Env& env, const Kind& kind, const std::string& named) {
  const auto state = GetCheckpointState(env, kind.semantics, "/d").value();
  BOOST_REQUIRE(state.has_value());
  BOOST_TEST(state->model_checkpoint_path == named);
  Trainer again(env, kind);
  again.saver().RecoverLastCheckpoints(state->all_model_checkpoint_paths);
  const std::int64_t step = again.Restore(named);
  BOOST_TEST(step == (named == kOld ? 1 : 2));
  const std::string next = "/d/m-" + std::to_string(step + 1);
  BOOST_TEST(again.Save(step + 1) == next);
  BOOST_TEST(LatestCheckpoint(env, "/d").value() == next);
  BOOST_TEST(VerifyCheckpoint(env.files, next).ok());
  Trainer last(env, kind);
  BOOST_TEST(last.Restore(next) == step + 1);
}

// One row: the process dies just after the step.
struct Row {
  std::string step;
  std::size_t changes = 0;
  std::string named;  // by the state file
  bool old_whole = true;
  bool new_whole = false;
  Names left;
};

void CheckImage(Env& env, const Kind& kind, const DiskImage& image, const Row& row) {
  BOOST_TEST_CONTEXT("just after " << row.step) {
    FakeClock clock;
    FakeFileSystem files(clock);
    Put(image, files);
    Env after = With(env, files, env.observer);
    Names left = row.left;
    std::sort(left.begin(), left.end());
    BOOST_TEST(Left(image) == left, boost::test_tools::per_element());
    BOOST_TEST(LatestCheckpoint(after, "/d").value() == row.named);
    BOOST_TEST(VerifyCheckpoint(files, kOld).ok() == row.old_whole);
    BOOST_TEST(VerifyCheckpoint(files, kNew).ok() == row.new_whole);
    CheckRestart(after, kind, row.named);
    // Nobody lists the old one any more once the state names the new one.
    if (row.named == kNew) BOOST_TEST(VerifyCheckpoint(files, kOld).ok() == row.old_whole);
  }
}

// The end of both tables, after the data and the index have their names.
std::vector<Row> StateRows(const StepMarks& marks, std::size_t end, const Names& bundle) {
  const auto and_file = [&](const std::string& name) {
    Names names = bundle;
    names.push_back(name);
    return names;
  };
  return {{"N7", marks.Before("N8"), kOld, true, true, and_file("checkpoint.tmp*")},
          {"N8", marks.Before("N9"), kNew, true, true, bundle},
          {"N9", marks.Before("N10"), kNew, false, true, bundle},
          {"N10, before the renaming", end - 1, kNew, false, true, and_file("m-2.meta.tmp*")},
          {"N10", end, kNew, false, true, and_file("m-2.meta")}};
}

std::vector<Row> PlainRows(const StepMarks& marks, std::size_t end) {
  const std::string data = "m-2.data-00000-of-00001";
  const Names bundle = {data, "m-2.index"};
  std::vector<Row> rows = {
      {"N1", marks.Before("N2"), kOld, true, false, {}},
      {"N2", marks.Before("N3"), kOld, true, false, {data + ".tempstate*"}},
      {"N3", marks.Before("N4"), kOld, true, false, {data + ".tempstate*"}},
      {"N4", marks.Before("N5"), kOld, true, false, {data}},
      {"N5", marks.Before("N6"), kOld, true, false, {data, "m-2.index.tempstate*"}},
      {"N6", marks.Before("N7"), kOld, true, true, bundle}};
  for (Row& row : StateRows(marks, end, bundle)) rows.push_back(std::move(row));
  return rows;
}

std::string DataName(int shard, int shards) { return BaseName(DataFileName(kNew, shard, shards)); }

// Names of the shards' own bundles, of those data files that are in `data`.
Names Parts(int shards, const std::vector<bool>& data, bool indexes) {
  const std::string directory = "m-2_temp_*/";
  Names names = {directory};
  for (int i = 0; i < shards; ++i) {
    const std::string part = BaseName(DataFileName("part", i, shards)).substr(10);
    const std::string prefix = directory + "part-" + part;
    if (data[static_cast<std::size_t>(i)]) names.push_back(prefix + ".data-00000-of-00001");
    if (indexes) names.push_back(prefix + ".index");
  }
  return names;
}

std::vector<Row> ShardedRows(const StepMarks& marks, std::size_t end, int shards) {
  const std::vector<bool> all(static_cast<std::size_t>(shards), true);
  const std::vector<bool> none(static_cast<std::size_t>(shards), false);
  Names data;
  for (int i = 0; i < shards; ++i) data.push_back(DataName(i, shards));
  const auto with = [&](Names names, bool index) {
    names.insert(names.end(), data.begin(), data.end());
    if (index) names.push_back("m-2.index");
    return names;
  };
  const Names whole = Parts(shards, all, true);
  const Names indexes = Parts(shards, none, true);
  std::vector<Row> rows = {
      {"SH1", marks.Before("SH2"), kOld, true, false, {"m-2_temp_*/"}},
      {"SH2", marks.Before("SH3"), kOld, true, false, whole},
      {"SH3", marks.Before("SH4"), kOld, true, false, whole},
      {"SH4", marks.Before("SH5a"), kOld, true, false, with(indexes, false)},
      {"SH5a", marks.Before("SH5b"), kOld, true, false, with(indexes, true)},
      {"SH5b", marks.Before("SH6"), kOld, true, true, with(indexes, true)},
      {"SH6", marks.Before("SH7"), kOld, true, true, with({"m-2_temp_*/"}, true)},
      {"SH7", marks.Before("SH8"), kOld, true, true, with({}, true)}};
  for (Row& row : StateRows(marks, end, with({}, true))) rows.push_back(std::move(row));
  return rows;
}

// SH4 renames in no particular order: after each of the orders and cuts some shards are renamed and
// the others are not.
void CheckRenamings(Env& env, const Kind& kind, const RecordingDisk& disk, const StepMarks& marks) {
  const int shards = kind.shards;
  for (unsigned renamed = 0; renamed < (1U << static_cast<unsigned>(shards)); ++renamed) {
    DiskImage image = disk.AfterCrash(marks.Before("SH4"));
    std::vector<bool> stays;
    Names data;
    for (int i = 0; i < shards; ++i) {
      stays.push_back((renamed >> static_cast<unsigned>(i) & 1U) == 0);
      if (stays.back()) continue;
      const std::string part = DataName(i, shards).substr(9);  // 0000i-of-0000n
      const auto from = std::find_if(image.files.begin(), image.files.end(), [&](const auto& file) {
        return file.first.ends_with("/part-" + part + ".data-00000-of-00001");
      });
      BOOST_REQUIRE(from != image.files.end());
      data.push_back(DataName(i, shards));
      image.files["/d/" + data.back()] = from->second;
      image.files.erase(from);
    }
    Row row{"SH4 of shards " + std::to_string(renamed),
            0,
            kOld,
            true,
            false,
            Parts(shards, stays, true)};
    row.left.insert(row.left.end(), data.begin(), data.end());
    CheckImage(env, kind, image, row);
  }
}

// CK-2001: at every change, not only between the steps, the state names something whole.
void CheckEveryPoint(const Kind& kind) {
  WithSecondSave(
      kind, [&](Env& env, const RecordingDisk& disk, const StepMarks& marks, std::size_t begin) {
        const std::size_t removal = marks.Before("N9");
        for (std::size_t n = begin; n <= disk.changes(); ++n) {
          FakeClock clock;
          FakeFileSystem files(clock);
          Put(disk.AfterCrash(n), files);
          Env after = With(env, files, env.observer);
          BOOST_TEST_CONTEXT("before change " << n) {
            const std::string named = LatestCheckpoint(after, "/d").value();
            BOOST_TEST((named == kOld || named == kNew));
            if (n <= removal) BOOST_TEST(VerifyCheckpoint(files, kOld).ok());
            if (n >= removal) BOOST_TEST(named == kNew);
            CheckRestart(after, kind, named);
          }
        }
      });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(save_crash_rows)

BOOST_AUTO_TEST_CASE(hc_x08_each_row_of_the_plain_protocol) {
  const Kind kind{0, Semantics::Tf()};
  WithSecondSave(kind,
                 [&](Env& env, const RecordingDisk& disk, const StepMarks& marks, std::size_t) {
                   const auto rows = PlainRows(marks, disk.changes());
                   for (const Row& row : rows)
                     CheckImage(env, kind, disk.AfterCrash(row.changes), row);
                   BOOST_TEST(rows.size() == 11U);
                 });
}

BOOST_AUTO_TEST_CASE(hc_x08_inside_n9_the_index_decides_what_is_left) {
  WithSecondSave({0, Semantics::Tf()},
                 [](Env& env, const RecordingDisk& disk, const StepMarks& marks, std::size_t) {
                   std::vector<bool> whole;
                   for (std::size_t n = marks.Before("N9"); n <= marks.Before("N10"); ++n) {
                     FakeFileSystem files(env.clock);
                     Put(disk.AfterCrash(n), files);
                     whole.push_back(VerifyCheckpoint(files, kOld).ok());
                     BOOST_TEST(whole.back() == files.Exists(kOld + ".index"));
                   }
                   // Before, without meta, without index, without data.
                   BOOST_CHECK((whole == std::vector<bool>{true, true, false, false}));
                 });
}

BOOST_AUTO_TEST_CASE(hc_x09_each_row_of_the_sharded_protocol) {
  for (const int shards : {1, 2, 3}) {
    const Kind kind{shards, Semantics::Tf()};
    BOOST_TEST_CONTEXT(shards << " shards") {
      WithSecondSave(kind,
                     [&](Env& env, const RecordingDisk& disk, const StepMarks& marks, std::size_t) {
                       const auto rows = ShardedRows(marks, disk.changes(), shards);
                       for (const Row& row : rows)
                         CheckImage(env, kind, disk.AfterCrash(row.changes), row);
                       BOOST_TEST(rows.size() == 13U);
                       CheckRenamings(env, kind, disk, marks);
                     });
    }
  }
}

BOOST_AUTO_TEST_CASE(hc_x09_the_index_is_there_and_empty_after_sh5a) {  // CK-2002, H-03
  WithSecondSave({2, Semantics::Tf()},
                 [](Env& env, const RecordingDisk& disk, const StepMarks& marks, std::size_t) {
                   FakeFileSystem files(env.clock);
                   Put(disk.AfterCrash(marks.Before("SH5b")), files);
                   Env after = With(env, files, env.observer);
                   BOOST_TEST(files.Content(kNew + ".index") == "");
                   BOOST_TEST(CheckpointExists(after, kNew).value());
                   BOOST_TEST(VerifyCheckpoint(files, kNew).code() == Code::kDataLoss);
                 });
}

BOOST_AUTO_TEST_CASE(hc_x08_x09_the_next_save_succeeds_after_a_crash_at_any_change) {
  for (const Semantics& semantics : {Semantics::Tf(), Semantics::Strict()}) {
    for (const int shards : {0, 1, 2, 3}) {
      BOOST_TEST_CONTEXT(shards << " shards, hardened " << semantics.hardened_saves) {
        CheckEveryPoint({shards, semantics});
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
