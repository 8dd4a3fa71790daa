#include "core/checkpoint/tensor_slice.h"

#include <limits>
#include <string>

#include <boost/test/unit_test.hpp>

#include "core/checkpoint/bundle_format.h"
#include "core/checkpoint/test_bytes.h"
#include "core/testing/printers.h"

namespace faultline {
namespace {

TensorSlice Slice(std::string_view text) { return TensorSlice::Parse(text).value(); }

std::string Common(std::string_view a, std::string_view b) {
  TensorSlice result = Slice("1,1:1,1");
  const bool found = Slice(a).Intersect(Slice(b), &result);
  BOOST_TEST(found == (result.rank() > 0));
  return result.ToString();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tensor_slice)

BOOST_AUTO_TEST_CASE(hc_l01_full_slices_print_as_dashes) {
  BOOST_TEST(TensorSlice::Full(3).ToString() == "-:-:-");
  BOOST_TEST(TensorSlice::Full(4).ToString() == "-:-:-:-");
  BOOST_TEST(TensorSlice::Full(4).IsFull());
}

BOOST_AUTO_TEST_CASE(hc_l02_text_goes_both_ways) {
  const TensorSlice slice({{}, {0, 10}, {14, 1}, {}});
  BOOST_TEST(slice.ToString() == "-:0,10:14,1:-");
  BOOST_CHECK(Slice("-:0,10:14,1:-") == slice);
  BOOST_TEST(Slice("-:-:1,3:4,5").extents()[1].all());
  const Status pair = TensorSlice::Parse("-:-:1,3:4:5").status();
  BOOST_TEST(pair.code() == Code::kInvalidArgument);
  BOOST_TEST(pair.message() ==
             "Expected a pair of numbers or '-' but got '4': string = -:-:1,3:4:5");
  const Status negative = TensorSlice::Parse("-:-1,3").status();
  BOOST_TEST(negative.message() ==
             "Expected non-negative start and positive length but got start = -1, length = 3: "
             "string = -:-1,3");
  const std::string most = std::to_string(std::numeric_limits<std::int64_t>::max());
  BOOST_TEST(Slice("0," + most).extents()[0].length == std::numeric_limits<std::int64_t>::max());
  BOOST_TEST(TensorSlice::Parse("0,9223372036854775808").status().code() == Code::kInvalidArgument);
}

BOOST_AUTO_TEST_CASE(hc_l03_intersections) {
  BOOST_TEST(Common("-:-", "1,2:3,4") == "1,2:3,4");
  BOOST_TEST(Common("1,2:3,4", "-:-") == "1,2:3,4");
  BOOST_TEST(Common("1,5:2,6:3,7:5,10", "1,2:3,4:9,10:12,1") == "1,2:3,4:9,1:12,1");
  BOOST_TEST(Common("-:1,1", "-:0,2") == "-:1,1");
  BOOST_TEST(Common("1,2:3,1:5,6", "1,3:4,5:1,6") == "");
  BOOST_TEST(Common("1,2:3,1:-", "1,2") == "");
}

BOOST_AUTO_TEST_CASE(hc_l04_the_shape_of_a_slice) {
  const TensorShape shape({2, 4, 5, 8});
  BOOST_CHECK(Slice("1,1:-:4,1:2,6").ShapeWithin(shape).value() == TensorShape({1, 4, 1, 6}));
  const Status outside = Slice("1,1:1,4:-:-").ShapeWithin(shape).status();
  BOOST_TEST(outside.code() == Code::kInternal);
  BOOST_TEST(outside.message() ==
             "Extent in dimension 1 out of bounds: shape = [2,4,5,8], slice = 1,1:1,4:-:-");
  BOOST_TEST(Slice("-").ShapeWithin(shape).status().message() ==
             "Mismatching ranks: shape = [2,4,5,8], slice = -");
  const std::string most = std::to_string(std::numeric_limits<std::int64_t>::max());
  BOOST_TEST(Slice(most + "," + most).ShapeWithin(TensorShape({3})).status().code() ==
             Code::kInternal);
}

BOOST_AUTO_TEST_CASE(
    hc_l05_l06_a_stored_extent_without_length_is_all_only_from_the_start) {  // CK-706
  BundleEntry entry;
  entry.dtype = DataType::kFloat;
  entry.shape = TensorShape({20, 20, 20});
  entry.slices = {TensorSlice({{}, {0, 10}, {14, 1}})};
  const BundleEntry back = ParseEntry("k", SerializeEntry(entry)).value();
  BOOST_CHECK(back.slices == entry.slices);
  BOOST_TEST(!back.slices[0].IsFull());
  // An entry with the slice {start 1}: not all, and no length.
  const BundleEntry odd = ParseEntry("k", testing::FromHex("08013a040a020801")).value();
  BOOST_TEST(odd.slices[0].extents()[0].length == TensorSlice::kAll);
  BOOST_TEST(!odd.slices[0].IsFull());
  BOOST_TEST(ParseEntry("k", testing::FromHex("08013a020a00")).value().slices[0].IsFull());
}

BOOST_AUTO_TEST_CASE(hc_l07_equality) {
  BOOST_CHECK(TensorSlice::Full(3) != TensorSlice::Full(4));
  BOOST_CHECK(TensorSlice::Full(3) == Slice("-:-:-"));
  BOOST_CHECK(Slice("-:1,2") != Slice("-:1,3"));
}

BOOST_AUTO_TEST_CASE(hc_l08_keys_of_slices_go_both_ways) {
  std::string name;
  TensorSlice slice;
  BOOST_TEST(DecodeSliceKey(EncodeSliceKey("foo", Slice("-:-:1,3:4,5")), &name, &slice));
  BOOST_TEST(name == "foo");
  BOOST_TEST(slice.ToString() == "-:-:1,3:4,5");
  BOOST_TEST(!DecodeSliceKey("foo", &name, &slice));
}

BOOST_AUTO_TEST_CASE(hc_x04_keys_are_those_of_the_vectors) {  // V-10
  using testing::Hex;
  BOOST_TEST(Hex(EncodeSliceKey("my_var", Slice("0,5:0,3"))) == "006d795f7661720001010280858083");
  BOOST_TEST(Hex(EncodeSliceKey("w", Slice("100,28:0,64"))) == "007700010102c0649c80c040");
}

BOOST_AUTO_TEST_CASE(specifications_need_shape_and_slice) {  // CK-702
  const ShapeAndSlice parsed = ParseShapeAndSlice("5 10 -:0,1").value();
  BOOST_CHECK(parsed.full == TensorShape({5, 10}));
  BOOST_CHECK(parsed.part == TensorShape({5, 1}));
  BOOST_TEST(ParseShapeAndSlice("5").status().message() ==
             "Need least two elements in shape_and_slice specification: 5");
  BOOST_TEST(ParseShapeAndSlice("x 0,1").status().code() == Code::kInvalidArgument);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
