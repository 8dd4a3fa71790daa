#include "sim/choices.h"

#include <vector>

#include <boost/test/unit_test.hpp>

namespace faultline::sim {
namespace {

std::vector<std::uint64_t> Draws(ChoiceStream& stream, int count) {
  std::vector<std::uint64_t> draws;
  for (int i = 0; i < count; ++i) draws.push_back(stream.Below(1000));
  return draws;
}

BOOST_AUTO_TEST_SUITE(choice_source)

BOOST_AUTO_TEST_CASE(equal_seeds_give_equal_draws_and_others_do_not) {
  ChoiceSource a(7);
  ChoiceSource b(7);
  ChoiceSource c(8);
  const auto draws = Draws(a.Stream("network", "latency", "x>y"), 20);
  BOOST_TEST((draws == Draws(b.Stream("network", "latency", "x>y"), 20)));
  BOOST_TEST((draws != Draws(c.Stream("network", "latency", "x>y"), 20)));
}

BOOST_AUTO_TEST_CASE(a_stream_that_draws_moves_no_other) {
  ChoiceSource quiet(7);
  ChoiceSource busy(7);
  Draws(busy.Stream("faults", "crash", "chief"), 100);
  Draws(busy.Stream("network", "latency", "y>x"), 3);
  BOOST_TEST((Draws(quiet.Stream("network", "latency", "x>y"), 20) ==
              Draws(busy.Stream("network", "latency", "x>y"), 20)));
}

BOOST_AUTO_TEST_CASE(parts_of_a_key_are_not_run_together) {
  ChoiceSource source(7);
  BOOST_TEST((Draws(source.Stream("ab", "c"), 20) != Draws(source.Stream("a", "bc"), 20)));
  BOOST_TEST((Draws(source.Stream("x", "y", "z"), 20) != Draws(source.Stream("x", "z", "y"), 20)));
}

BOOST_AUTO_TEST_CASE(an_override_changes_exactly_one_draw) {
  ChoiceSource plain(7);
  ChoiceSource changed(7, {{"network/latency/x>y", {{5, 999}}}});
  auto expected = Draws(plain.Stream("network", "latency", "x>y"), 20);
  BOOST_REQUIRE(expected[5] != 999);
  expected[5] = 999;
  BOOST_TEST((Draws(changed.Stream("network", "latency", "x>y"), 20) == expected));
  BOOST_TEST(changed.UnusedOverrides().empty());
}

BOOST_AUTO_TEST_CASE(an_override_means_the_result_of_each_kind_of_draw) {
  ChoiceSource source(7, {{"t/all/", {{0, 12}, {1, 3}, {2, 1}, {3, 0}, {4, 77}, {5, 25}}}});
  ChoiceStream& stream = source.Stream("t", "all");
  BOOST_TEST(stream.Next() == 12U);
  BOOST_TEST(stream.Between(-10, 10) == -7);
  BOOST_TEST(stream.Chance({0, 1}));
  BOOST_TEST(!stream.Chance({1, 1}));
  BOOST_TEST(stream.Exponential(Duration::Seconds(1)).nanoseconds() == 77);
  BOOST_TEST(stream.Below(10) == 5U);  // out of range: reduced
}

BOOST_AUTO_TEST_CASE(overrides_that_never_came_are_named) {
  ChoiceSource source(7, {{"t/a/", {{0, 1}, {4, 1}}}, {"t/b/", {{0, 1}}}});
  source.Stream("t", "a").Below(2);
  const std::vector<std::string> unused = source.UnusedOverrides();
  BOOST_TEST(unused == (std::vector<std::string>{"t/a/[4]", "t/b/[0]"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(recorded_draws_replay_as_overrides_under_another_seed) {
  ChoiceSource first(7);
  first.Record("network/");
  const auto draws = Draws(first.Stream("network", "latency", "x>y"), 20);
  Draws(first.Stream("disk", "latency", "x"), 3);
  BOOST_REQUIRE(first.recorded().size() == 1U);
  Overrides overrides;
  const auto& recorded = first.recorded().at("network/latency/x>y");
  for (std::size_t i = 0; i < recorded.size(); ++i) {
    BOOST_TEST(recorded[i].bound == 1000U);
    overrides["network/latency/x>y"][i] = recorded[i].value;
  }
  ChoiceSource second(8, overrides);
  BOOST_TEST((Draws(second.Stream("network", "latency", "x>y"), 20) == draws));
}

BOOST_AUTO_TEST_CASE(names_of_used_streams_are_listed_in_order) {
  ChoiceSource source(7);
  source.Stream("schedule", "pick").Below(2);
  source.Stream("disk", "latency", "chief").Below(2);
  source.Stream("never", "drawn");
  const std::vector<std::string> names = {"disk/latency/chief", "schedule/pick/"};
  BOOST_TEST(source.StreamNames() == names, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::sim
