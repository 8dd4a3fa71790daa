// Kernels beyond what golden_ops_test compares: broadcasting walks, training, strings.

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/graph/global_step.h"
#include "core/graph/ops.h"
#include "core/graph/optimizer.h"
#include "core/proto/summary.pb.h"
#include "core/testing/session_world.h"

namespace faultline {
namespace {

using testing::SessionWorld;

struct World : SessionWorld {
  Output Const(Tensor value) { return Constant(graph, std::move(value)); }
  Tensor Value(Output output) {
    Tensor value;
    Run([&] { value = Open()->Run(output).tensor(); });
    return value;
  }
  Status Error(Output output) {
    Status status;
    Run([&] { status = ErrorOf(*Open(), output); });
    return status;
  }
};

Tensor Ramp(TensorShape shape) {
  Tensor t(DataType::kFloat, std::move(shape));
  float next = 0;
  for (float& value : t.mutable_flat<float>()) value = next++;
  return t;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(kernels, World)

BOOST_AUTO_TEST_CASE(broadcasting_agrees_with_indices_computed_by_hand) {
  // [2,1,3,1] with [4,1,5]: every dimension is repeated on one side or shared.
  const Tensor left = Ramp({2, 1, 3, 1});
  const Tensor right = Ramp({4, 1, 5});
  const Tensor sum = Value(Sub(Const(left), Const(right)));
  BOOST_REQUIRE((sum.shape() == TensorShape({2, 4, 3, 5})));
  std::size_t at = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t j = 0; j < 4; ++j) {
      for (std::size_t k = 0; k < 3; ++k) {
        for (std::size_t l = 0; l < 5; ++l, ++at) {
          const float want = left.flat<float>()[i * 3 + k] - right.flat<float>()[j * 5 + l];
          BOOST_TEST(sum.flat<float>()[at] == want);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(integers_wrap_around_and_division_by_zero_is_an_error) {
  const auto least = std::numeric_limits<std::int32_t>::min();
  const Output a = Const(Tensor::Of<std::int32_t>({least, 7}));
  BOOST_TEST(Value(Sub(a, Const(Tensor::Scalar<std::int32_t>(1)))).flat<std::int32_t>()[0] ==
             std::numeric_limits<std::int32_t>::max());
  Operation* div = Op("Div", "", {a, Const(Tensor::Of<std::int32_t>({-1, 2}))});
  const Tensor quotient = Value(div->output());
  BOOST_TEST(quotient.flat<std::int32_t>()[0] == least);
  BOOST_TEST(quotient.flat<std::int32_t>()[1] == 3);
  Operation* bad = Op("FloorDiv", "", {a, Const(Tensor::Of<std::int32_t>({1, 0}))});
  BOOST_TEST(Error(bad->output()).message() == "Integer division by zero");
}

BOOST_AUTO_TEST_CASE(a_product_is_that_of_the_definition) {
  const Tensor a = Ramp({17, 33});
  const Tensor b = Ramp({33, 9});
  const Tensor product = Value(MatMul(Const(a), Const(b)));
  for (std::size_t i = 0; i < 17; ++i) {
    for (std::size_t j = 0; j < 9; ++j) {
      double want = 0;
      for (std::size_t k = 0; k < 33; ++k) {
        want += static_cast<double>(a.flat<float>()[i * 33 + k]) *
                static_cast<double>(b.flat<float>()[k * 9 + j]);
      }
      BOOST_TEST(product.flat<float>()[i * 9 + j] == want, boost::test_tools::tolerance(1e-5));
    }
  }
}

BOOST_AUTO_TEST_CASE(training_follows_the_gradient) {
  const Output x = Const(Tensor::Of<float>(TensorShape({3, 1}), std::vector<float>{1, 2, 3}));
  const Output y = Const(Tensor::Of<float>(TensorShape({3, 1}), std::vector<float>{3, 5, 7}));
  const Variable w = MakeVariable(graph, Tensor(DataType::kFloat, {1, 1}), "w");
  const Variable b = MakeVariable(graph, Tensor(DataType::kFloat, {1}), "b");
  const Variable step = CreateGlobalStep(graph);
  const Output loss = ReduceMean(Square(Sub(BiasAdd(MatMul(x, w.value()), b.value()), y)));
  Operation* train = GradientDescentOptimizer(0.1F).Minimize(graph, loss, step);
  Operation* init = VariablesInitializer(graph, {w, b, step});
  Run([&] {
    const auto session = Open();
    session->Run(init);
    const float first = session->Run(loss).scalar<float>();
    for (int i = 0; i < 500; ++i) session->Run(train);
    const Fetched end = session->Run({loss, w.value(), b.value(), step.value()});
    BOOST_TEST(end[0].scalar<float>() < first / 1000);
    BOOST_TEST(end[1].scalar<float>() == 2, boost::test_tools::tolerance(0.02F));
    BOOST_TEST(end[2].scalar<float>() == 1, boost::test_tools::tolerance(0.05F));
    BOOST_TEST(end[3].scalar<std::int64_t>() == 500);
  });
}

BOOST_AUTO_TEST_CASE(a_step_gives_the_same_bits_again) {
  const Tensor big = Ramp({40, 300});
  const Output product = MatMul(Const(big), Const(big), false, true);
  BOOST_TEST(BitEqual(Value(product), Value(product)));
}

BOOST_AUTO_TEST_CASE(scalar_summary_has_tensorflows_bytes) {
  const Tensor bytes = Value(ScalarSummary("loss", Const(Tensor::Scalar<float>(0.5F))));
  const std::string want("\x0a\x0b\x0a\x04loss\x15\x00\x00\x00\x3f", 13);
  BOOST_TEST(bytes.scalar<std::string>() == want);
}

BOOST_AUTO_TEST_CASE(merged_summaries_keep_their_order_and_refuse_a_tag_twice) {
  const Output a = ScalarSummary("a", Const(Tensor::Scalar<float>(1)));
  const Output b = ScalarSummary("b", Const(Tensor::Scalar<float>(2)));
  v1::tf::Summary merged;
  BOOST_REQUIRE(merged.ParseFromString(Value(MergeSummary({b, a})).scalar<std::string>()));
  BOOST_REQUIRE(merged.value_size() == 2);
  BOOST_TEST(merged.value(0).tag() == "b");
  BOOST_TEST(merged.value(1).simple_value() == 1);
  BOOST_TEST(Error(MergeSummary({a, a})).message() == "Duplicate tag a found in summary inputs");
}

BOOST_AUTO_TEST_CASE(patterns_of_savers_match_whole_names) {
  const Output names =
      Const(Tensor::Of<std::string>({"s3://bucket/x", "xs3://bucket", "s3:/", "s3://", "/local"}));
  Operation* match =
      Op("StaticRegexFullMatch", "", {names}, {{"pattern", std::string("^s3://.*")}});
  const Tensor got = Value(match->output());
  const std::vector<bool> want{true, false, false, true, false};
  for (std::size_t i = 0; i < want.size(); ++i) BOOST_TEST(got.flat<bool>()[i] == want[i]);
  Operation* group = Op("StaticRegexFullMatch", "", {names}, {{"pattern", std::string("(a|b)")}});
  BOOST_TEST(Error(group->output()).code() == Code::kUnimplemented);
}

BOOST_AUTO_TEST_CASE(select_takes_rows_for_a_vector_of_conditions) {
  Operation* select = Op("Select", "",
                         {Const(Tensor::Of<bool>({true, false})), Const(Ramp({2, 3})),
                          Const(Tensor(DataType::kFloat, {2, 3}))});
  const Tensor got = Value(select->output());
  BOOST_TEST(got.flat<float>()[2] == 2);
  BOOST_TEST(got.flat<float>()[5] == 0);
}

BOOST_AUTO_TEST_CASE(select_v2_broadcasts_all_three) {
  Operation* select = Op("SelectV2", "",
                         {Const(Tensor::Of<bool>({true, false}).Reshaped(TensorShape({2, 1}))),
                          Const(Ramp({3})), Const(Tensor::Scalar<float>(-1))});
  const Tensor got = Value(select->output());
  BOOST_REQUIRE((got.shape() == TensorShape({2, 3})));
  const std::vector<float> want{0, 1, 2, -1, -1, -1};
  for (std::size_t i = 0; i < want.size(); ++i) BOOST_TEST(got.flat<float>()[i] == want[i]);
}

BOOST_AUTO_TEST_CASE(maximum_and_max_hand_nan_on) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Tensor values = Ramp({20});
  values.mutable_flat<float>()[7] = nan;
  Operation* max = Op("Max", "", {Const(values), Const(Tensor::Of<std::int32_t>({0}))});
  BOOST_TEST(std::isnan(Value(max->output()).scalar<float>()));
  Operation* maximum = Op("Maximum", "", {Const(Tensor::Scalar<float>(1)), Const(values)});
  const Tensor got = Value(maximum->output());
  BOOST_TEST(std::isnan(got.flat<float>()[7]));
  BOOST_TEST(got.flat<float>()[19] == 19);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
