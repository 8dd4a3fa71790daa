#include "core/cluster/graph_cache.h"

#include <boost/test/unit_test.hpp>

#include "core/graph/ops.h"

namespace faultline {
namespace {

std::string GraphDefOf(float value) {
  Graph graph;
  Constant(graph, Tensor::Scalar<float>(value));
  return graph.SerializedGraphDef();
}

BOOST_AUTO_TEST_SUITE(graph_cache)

BOOST_AUTO_TEST_CASE(equal_bytes_give_the_same_graph) {
  GraphCache cache;
  const auto first = cache.Get(GraphDefOf(1)).value();
  const auto other = cache.Get(GraphDefOf(2)).value();
  BOOST_TEST(cache.Get(GraphDefOf(1)).value() == first);
  BOOST_TEST(other != first);
  BOOST_TEST(first->graph_def == GraphDefOf(1));
  BOOST_TEST(first->graph->operations().size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_graph_that_was_used_longest_ago_is_given_up_first) {
  GraphCache cache;
  const auto first = cache.Get(GraphDefOf(1)).value();
  const auto second = cache.Get(GraphDefOf(2)).value();
  for (std::size_t i = 2; i < GraphCache::kMaxGraphs; ++i) {
    BOOST_TEST(cache.Get(GraphDefOf(static_cast<float>(i) + 1)).ok());
  }
  BOOST_TEST(cache.Get(GraphDefOf(1)).value() == first);
  BOOST_TEST(cache.Get(GraphDefOf(100)).ok());
  BOOST_TEST(cache.Get(GraphDefOf(1)).value() == first);
  BOOST_TEST(cache.Get(GraphDefOf(2)).value() != second);
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_graph_are_refused_each_time) {
  GraphCache cache;
  for (int i = 0; i < 2; ++i) {
    BOOST_TEST((cache.Get("\xff").status().code() == Code::kInvalidArgument));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
