#include <optional>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/checkpoint/bundle_reader.h"
#include "core/checkpoint/recording_disk.h"
#include "core/checkpoint/saver_fixture.h"
#include "core/testing/fake_env.h"

// The disk after a failure before each change that a series of saves makes (CK section 20, H-01 to
// H-04, H-10, H-12, H-21).

namespace faultline {
namespace {

using testing::DiskImage;
using testing::FakeClock;
using testing::FakeEnv;
using testing::FakeFileSystem;
using testing::RecordingDisk;
using testing::SaverProcess;
using testing::Survival;

struct Variant {
  bool sharded = false;
  int devices = 1;
  int max_to_keep = 2;
  Semantics semantics;
};

// A save: the value that it stored, and how many changes the disk had seen when it began and when
// it was acknowledged.
struct SaveRecord {
  float value = 0;
  std::size_t begin = 0;
  std::size_t acknowledged = 0;
};

struct Series {
  std::vector<SaveRecord> saves;
  std::size_t changes = 0;
};

// Saves at these steps, each with another value. Step 2 comes twice, the second time with another
// content and once more with the same, as after a recovery (CK-2004, H-21).
Series RunSeries(Env& env, RecordingDisk& disk, const Variant& variant) {
  static_cast<void>(disk.MakeDirectory("/d"));
  SaverProcess process(env, variant.semantics);
  std::vector<Variable> variables;
  for (int i = 0; i < variant.devices; ++i) {
    const DeviceScope device(process.graph(), "/cpu:" + std::to_string(i));
    variables.push_back(process.Make("v" + std::to_string(i), Tensor::Scalar(0.0F)));
  }
  SaverOptions options;
  options.sharded = variant.sharded;
  options.max_to_keep = variant.max_to_keep;
  Saver saver(process.runtime(), process.graph(), options);
  process.Initialize(variables);
  Series series;
  float value = 0;
  for (const std::int64_t step : {1, 2, 2, -2, 3, 4}) {
    if (step > 0) ++value;  // a negative one saves the same again
    for (const Variable& variable : variables) process.Set(variable, Tensor::Scalar(value));
    SaveRecord record;
    record.value = value;
    record.begin = disk.changes();
    SaveOptions save;
    save.global_step = step < 0 ? -step : step;
    BOOST_TEST(saver.Save(process.session(), "/d/m", save) != "");
    record.acknowledged = disk.changes();
    series.saves.push_back(record);
  }
  series.changes = disk.changes();
  return series;
}

// The value that a restart finds, or what is wrong. All variables must agree.
Result<std::optional<float>> ValueFound(Env& env, const DiskImage& image, const Variant& variant) {
  FakeClock clock;
  FakeFileSystem files(clock);
  Put(image, files);
  Env after{env.clock, env.spawner, files, env.transport, env.random, env.observer, env.logger, ""};
  FL_ASSIGN_OR_RETURN(const auto state, GetCheckpointState(after, Semantics::Strict(), "/d"));
  if (!state) return std::optional<float>();
  FL_RETURN_IF_ERROR(VerifyCheckpoint(files, state->model_checkpoint_path));
  FL_ASSIGN_OR_RETURN(const auto reader, BundleReader::Open(files, state->model_checkpoint_path));
  std::optional<float> value;
  for (int i = 0; i < variant.devices; ++i) {
    FL_ASSIGN_OR_RETURN(const Tensor read, reader->Read("v" + std::to_string(i)));
    if (value && *value != read.scalar<float>()) return Status(Code::kInternal, "values are mixed");
    value = read.scalar<float>();
  }
  return value;
}

// Whether a restart after a failure before change `n` finds what it must: the last acknowledged
// save or a later one that had begun.
bool Survives(const Series& series, std::size_t n, const Result<std::optional<float>>& found) {
  std::optional<float> least;
  float most = 0;
  for (const SaveRecord& save : series.saves) {
    if (save.acknowledged <= n) least = save.value;
    if (save.begin < n) most = save.value;
  }
  if (!found.ok()) return false;
  if (!found->has_value()) return !least.has_value();
  return **found <= most && **found >= least.value_or(0);
}

struct Outcome {
  int points = 0;
  int lost = 0;
};

template <class MakeImage>
Outcome TryEveryPoint(const Variant& variant, MakeImage make_image) {
  Outcome outcome;
  FakeEnv fake;
  fake.Run([&](Env& plain) {
    RecordingDisk disk(plain.files);
    Env env{plain.clock,  plain.spawner,  disk,         plain.transport,
            plain.random, plain.observer, plain.logger, plain.host_name};
    const Series series = RunSeries(env, disk, variant);
    for (std::size_t n = 0; n <= series.changes; ++n) {
      for (const DiskImage& image : make_image(disk, n)) {
        ++outcome.points;
        const auto found = ValueFound(env, image, variant);
        if (Survives(series, n, found)) continue;
        ++outcome.lost;
        BOOST_TEST_MESSAGE("change " << n << ": " << found.status().ToString());
      }
    }
  });
  return outcome;
}

Outcome TryCrashes(const Variant& variant) {
  return TryEveryPoint(variant, [](const RecordingDisk& disk, std::size_t n) {
    return std::vector<DiskImage>{disk.AfterCrash(n)};
  });
}

Outcome TryPowerFailures(const Variant& variant) {
  Prng prng(41);
  return TryEveryPoint(variant, [&prng](const RecordingDisk& disk, std::size_t n) {
    std::vector<DiskImage> images = {disk.AfterPowerFailure(n, Survival::kNothing, &prng),
                                     disk.AfterPowerFailure(n, Survival::kEverything, &prng)};
    for (int i = 0; i < 6; ++i) {
      images.push_back(disk.AfterPowerFailure(n, Survival::kAnything, &prng));
    }
    return images;
  });
}

std::vector<Variant> Variants(const Semantics& semantics) {
  return {{.sharded = false, .devices = 1, .max_to_keep = 2, .semantics = semantics},
          {.sharded = false, .devices = 1, .max_to_keep = 1, .semantics = semantics},
          {.sharded = true, .devices = 1, .max_to_keep = 1, .semantics = semantics},
          {.sharded = true, .devices = 2, .max_to_keep = 2, .semantics = semantics},
          {.sharded = true, .devices = 3, .max_to_keep = 1, .semantics = semantics}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(save_failure)

BOOST_AUTO_TEST_CASE(hc_x08_x09_hardened_saves_survive_a_crash_at_every_point) {
  for (const Variant& variant : Variants(Semantics::Strict())) {
    const Outcome outcome = TryCrashes(variant);
    BOOST_TEST(outcome.points > 60);
    BOOST_TEST(outcome.lost == 0);
  }
}

BOOST_AUTO_TEST_CASE(hardened_saves_survive_a_power_failure_at_every_point) {  // INV-13, INV-14
  for (const Variant& variant : Variants(Semantics::Strict())) {
    const Outcome outcome = TryPowerFailures(variant);
    BOOST_TEST(outcome.points > 500);
    BOOST_TEST(outcome.lost == 0);
  }
}

BOOST_AUTO_TEST_CASE(
    upstream_saves_survive_crashes_only_where_no_prefix_is_written_twice) {  // CK-2003
  for (const Variant& variant : Variants(Semantics::Tf())) {
    const Outcome crashes = TryCrashes(variant);
    BOOST_TEST(crashes.lost > 0);                               // the second save of step 2
    BOOST_TEST(crashes.lost < crashes.points / 5);              // and nothing else
    BOOST_TEST(TryPowerFailures(variant).lost > crashes.lost);  // H-01, H-02
  }
}

#ifdef FL_MUTANTS
BOOST_AUTO_TEST_CASE(a_state_before_its_checkpoint_is_caught) {
  Variant variant = Variants(Semantics::Strict()).front();
  variant.semantics.mutant_state_before_checkpoint = true;
  BOOST_TEST(TryCrashes(variant).lost > 0);
}
#endif

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
