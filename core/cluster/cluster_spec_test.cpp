#include "core/cluster/cluster_spec.h"

#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/base/error.h"

namespace faultline {
namespace {

using Tasks = ClusterSpec::TaskMap;

const std::vector<std::string> kTwo = {"a:1", "b:2"};

BOOST_AUTO_TEST_SUITE(cluster_spec)

BOOST_AUTO_TEST_CASE(cl_1_a_list_of_addresses_numbers_the_tasks) {
  const ClusterSpec spec({{"ps", {"p:1"}}, {"worker", {"a:1", "b:2"}}});
  BOOST_TEST(spec.Jobs() == (std::vector<std::string>{"ps", "worker"}),
             boost::test_tools::per_element());
  BOOST_TEST(spec.TaskAddress("worker", 1) == "b:2");
  BOOST_TEST(spec.NumTasks("worker") == 2);
}

BOOST_AUTO_TEST_CASE(cl_1_a_map_names_the_indices) {
  const ClusterSpec spec(ClusterSpec::Dict{{"worker", Tasks{{3, "d:4"}, {1, "b:2"}}}});
  BOOST_TEST(spec.TaskAddress("worker", 3) == "d:4");
  BOOST_TEST(spec.TaskIndices("worker") == (std::vector<int>{1, 3}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(cl_1_what_is_no_cluster_is_refused) {
  BOOST_CHECK_THROW(ClusterSpec::FromMessage("\xff\xff"), TypeError);
  BOOST_CHECK_THROW(ClusterSpec(ClusterSpec::Dict{{"worker", Tasks{{-1, "a:1"}}}}), ValueError);
  BOOST_CHECK_THROW(ClusterSpec({{"ps", {"a:1"}}, {"ps", {"b:2"}}}), ValueError);
}

BOOST_AUTO_TEST_CASE(cl_1_a_cluster_comes_from_another_one_or_from_a_message) {
  const ClusterSpec spec(ClusterSpec::Dict{{"ps", kTwo}, {"worker", Tasks{{2, "c:3"}}}});
  const ClusterSpec copy(spec);
  BOOST_TEST((copy == spec));
  BOOST_TEST((ClusterSpec::FromMessage(spec.SerializeMessage()) == spec));
  BOOST_TEST((ClusterSpec::FromMessage("") == ClusterSpec()));
}

// Names and addresses are strings, tasks lists or maps: the rest of CL-1 is checked by the
// compiler.
BOOST_AUTO_TEST_CASE(cl_1_what_is_no_cluster_does_not_compile) {
  static_assert(!std::is_constructible_v<ClusterSpec, int>);
  static_assert(!std::is_constructible_v<ClusterSpec, std::string>);
  static_assert(!std::is_constructible_v<ClusterSpec, std::vector<std::string>>);
  static_assert(!std::is_constructible_v<ClusterSpec::JobTasksSpec, std::vector<int>>);
  static_assert(!std::is_constructible_v<ClusterSpec::JobTasksSpec, std::map<int, int>>);
  BOOST_TEST((std::is_constructible_v<ClusterSpec, ClusterSpec::Dict>));
}

BOOST_AUTO_TEST_CASE(cl_2_unknown_jobs_and_indices_are_value_errors) {
  const ClusterSpec spec({{"worker", {"a:1"}}});
  BOOST_CHECK_THROW(spec.NumTasks("ps"), ValueError);
  BOOST_CHECK_THROW(spec.TaskIndices("ps"), ValueError);
  BOOST_CHECK_THROW(spec.JobTasks("ps"), ValueError);
  BOOST_CHECK_THROW(spec.TaskAddress("ps", 0), ValueError);
  BOOST_CHECK_THROW(spec.TaskAddress("worker", 1), ValueError);
}

BOOST_AUTO_TEST_CASE(cl_3_the_list_of_tasks_has_empty_slots_for_missing_indices) {
  const ClusterSpec spec(ClusterSpec::Dict{{"worker", Tasks{{0, "a:1"}, {2, "c:3"}}}});
  const auto tasks = spec.JobTasks("worker");
  BOOST_TEST_REQUIRE(tasks.size() == 3U);
  BOOST_TEST(spec.NumTasks("worker") == 2);
  BOOST_TEST(tasks[0].value_or("") == "a:1");
  BOOST_TEST(!tasks[1].has_value());
  BOOST_TEST(tasks[2].value_or("") == "c:3");
}

BOOST_AUTO_TEST_CASE(cl_4_dense_jobs_are_lists_and_sparse_and_empty_ones_maps) {
  const ClusterSpec spec(ClusterSpec::Dict{
      {"dense", kTwo}, {"sparse", Tasks{{1, "b:2"}}}, {"empty", std::vector<std::string>()}});
  const ClusterSpec::Dict dict = spec.AsDict();
  BOOST_TEST((dict.at("dense") == ClusterSpec::JobTasksSpec(kTwo)));
  BOOST_TEST((dict.at("sparse") == ClusterSpec::JobTasksSpec(Tasks{{1, "b:2"}})));
  BOOST_TEST((dict.at("empty") == ClusterSpec::JobTasksSpec(Tasks())));
  BOOST_TEST((ClusterSpec(dict) == spec));
}

BOOST_AUTO_TEST_CASE(cl_4_the_message_is_sorted_by_job_and_index) {
  const ClusterSpec spec(
      ClusterSpec::Dict{{"b", Tasks{{7, "h:8"}, {0, "a:1"}}}, {"a", std::vector<std::string>()}});
  // Two jobs: "a" without tasks, then "b" with the map entries 0 and 7.
  const std::string expected = std::string("\x0a\x03\x0a\x01") + "a" + "\x0a\x15\x0a\x01" + "b" +
                               std::string("\x12\x07\x08\x00\x12\x03", 6) + "a:1" +
                               "\x12\x07\x08\x07\x12\x03" + "h:8";
  BOOST_TEST(spec.SerializeMessage() == expected);
  BOOST_TEST((ClusterSpec::FromMessage(expected) == spec));
}

BOOST_AUTO_TEST_CASE(cl_5_specs_compare_by_content_and_an_empty_one_is_false) {
  const ClusterSpec spec({{"worker", {"a:1", "b:2"}}});
  BOOST_TEST((spec == ClusterSpec(ClusterSpec::Dict{{"worker", Tasks{{0, "a:1"}, {1, "b:2"}}}})));
  BOOST_TEST((spec != ClusterSpec({{"worker", {"a:1"}}})));
  BOOST_TEST(static_cast<bool>(spec));
  BOOST_TEST(!static_cast<bool>(ClusterSpec()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
