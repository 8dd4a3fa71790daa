#include "core/tensor/tensor.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include <boost/test/unit_test.hpp>

#include "core/base/unwind.h"

namespace faultline {
namespace {

BOOST_AUTO_TEST_SUITE(tensor)

BOOST_AUTO_TEST_CASE(numbers_start_zeroed_in_aligned_memory) {
  const Tensor t(DataType::kDouble, TensorShape({3, 5}));
  BOOST_TEST(t.NumElements() == 15);
  BOOST_TEST(t.TotalBytes() == 120u);
  BOOST_TEST(reinterpret_cast<std::uintptr_t>(t.data()) % 64 == 0u);
  for (const double value : t.flat<double>()) BOOST_TEST(value == 0.0);
}

BOOST_AUTO_TEST_CASE(a_default_tensor_is_no_value_and_differs_from_an_empty_one) {
  const Tensor none;
  const Tensor empty(DataType::kFloat, TensorShape({0, 3}));
  BOOST_TEST(!none.valid());
  BOOST_TEST(empty.valid());
  BOOST_TEST(empty.NumElements() == 0);
  BOOST_TEST((empty.data() == nullptr));
  BOOST_TEST(!BitEqual(none, empty));
  BOOST_TEST(BitEqual(none, Tensor()));
}

BOOST_AUTO_TEST_CASE(a_copy_shares_until_it_is_made_unique) {
  Tensor a = Tensor::Of({1, 2, 3});
  Tensor b = a;
  BOOST_TEST(!a.OwnsBufferAlone());
  BOOST_TEST((a.data() == b.data()));
  BOOST_CHECK_THROW(b.mutable_flat<std::int32_t>(), AssertionFailed);
  b.MakeUnique();
  b.mutable_flat<std::int32_t>()[0] = 9;
  BOOST_TEST(a.flat<std::int32_t>()[0] == 1);
  BOOST_TEST(b.flat<std::int32_t>()[0] == 9);
  BOOST_TEST(a.OwnsBufferAlone());
}

BOOST_AUTO_TEST_CASE(a_copy_of_strings_is_made_unique_too) {
  Tensor a = Tensor::Of({std::string("x"), std::string("a longer text than fits inside")});
  Tensor b = a;
  b.MakeUnique();
  b.mutable_flat<std::string>()[1] = "y";
  BOOST_TEST(a.flat<std::string>()[1] == "a longer text than fits inside");
  BOOST_TEST(a.TotalBytes() == 31u);
}

BOOST_AUTO_TEST_CASE(asking_for_another_type_or_count_is_a_defect) {
  const Tensor t = Tensor::Of({1.0F, 2.0F});
  BOOST_CHECK_THROW((void)t.flat<double>(), AssertionFailed);
  BOOST_CHECK_THROW((void)t.scalar<float>(), AssertionFailed);
  BOOST_CHECK_THROW((void)t.Reshaped(TensorShape({3})), AssertionFailed);
  BOOST_CHECK_THROW(Tensor::Of<float>(TensorShape({3}), std::vector<float>{1}), AssertionFailed);
  BOOST_CHECK_THROW(Tensor(DataType::kResource, TensorShape()), AssertionFailed);
  BOOST_CHECK_THROW(Tensor::FromBytes(DataType::kInt32, TensorShape({2}), "abc"), AssertionFailed);
}

BOOST_AUTO_TEST_CASE(equality_is_of_bits) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  BOOST_TEST(BitEqual(Tensor::Scalar(nan), Tensor::Scalar(nan)));
  BOOST_TEST(!BitEqual(Tensor::Scalar(0.0F), Tensor::Scalar(-0.0F)));
  BOOST_TEST(!BitEqual(Tensor::Of({1, 2}), Tensor::Of(TensorShape({2, 1}), std::vector{1, 2})));
  BOOST_TEST(!BitEqual(Tensor::Scalar(1), Tensor::Scalar(std::int64_t{1})));
  BOOST_TEST(BitEqual(Tensor::Scalar("a"), Tensor::Scalar(std::string("a"))));
}

BOOST_AUTO_TEST_CASE(equal_tensors_have_equal_digests_and_others_do_not) {
  const Tensor a = Tensor::Of({std::string("ab"), std::string("c")});
  const Tensor b = Tensor::Of({std::string("a"), std::string("bc")});
  BOOST_TEST(a.Digest() == Tensor::Of({std::string("ab"), std::string("c")}).Digest());
  BOOST_TEST(a.Digest() != b.Digest());
  BOOST_TEST(Tensor::Of({1, 2}).Digest() !=
             Tensor::Of(TensorShape({1, 2}), std::vector{1, 2}).Digest());
  BOOST_TEST(Tensor::Of({1, 2}).Digest() != Tensor::Of({2, 1}).Digest());
}

BOOST_AUTO_TEST_CASE(bytes_go_both_ways) {
  const Tensor a = Tensor::Of({1.5, -2.0});
  const Tensor b = Tensor::FromBytes(DataType::kDouble, TensorShape({2}), a.bytes());
  BOOST_TEST(BitEqual(a, b));
  BOOST_TEST((a.data() != b.data()));
}

BOOST_AUTO_TEST_CASE(text_shows_at_most_the_limit) {
  BOOST_TEST(Tensor::Of({1, 2, 3}).ToString() == "[1 2 3]");
  BOOST_TEST(Tensor::Of({1, 2, 3}).ToString(2) == "[1 2 ...]");
  BOOST_TEST(Tensor::Scalar(0.5F).ToString() == "0.5");
  BOOST_TEST(Tensor::Scalar(true).ToString() == "true");
  BOOST_TEST(Tensor::Scalar(std::int8_t{-3}).ToString() == "-3");
  BOOST_TEST(Tensor::Scalar("hi").ToString() == "\"hi\"");
  BOOST_TEST(Tensor::Scalar(Half{0x3e00}).ToString() == "1.5");
  BOOST_TEST(Tensor::Scalar(Half{0x8001}).ToString() == "-5.9604645e-08");
  BOOST_TEST(Tensor::Scalar(Bfloat16{0x3fc0}).ToString() == "1.5");
  BOOST_TEST(Tensor().ToString() == "<no tensor>");
}

BOOST_AUTO_TEST_CASE(shapes_multiply_and_print) {
  BOOST_TEST(TensorShape().NumElements() == 1);
  BOOST_TEST(TensorShape({2, 0, 7}).NumElements() == 0);
  BOOST_TEST(TensorShape({2, 3}).ToString() == "[2,3]");
  BOOST_TEST(PartialShape().ToString() == "<unknown>");
  BOOST_TEST(PartialShape({-1, 3}).ToString() == "[?,3]");
  BOOST_CHECK_THROW((void)TensorShape({1 << 30, 1 << 30, 1 << 30}).NumElements(), AssertionFailed);
}

BOOST_AUTO_TEST_CASE(a_partial_shape_accepts_what_fits) {
  const PartialShape some({-1, 3});
  BOOST_TEST(some.Accepts(TensorShape({7, 3})));
  BOOST_TEST(!some.Accepts(TensorShape({7, 4})));
  BOOST_TEST(!some.Accepts(TensorShape({3})));
  BOOST_TEST(PartialShape().Accepts(TensorShape({1, 2, 3})));
  BOOST_TEST(some.Compatible(PartialShape({5, -1})));
  BOOST_TEST(!some.fully_defined());
  BOOST_TEST(!some.AsShape().has_value());
  BOOST_TEST(PartialShape({2, 3}).AsShape().value().NumElements() == 6);
}

BOOST_AUTO_TEST_CASE(types_have_tensorflows_names_and_sizes) {
  BOOST_TEST(DataTypeName(DataType::kFloat) == "float");
  BOOST_TEST(DataTypeName(MakeRef(DataType::kInt64)) == "int64_ref");
  BOOST_TEST(DataTypeProtoName(DataType::kHalf) == "DT_HALF");
  BOOST_TEST(DataTypeProtoName(MakeRef(DataType::kBool)) == "DT_BOOL_REF");
  BOOST_TEST(SizeOf(DataType::kComplex128) == 16u);
  BOOST_TEST(SizeOf(DataType::kString) == 0u);
  BOOST_TEST(IsFloating(DataType::kBfloat16));
  BOOST_TEST(!IsFloating(DataType::kInt32));
  BOOST_TEST(IsInteger(MakeRef(DataType::kUint64)));
  BOOST_TEST(!IsInteger(DataType::kBool));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
