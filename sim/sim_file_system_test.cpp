#include "sim/sim_file_system.h"

#include <functional>
#include <optional>

#include <boost/test/unit_test.hpp>

#include "sim/simulator.h"

namespace faultline::sim {
namespace {

// One node whose program is given; the disk is looked at afterwards.
struct OneNode {
  explicit OneNode(std::uint64_t seed = 1) : simulator({.seed = seed}) {}
  RunResult Run(NodeMain main) {
    node.Start(std::move(main));
    return simulator.Run();
  }
  Simulator simulator;
  Node& node = simulator.AddNode({.name = "chief"});
};

// Strikes once at the `number`-th file call.
struct FileStrike final : Interposer {
  FileVerdict BeforeFile(Node& node, const FileCall& call) override {
    if (call.number != number || node.incarnation() != 1) return {};
    path = std::string(call.path);
    operation = call.operation;
    if (before) before(node);
    return verdict;
  }
  Status AfterFile(Node& node, const FileCall& call, const Status& outcome) override {
    if (call.number != number || node.incarnation() != 1) return outcome;
    if (after) after(node);
    return replacement.ok() ? outcome : replacement;
  }
  std::uint64_t number = 0;
  FileVerdict verdict{};
  Status replacement;
  std::function<void(Node&)> before;
  std::function<void(Node&)> after;
  std::string path;
  FileOperation operation = FileOperation::kStat;
};

// Calls 1 Create, 2 Append, 3 Sync, 4 Close, 5 Rename, 6 SyncDirectory.
Status Save(FileSystem& files) {
  FL_ASSIGN_OR_RETURN(const auto file, files.Create("/tmp"));
  FL_RETURN_IF_ERROR(file->Append("content"));
  FL_RETURN_IF_ERROR(file->Sync());
  FL_RETURN_IF_ERROR(file->Close());
  FL_RETURN_IF_ERROR(files.Rename("/tmp", "/final"));
  return files.SyncDirectory("/");
}

BOOST_AUTO_TEST_SUITE(sim_file_system)

BOOST_FIXTURE_TEST_CASE(files_are_written_read_and_listed, OneNode) {
  std::string read;
  std::vector<std::string> names;
  FileInfo info;
  Run([&](Env& env) {
    FL_ASSERT(MakeDirectories(env.files, "/a/b").ok());
    FL_ASSERT(WriteFile(env.files, "/a/b/x", "hello").ok());
    FL_ASSERT(WriteFile(env.files, "a/b/./w", "relative").ok());
    read = ReadFile(env.files, "/a/b/x").value();
    names = env.files.List("/a/b").value();
    info = env.files.Stat("/a/b/x").value();
  });
  BOOST_TEST(read == "hello");
  BOOST_TEST(names == (std::vector<std::string>{"w", "x"}), boost::test_tools::per_element());
  BOOST_TEST(info.size == 5U);
  BOOST_TEST((info.modified >= simulator.options().wall_epoch));
}

BOOST_FIXTURE_TEST_CASE(errors_name_the_path_as_it_was_given, OneNode) {
  Status status;
  Run([&](Env& env) { status = env.files.Open("no/./such").status(); });
  BOOST_TEST(status.ToString() ==
             Status(Code::kNotFound, "no/./such; No such file or directory").ToString());
}

BOOST_FIXTURE_TEST_CASE(every_operation_takes_time, OneNode) {
  TimePoint before;
  TimePoint after;
  Run([&](Env& env) {
    before = env.clock.Now();
    FL_ASSERT(!env.files.Stat("/none").ok());
    after = env.clock.Now();
  });
  BOOST_TEST((after - before >= DiskOptions().operation_min));
  BOOST_TEST((after - before <= DiskOptions().operation_max));
}

BOOST_FIXTURE_TEST_CASE(an_open_file_keeps_its_content_when_its_name_is_replaced, OneNode) {
  std::string read;
  Run([&](Env& env) {
    FL_ASSERT(WriteFile(env.files, "/x", "first").ok());
    FL_ASSERT(WriteFile(env.files, "/y", "second").ok());
    const auto file = std::move(env.files.Open("/x")).value();
    FL_ASSERT(env.files.Rename("/y", "/x").ok());
    read = file->Read(0, 5).value();
  });
  BOOST_TEST(read == "first");
}

BOOST_FIXTURE_TEST_CASE(a_read_past_the_end_gives_what_there_is, OneNode) {
  Status status;
  std::string available;
  Run([&](Env& env) {
    FL_ASSERT(WriteFile(env.files, "/x", "hello").ok());
    const auto file = std::move(env.files.Open("/x")).value();
    status = file->Read(3, 10, &available).status();
  });
  BOOST_TEST((status.code() == Code::kOutOfRange));
  BOOST_TEST(status.message() == "Read less bytes than requested");
  BOOST_TEST(available == "lo");
}

BOOST_AUTO_TEST_CASE(mounts_are_shared_and_may_be_read_only) {
  Simulator simulator;
  SimDisk& data = simulator.AddDisk("data");
  SimDisk& shared = simulator.AddDisk("shared");
  data.Put("/digits/train.csv", "1,2,3");
  Status refused;
  Status across;
  std::string read;
  simulator
      .AddNode({.name = "chief", .mounts = {{"/data", {&data, true}}, {"/ckpt", {&shared, false}}}})
      .Start([&](Env& env) {
        read = ReadFile(env.files, "/data/digits/train.csv").value();
        refused = WriteFile(env.files, "/data/x", "");
        FL_ASSERT(WriteFile(env.files, "/ckpt/x", read).ok());
        across = env.files.Rename("/ckpt/x", "/x");
      });
  BOOST_TEST((simulator.Run().end == RunEnd::kFinished));
  BOOST_TEST(read == "1,2,3");
  BOOST_TEST((refused.code() == Code::kPermissionDenied));
  BOOST_TEST(refused.message() == "/data/x; Read-only file system");
  BOOST_TEST((across.code() == Code::kUnimplemented));
  BOOST_TEST(shared.Get("/x").value() == "1,2,3");
}

BOOST_FIXTURE_TEST_CASE(a_crash_keeps_the_page_cache_and_a_power_failure_does_not, OneNode) {
  node.SetMain([](Env& env) {
    if (env.files.Stat("/x").ok()) return;
    FL_ASSERT(WriteFile(env.files, "/x", "written").ok());
    SleepFor(env, "the crash", Duration::Seconds(100));
  });
  simulator.After(Duration::Seconds(1), [this] { node.Crash(); });
  node.Restart();
  simulator.Run();
  BOOST_TEST(node.disk().Get("/x").value() == "written");
  simulator.After(Duration::Seconds(1), [this] { node.PowerFail(LossModel::kLoseEverything); });
  simulator.Run();
  BOOST_TEST(!node.disk().Get("/x").ok());
}

BOOST_AUTO_TEST_CASE(a_crash_at_each_file_call_leaves_the_state_before_it) {
  for (std::uint64_t number = 1; number <= 6; ++number) {
    OneNode one;
    FileStrike strike;
    strike.number = number;
    strike.before = [](Node& node) { node.Crash(); };
    one.simulator.SetInterposer(&strike);
    BOOST_TEST(
        (one.Run([](Env& env) { FL_ASSERT(Save(env.files).ok()); }).end == RunEnd::kFinished));
    const auto contents = one.node.disk().Contents();
    BOOST_TEST(contents.contains("/tmp") == (number >= 2 && number <= 5), "call " << number);
    BOOST_TEST(contents.contains("/final") == (number == 6), "call " << number);
    if (number == 2) BOOST_TEST(contents.at("/tmp").empty());
    if (number >= 3 && number <= 5) BOOST_TEST(contents.at("/tmp") == "content");
    BOOST_TEST((one.node.exits().at(0).how == NodeExit::How::kCrashed));
  }
}

BOOST_FIXTURE_TEST_CASE(unwinding_fibers_cannot_touch_the_disk, OneNode) {
  struct SavesInDestructor {
    Env& env;
    bool* reached;
    ~SavesInDestructor() {
      *reached = true;
      const Status status = WriteFile(env.files, "/late", "must not be there");
      env.observer.Announce(Point::kProgress, {{"step", 1}});
      FL_ASSERT(!status.ok());
    }
  };
  bool reached = false;
  simulator.After(Duration::Seconds(1), [this] { node.Crash(); });
  Run([&](Env& env) {
    const SavesInDestructor guard{env, &reached};
    SleepFor(env, "the crash", Duration::Seconds(100));
  });
  BOOST_TEST(reached);
  BOOST_TEST(node.disk().Contents().empty());
}

BOOST_FIXTURE_TEST_CASE(an_injected_error_replaces_the_effect_or_follows_it, OneNode) {
  FileStrike strike;
  strike.number = 5;
  strike.verdict.status = Status(Code::kUnknown, "/tmp; Input/output error");
  simulator.SetInterposer(&strike);
  Status status;
  Run([&](Env& env) { status = Save(env.files); });
  BOOST_TEST((strike.operation == FileOperation::kRename));
  BOOST_TEST(strike.path == "/tmp");
  BOOST_TEST(status.message() == "/tmp; Input/output error");
  BOOST_TEST(node.disk().Get("/tmp").ok());

  OneNode other;
  FileStrike late;
  late.number = 5;
  late.replacement = Status(Code::kAborted, "/tmp; Stale file handle");
  other.simulator.SetInterposer(&late);
  other.Run([&](Env& env) { status = Save(env.files); });
  BOOST_TEST((status.code() == Code::kAborted));
  BOOST_TEST(other.node.disk().Get("/final").ok());
}

BOOST_FIXTURE_TEST_CASE(a_torn_write_leaves_its_first_bytes, OneNode) {
  FileStrike strike;
  strike.number = 2;
  strike.verdict.torn_bytes = 3;
  strike.after = [](Node& n) { n.Crash(); };
  simulator.SetInterposer(&strike);
  Run([](Env& env) { FL_ASSERT(Save(env.files).ok()); });
  BOOST_TEST(node.disk().Get("/tmp").value() == "con");
}

BOOST_FIXTURE_TEST_CASE(a_full_disk_is_resource_exhausted, OneNode) {
  node.disk().set_capacity(3);
  Status status;
  Run([&](Env& env) { status = WriteFile(env.files, "/x", "hello"); });
  BOOST_TEST((status.code() == Code::kResourceExhausted));
  BOOST_TEST(status.message() == "/x; No space left on device");
}

BOOST_AUTO_TEST_CASE(bytes_are_values_and_lengths_are_decisions) {
  const auto hashes = [](const std::string& content) {
    OneNode one;
    one.Run([&](Env& env) { FL_ASSERT(WriteFile(env.files, "/x", content).ok()); });
    return one.simulator.trace().hashes();
  };
  const RunHashes base = hashes("abc");
  BOOST_TEST(hashes("abd").decisions == base.decisions);
  BOOST_TEST(hashes("abd").values != base.values);
  BOOST_TEST(hashes("abcd").decisions != base.decisions);
}

BOOST_AUTO_TEST_CASE(slow_nodes_have_slow_disks_and_slow_processors) {
  const auto elapsed = [](Ratio factor) {
    OneNode one;
    one.node.SlowDown(factor);
    one.Run([](Env& env) {
      env.spawner.Compute(1'000'000'000);
      FL_ASSERT(!env.files.Stat("/none").ok());
    });
    return one.simulator.now().nanoseconds();
  };
  BOOST_TEST(elapsed({1, 1}) > 1'000'000'000);
  BOOST_TEST(elapsed({3, 1}) == 3 * elapsed({1, 1}));
}

BOOST_FIXTURE_TEST_CASE(a_disk_can_be_damaged_where_it_lies, OneNode) {
  node.disk().Put("/a/x", "hello");
  BOOST_TEST(node.disk().Damage("/a/x", 1, 1));
  BOOST_TEST(node.disk().Get("/a/x").value() == "hdllo");
  BOOST_TEST(!node.disk().Damage("/a/x", 5, 1));
  BOOST_TEST(node.disk().Truncate("/a/x", 2));
  BOOST_TEST(node.disk().Get("/a/x").value() == "hd");
  BOOST_TEST(!node.disk().Truncate("/none", 0));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::sim
