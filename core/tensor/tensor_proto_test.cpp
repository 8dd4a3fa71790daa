#include "core/tensor/tensor_proto.h"

#include <boost/test/unit_test.hpp>

namespace faultline {
namespace {

namespace tf = v1::tf;

tf::TensorProto Parsed(DataType dtype, std::vector<std::int64_t> dims) {
  tf::TensorProto proto;
  proto.set_dtype(static_cast<tf::DataType>(dtype));
  for (const std::int64_t dim : dims) proto.mutable_tensor_shape()->add_dim()->set_size(dim);
  return proto;
}

void CheckRoundTrip(const Tensor& tensor) {
  tf::TensorProto proto;
  TensorToProto(tensor, &proto);
  const Result<Tensor> back = TensorFromProto(proto);
  BOOST_REQUIRE(back.ok());
  BOOST_TEST(BitEqual(*back, tensor), "round trip of " << tensor.ToString());
}

BOOST_AUTO_TEST_SUITE(tensor_proto)

BOOST_AUTO_TEST_CASE(every_type_survives_a_round_trip) {
  CheckRoundTrip(Tensor::Of({1.5F, -0.0F}));
  CheckRoundTrip(Tensor::Scalar(2.5));
  CheckRoundTrip(Tensor::Of({1, -2}));
  CheckRoundTrip(Tensor::Of({std::int64_t{1} << 40}));
  CheckRoundTrip(Tensor::Of({std::uint8_t{200}, std::uint8_t{1}}));
  CheckRoundTrip(Tensor::Scalar(std::int8_t{-7}));
  CheckRoundTrip(Tensor::Scalar(std::int16_t{-300}));
  CheckRoundTrip(Tensor::Of({std::uint16_t{65535}, std::uint16_t{2}}));
  CheckRoundTrip(Tensor::Scalar(std::uint32_t{4000000000U}));
  CheckRoundTrip(Tensor::Scalar(std::uint64_t{1} << 63));
  CheckRoundTrip(Tensor::Of({true, false, true}));
  CheckRoundTrip(Tensor::Of({std::string("a\0b", 3), std::string()}));
  CheckRoundTrip(Tensor::Of({std::complex<float>(1, 2), std::complex<float>(3, -4)}));
  CheckRoundTrip(Tensor::Scalar(std::complex<double>(1, 2)));
  CheckRoundTrip(Tensor::Of({Half{0x3c00}, Half{0xfc00}}));
  CheckRoundTrip(Tensor::Scalar(Bfloat16{0x3f80}));
  CheckRoundTrip(Tensor(DataType::kFloat, TensorShape({0, 4})));
  CheckRoundTrip(Tensor(DataType::kString, TensorShape({0})));
}

BOOST_AUTO_TEST_CASE(several_numbers_are_written_as_content_and_one_as_a_value) {
  tf::TensorProto proto;
  TensorToProto(Tensor::Of({1, 2}), &proto);
  BOOST_TEST(proto.tensor_content() == std::string("\1\0\0\0\2\0\0\0", 8));
  BOOST_TEST(proto.int_val_size() == 0);
  TensorToProto(Tensor::Of({7}), &proto);
  BOOST_TEST(proto.tensor_content().empty());
  BOOST_TEST(proto.int_val(0) == 7);
}

BOOST_AUTO_TEST_CASE(the_last_value_fills_the_rest) {
  tf::TensorProto proto = Parsed(DataType::kFloat, {2, 2});
  proto.add_float_val(1);
  proto.add_float_val(5);
  BOOST_TEST(TensorFromProto(proto)->ToString() == "[1 5 5 5]");
  proto.clear_float_val();
  BOOST_TEST(TensorFromProto(proto)->ToString() == "[0 0 0 0]");
}

BOOST_AUTO_TEST_CASE(content_of_bools_holds_only_zero_and_one_after_reading) {
  tf::TensorProto proto = Parsed(DataType::kBool, {2});
  proto.set_tensor_content(std::string("\7\0", 2));
  BOOST_TEST(BitEqual(*TensorFromProto(proto), Tensor::Of({true, false})));
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused) {
  const auto refused = [](const tf::TensorProto& proto) {
    return TensorFromProto(proto).status().code() == Code::kInvalidArgument;
  };
  tf::TensorProto many = Parsed(DataType::kInt32, {1});
  many.add_int_val(1);
  many.add_int_val(2);
  BOOST_TEST(refused(many));
  tf::TensorProto content = Parsed(DataType::kInt32, {2});
  content.set_tensor_content("abc");
  BOOST_TEST(refused(content));
  tf::TensorProto half_complex = Parsed(DataType::kComplex64, {1});
  half_complex.add_scomplex_val(1);
  BOOST_TEST(refused(half_complex));
  BOOST_TEST(refused(Parsed(DataType::kFloat, {-1})));
  BOOST_TEST(refused(Parsed(DataType::kFloat, {-2})));
  BOOST_TEST(refused(Parsed(DataType::kFloat, {std::int64_t{1} << 40, std::int64_t{1} << 40})));
  BOOST_TEST(refused(Parsed(DataType::kFloat, {std::int64_t{1} << 40})));
  BOOST_TEST(refused(Parsed(DataType::kResource, {1})));
  BOOST_TEST(refused(Parsed(MakeRef(DataType::kFloat), {1})));
  BOOST_TEST(refused(tf::TensorProto()));
}

BOOST_AUTO_TEST_CASE(partial_shapes_go_both_ways) {
  for (const PartialShape& shape :
       {PartialShape(), PartialShape({-1, 3}), PartialShape(std::vector<std::int64_t>())}) {
    tf::TensorShapeProto proto;
    ShapeToProto(shape, &proto);
    BOOST_TEST((*PartialShapeFromProto(proto) == shape));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
