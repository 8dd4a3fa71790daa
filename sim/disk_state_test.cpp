#include "sim/disk_state.h"

#include <algorithm>
#include <functional>
#include <set>

#include <boost/test/unit_test.hpp>

namespace faultline::sim {
namespace {

constexpr std::uint32_t kMe = 1;
constexpr std::uint32_t kOther = 2;
constexpr TimePoint kNow;

using Tree = std::map<std::string, std::string>;

InodePtr Write(DiskState& disk, std::string_view path, std::string_view content,
               std::uint32_t owner = kMe) {
  const InodePtr file = disk.Create(path, owner, kNow).value();
  BOOST_REQUIRE(disk.Append(*file, content, owner, kNow).ok());
  return file;
}

// A disk with the durable files "/d/old" and "/d/state".
struct Prepared {
  Prepared() {
    BOOST_REQUIRE(disk.MakeDirectory("/d", kMe, kNow).ok());
    Write(disk, "/d/old", "old");
    Write(disk, "/d/state", "old state");
    disk.SyncAll();
  }
  void Fail(LossModel model) {
    ChoiceSource source(1);
    disk.PowerFail(kMe, model, source.Stream("t", "power"));
  }
  std::string At(const std::string& path) { return disk.Contents().at(path); }
  bool Has(const std::string& path) { return disk.Contents().contains(path); }
  DiskState disk;
};

// Every disk that a drawn power failure can leave after `act`, over many seeds.
std::set<Tree> Survivors(const std::function<void(DiskState&)>& act) {
  std::set<Tree> trees;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Prepared prepared;
    act(prepared.disk);
    ChoiceSource source(seed);
    prepared.disk.PowerFail(kMe, LossModel::kDrawn, source.Stream("t", "power"));
    trees.insert(prepared.disk.Contents());
  }
  return trees;
}

bool Any(const std::set<Tree>& trees, const std::function<bool(const Tree&)>& predicate) {
  return std::any_of(trees.begin(), trees.end(), predicate);
}

BOOST_AUTO_TEST_SUITE(disk_state)

BOOST_FIXTURE_TEST_CASE(what_was_synced_with_its_directory_survives, Prepared) {
  const InodePtr file = Write(disk, "/d/new", "content");
  disk.SyncFile(*file);
  BOOST_REQUIRE(disk.SyncDirectory("/d").ok());
  Fail(LossModel::kLoseEverything);
  BOOST_TEST(At("/d/new") == "content");
  BOOST_TEST(At("/d/old") == "old");
}

BOOST_FIXTURE_TEST_CASE(a_synced_file_without_its_directory_entry_is_lost, Prepared) {
  disk.SyncFile(*Write(disk, "/d/new", "content"));
  Fail(LossModel::kLoseEverything);
  BOOST_TEST(!Has("/d/new"));
}

BOOST_FIXTURE_TEST_CASE(a_durable_entry_without_synced_content_names_an_empty_file, Prepared) {
  Write(disk, "/d/new", "content");
  BOOST_REQUIRE(disk.SyncDirectory("/d").ok());
  Fail(LossModel::kLoseEverything);
  BOOST_TEST(At("/d/new").empty());  // H-01
}

BOOST_FIXTURE_TEST_CASE(appends_after_the_last_sync_are_lost, Prepared) {
  const InodePtr file = Write(disk, "/d/new", "first");
  disk.SyncFile(*file);
  BOOST_REQUIRE(disk.SyncDirectory("/d").ok());
  BOOST_REQUIRE(disk.Append(*file, " second", kMe, kNow).ok());
  Fail(LossModel::kLoseEverything);
  BOOST_TEST(At("/d/new") == "first");
}

BOOST_FIXTURE_TEST_CASE(an_unsynced_rename_is_undone, Prepared) {
  disk.SyncFile(*Write(disk, "/d/tmp", "new state"));
  BOOST_REQUIRE(disk.SyncDirectory("/d").ok());
  BOOST_REQUIRE(disk.Rename("/d/tmp", "/d/state", kMe, kNow).ok());
  BOOST_TEST(At("/d/state") == "new state");
  Fail(LossModel::kLoseEverything);
  BOOST_TEST(At("/d/state") == "old state");
  BOOST_TEST(At("/d/tmp") == "new state");
}

BOOST_FIXTURE_TEST_CASE(a_synced_rename_of_unsynced_content_gives_an_empty_file, Prepared) {
  Write(disk, "/d/tmp", "new state");
  BOOST_REQUIRE(disk.Rename("/d/tmp", "/d/state", kMe, kNow).ok());
  BOOST_REQUIRE(disk.SyncDirectory("/d").ok());
  Fail(LossModel::kLoseEverything);
  BOOST_TEST(At("/d/state").empty());  // H-01
}

BOOST_FIXTURE_TEST_CASE(an_unsynced_removal_is_undone, Prepared) {
  BOOST_REQUIRE(disk.Remove("/d/old", kMe, kNow).ok());
  BOOST_TEST(!Has("/d/old"));
  Fail(LossModel::kLoseEverything);
  BOOST_TEST(At("/d/old") == "old");
}

BOOST_FIXTURE_TEST_CASE(a_file_in_an_unsynced_directory_is_lost_with_it, Prepared) {
  BOOST_REQUIRE(disk.MakeDirectory("/d/sub", kMe, kNow).ok());
  disk.SyncFile(*Write(disk, "/d/sub/file", "content"));
  BOOST_REQUIRE(disk.SyncDirectory("/d/sub").ok());
  Fail(LossModel::kLoseEverything);
  BOOST_TEST(!Has("/d/sub/"));
}

BOOST_FIXTURE_TEST_CASE(keeping_everything_keeps_everything, Prepared) {
  Write(disk, "/d/new", "content");
  BOOST_REQUIRE(disk.Rename("/d/new", "/d/state", kMe, kNow).ok());
  Fail(LossModel::kKeepEverything);
  BOOST_TEST(At("/d/state") == "content");
  BOOST_TEST(disk.unsynced_operations() == 0U);
  Fail(LossModel::kLoseEverything);  // it is durable now
  BOOST_TEST(At("/d/state") == "content");
}

BOOST_FIXTURE_TEST_CASE(on_a_shared_disk_only_the_owner_that_fails_loses, Prepared) {
  Write(disk, "/d/mine", "mine");
  Write(disk, "/d/theirs", "theirs", kOther);
  Fail(LossModel::kLoseEverything);
  BOOST_TEST(!Has("/d/mine"));
  BOOST_TEST(At("/d/theirs") == "theirs");
  ChoiceSource source(1);
  disk.PowerFail(kOther, LossModel::kLoseEverything, source.Stream("t", "power"));
  BOOST_TEST(!Has("/d/theirs"));
}

BOOST_AUTO_TEST_CASE(drawn_content_is_lost_cut_zero_filled_or_kept) {
  const std::string content(10'000, 'x');
  const auto trees = Survivors([&](DiskState& disk) {
    Write(disk, "/d/new", content);
    BOOST_REQUIRE(disk.SyncDirectory("/d").ok());
  });
  const auto left = [](const Tree& tree) { return tree.at("/d/new"); };
  BOOST_TEST(Any(trees, [&](const Tree& t) { return left(t).empty(); }));
  BOOST_TEST(Any(trees, [&](const Tree& t) { return left(t) == content; }));
  BOOST_TEST(Any(
      trees, [&](const Tree& t) { return !left(t).empty() && left(t).size() < content.size(); }));
  BOOST_TEST(Any(trees, [&](const Tree& t) {
    return left(t).size() == content.size() && left(t).front() == 'x' && left(t).back() == '\0';
  }));
  BOOST_TEST(Any(trees, [&](const Tree& t) {  // a page in the middle is missing
    return left(t).size() == content.size() && left(t).front() == '\0' && left(t).back() == 'x';
  }));
}

BOOST_AUTO_TEST_CASE(a_file_emptied_in_place_may_come_back_or_stay_empty) {
  const auto trees = Survivors([](DiskState& disk) { Write(disk, "/d/state", "new"); });
  const auto left = [](const Tree& tree) { return tree.at("/d/state"); };
  BOOST_TEST(Any(trees, [&](const Tree& t) { return left(t) == "old state"; }));
  BOOST_TEST(Any(trees, [&](const Tree& t) { return left(t).empty(); }));
  BOOST_TEST(Any(trees, [&](const Tree& t) { return left(t) == "new"; }));
}

BOOST_AUTO_TEST_CASE(any_subset_of_directory_operations_may_survive) {
  const auto trees = Survivors([](DiskState& disk) {
    disk.SyncFile(*Write(disk, "/d/index.tmp", "index"));
    disk.SyncFile(*Write(disk, "/d/state.tmp", "new state"));
    BOOST_REQUIRE(disk.SyncDirectory("/d").ok());
    BOOST_REQUIRE(disk.Rename("/d/index.tmp", "/d/index", kMe, kNow).ok());
    BOOST_REQUIRE(disk.Rename("/d/state.tmp", "/d/state", kMe, kNow).ok());
    BOOST_REQUIRE(disk.Remove("/d/old", kMe, kNow).ok());
  });
  const auto is = [](const Tree& t, bool index, bool state, bool removed) {
    return t.contains("/d/index") == index && (t.at("/d/state") == "new state") == state &&
           !t.contains("/d/old") == removed;
  };
  for (int subset = 0; subset < 8; ++subset) {  // H-02; 4 alone is H-12
    BOOST_TEST(Any(trees,
                   [&](const Tree& t) {
                     return is(t, (subset & 1) != 0, (subset & 2) != 0, (subset & 4) != 0);
                   }),
               "subset " << subset);
  }
  // A rename is atomic: never both names, never none.
  BOOST_TEST(!Any(
      trees, [](const Tree& t) { return t.contains("/d/index") == t.contains("/d/index.tmp"); }));
}

BOOST_AUTO_TEST_CASE(errors_are_those_of_the_operating_system) {
  Prepared prepared;
  DiskState& disk = prepared.disk;
  const auto is = [](const Status& status, Code code, std::string_view text) {
    return status.code() == code && status.message() == text;
  };
  BOOST_TEST(is(disk.Find("/none").status(), Code::kNotFound, "No such file or directory"));
  BOOST_TEST(
      is(disk.Create("/none/x", kMe, kNow).status(), Code::kNotFound, "No such file or directory"));
  BOOST_TEST(
      is(disk.Create("/d", kMe, kNow).status(), Code::kFailedPrecondition, "Is a directory"));
  BOOST_TEST(is(disk.Create("/d/old/x", kMe, kNow).status(), Code::kFailedPrecondition,
                "Not a directory"));
  BOOST_TEST(is(disk.MakeDirectory("/d", kMe, kNow), Code::kAlreadyExists, "File exists"));
  BOOST_TEST(is(disk.Remove("/d", kMe, kNow), Code::kFailedPrecondition, "Is a directory"));
  BOOST_TEST(
      is(disk.RemoveDirectory("/d", kMe, kNow), Code::kFailedPrecondition, "Directory not empty"));
  BOOST_TEST(
      is(disk.RemoveDirectory("/d/old", kMe, kNow), Code::kFailedPrecondition, "Not a directory"));
  BOOST_TEST(is(disk.List("/d/old").status(), Code::kFailedPrecondition, "Not a directory"));
  BOOST_TEST(
      is(disk.Rename("/none", "/x", kMe, kNow), Code::kNotFound, "No such file or directory"));
  BOOST_TEST(is(disk.Rename("/d", "/d/in", kMe, kNow), Code::kInvalidArgument, "Invalid argument"));
  BOOST_TEST(
      is(disk.Rename("/d/old", "/d", kMe, kNow), Code::kFailedPrecondition, "Is a directory"));
}

BOOST_FIXTURE_TEST_CASE(a_full_disk_takes_what_fits, Prepared) {
  disk.set_capacity(disk.used() + 4);
  const InodePtr file = disk.Create("/d/new", kMe, kNow).value();
  BOOST_TEST((disk.Append(*file, "abcdef", kMe, kNow).code() == Code::kResourceExhausted));
  BOOST_TEST(At("/d/new") == "abcd");
  BOOST_REQUIRE(disk.Remove("/d/old", kMe, kNow).ok());
  BOOST_TEST(disk.Append(*file, "ef", kMe, kNow).ok());
}

BOOST_AUTO_TEST_CASE(renames_in_a_circle_leave_nothing_behind_when_a_part_survives) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {  // the leak checker looks
    Prepared prepared;
    DiskState& disk = prepared.disk;
    BOOST_REQUIRE(disk.MakeDirectory("/a", kMe, kNow).ok());
    BOOST_REQUIRE(disk.MakeDirectory("/b", kMe, kNow).ok());
    disk.SyncAll();
    BOOST_REQUIRE(disk.Rename("/a", "/b/a", kMe, kNow).ok());
    BOOST_REQUIRE(disk.Rename("/b/a", "/c", kMe, kNow).ok());
    BOOST_REQUIRE(disk.Rename("/b", "/c/b", kMe, kNow).ok());
    ChoiceSource source(seed);
    disk.PowerFail(kMe, LossModel::kDrawn, source.Stream("t", "power"));
    BOOST_TEST(prepared.Has("/d/old"));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::sim
