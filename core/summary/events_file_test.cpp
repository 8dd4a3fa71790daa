#include "core/summary/events_file.h"

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/proto/event.pb.h"
#include "core/summary/events_reader.h"
#include "core/testing/fake_env.h"

namespace faultline {
namespace {

using testing::FakeEnv;

v1::tf::Event SimpleEvent(double wall_time, std::int64_t step, const char* tag, float value) {
  v1::tf::Event event;
  event.set_wall_time(wall_time);
  event.set_step(step);
  auto* item = event.mutable_summary()->add_value();
  item->set_tag(tag);
  item->set_simple_value(value);
  return event;
}

void WriteTwo(EventsFile* file) {
  BOOST_TEST(file->Write(SimpleEvent(1234, 34, "foo", 3.14159F).SerializeAsString()).ok());
  BOOST_TEST(file->Write(SimpleEvent(2345, 35, "bar", -42).SerializeAsString()).ok());
}

// The file holds the version and the two events of WriteTwo.
void CheckTwo(Env& env, const std::string& path) {
  const auto events = ReadEvents(env.files, path).value();
  BOOST_REQUIRE(events.size() == 3U);
  BOOST_TEST(events[0].file_version() == "brain.Event:2");
  BOOST_TEST(std::abs(events[0].wall_time() - env.clock.WallNow().seconds()) < 5);
  BOOST_TEST(events[1].SerializeAsString() ==
             SimpleEvent(1234, 34, "foo", 3.14159F).SerializeAsString());
  BOOST_TEST(events[2].SerializeAsString() ==
             SimpleEvent(2345, 35, "bar", -42).SerializeAsString());
}

void InFiber(const std::function<void(Env&, FakeEnv&)>& body) {
  FakeEnv fake;
  fake.Run([&](Env& env) {
    BOOST_TEST(env.files.MakeDirectory("/d").ok());
    body(env, fake);
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(events_file)

BOOST_AUTO_TEST_CASE(hc_e01_what_is_flushed_can_be_read) {
  InFiber([](Env& env, FakeEnv&) {
    EventsFile file(env, "/d/events", "");
    WriteTwo(&file);
    const std::string path = file.FileName().value();
    BOOST_TEST(ReadEvents(env.files, path)->size() == 1U);  // the version is flushed at once
    BOOST_TEST(file.Flush().ok());
    CheckTwo(env, path);
  });
}

BOOST_AUTO_TEST_CASE(hc_e02_what_is_closed_can_be_read) {
  InFiber([](Env& env, FakeEnv&) {
    EventsFile file(env, "/d/events", "");
    WriteTwo(&file);
    const std::string path = file.FileName().value();
    BOOST_TEST(file.Close().ok());
    CheckTwo(env, path);
  });
}

// A destructor must not suspend, so unlike upstream's it writes nothing: what was flushed is there,
// the rest is as after a crash.
BOOST_AUTO_TEST_CASE(hc_e03_destruction_keeps_what_was_flushed) {
  InFiber([](Env& env, FakeEnv&) {
    std::string path;
    {
      EventsFile file(env, "/d/events", "");
      WriteTwo(&file);
      path = file.FileName().value();
      BOOST_TEST(file.Flush().ok());
      BOOST_TEST(file.Write(SimpleEvent(3456, 36, "late", 1).SerializeAsString()).ok());
    }
    CheckTwo(env, path);
  });
}

BOOST_AUTO_TEST_CASE(hc_e04_closing_a_deleted_file_fails) {  // CK-2113
  InFiber([](Env& env, FakeEnv& fake) {
    EventsFile file(env, "/d/events", "");
    const std::string path = file.FileName().value();
    WriteTwo(&file);
    BOOST_TEST(env.files.Remove(path).ok());
    const Status closed = file.Close();
    BOOST_TEST(closed.code() == Code::kUnknown);
    BOOST_TEST(closed.message().find("has disappeared") != std::string::npos);
    BOOST_TEST(!fake.files().Exists(path));
  });
}

BOOST_AUTO_TEST_CASE(hc_e05_init_makes_the_file_and_fixes_its_name) {
  InFiber([](Env& env, FakeEnv& fake) {
    EventsFile file(env, "/d/events", "");
    BOOST_TEST(file.Init().ok());
    const std::string path = file.FileName().value();
    BOOST_TEST(fake.files().Exists(path));
    fake.Advance(Duration::Seconds(3));
    WriteTwo(&file);
    BOOST_TEST(file.FileName().value() == path);
    BOOST_TEST(file.Close().ok());
    CheckTwo(env, path);
  });
}

BOOST_AUTO_TEST_CASE(hc_e06_asking_for_the_name_makes_the_file) {
  InFiber([](Env& env, FakeEnv& fake) {
    fake.SetWall(TimePoint::FromNanoseconds(1'484'695'987'700'000'000));
    EventsFile file(env, "/d/events", ".suffix");
    BOOST_TEST(file.FileName().value() == "/d/events.out.tfevents.1484695987.testhost.suffix");
    BOOST_TEST(fake.files().Exists("/d/events.out.tfevents.1484695987.testhost.suffix"));
    WriteTwo(&file);
    BOOST_TEST(file.Close().ok());
    CheckTwo(env, "/d/events.out.tfevents.1484695987.testhost.suffix");
  });
}

BOOST_AUTO_TEST_CASE(a_second_writer_of_the_same_second_empties_the_file) {  // CK-2105, H-19
  InFiber([](Env& env, FakeEnv&) {
    EventsFile first(env, "/d/events", "");
    WriteTwo(&first);
    BOOST_TEST(first.Close().ok());
    EventsFile second(env, "/d/events", "");
    BOOST_TEST(second.Init().ok());
    BOOST_TEST(ReadEvents(env.files, second.FileName().value())->size() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(init_opens_a_new_file_when_the_old_one_has_vanished) {
  InFiber([](Env& env, FakeEnv& fake) {
    EventsFile file(env, "/d/events", "");
    const std::string path = file.FileName().value();
    BOOST_TEST(file.Init().ok());
    BOOST_TEST(file.FileName().value() == path);
    BOOST_TEST(env.files.Remove(path).ok());
    fake.Advance(Duration::Seconds(1));
    BOOST_TEST(file.Init().ok());
    BOOST_TEST(file.FileName().value() != path);
    WriteTwo(&file);
    BOOST_TEST(file.Flush().ok());
    CheckTwo(env, file.FileName().value());
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
