#include "core/tensor/tensor_proto.h"

#include <algorithm>

namespace faultline {
namespace {

namespace tf = v1::tf;

Status Invalid(std::string message) { return Status(Code::kInvalidArgument, std::move(message)); }

// The list of a TensorProto that holds values of T, and how an element becomes an entry of it.
template <class T>
struct Field;

#define FL_TENSOR_FIELD(T, list, Entry)                                           \
  template <>                                                                     \
  struct Field<T> {                                                               \
    static constexpr int kEntries = 1;                                            \
    static const auto& Get(const tf::TensorProto& proto) { return proto.list(); } \
    static void Add(const T& value, tf::TensorProto* proto) {                     \
      proto->add_##list(static_cast<Entry>(value));                               \
    }                                                                             \
    template <class It>                                                           \
    static T Read(It at) {                                                        \
      return static_cast<T>(*at);                                                 \
    }                                                                             \
  };
FL_TENSOR_FIELD(float, float_val, float)
FL_TENSOR_FIELD(double, double_val, double)
FL_TENSOR_FIELD(std::int32_t, int_val, std::int32_t)
FL_TENSOR_FIELD(std::uint8_t, int_val, std::int32_t)
FL_TENSOR_FIELD(std::int16_t, int_val, std::int32_t)
FL_TENSOR_FIELD(std::int8_t, int_val, std::int32_t)
FL_TENSOR_FIELD(std::uint16_t, int_val, std::int32_t)
FL_TENSOR_FIELD(std::int64_t, int64_val, std::int64_t)
FL_TENSOR_FIELD(bool, bool_val, bool)
FL_TENSOR_FIELD(std::uint32_t, uint32_val, std::uint32_t)
FL_TENSOR_FIELD(std::uint64_t, uint64_val, std::uint64_t)
FL_TENSOR_FIELD(std::string, string_val, const std::string&)
#undef FL_TENSOR_FIELD

template <class T>
struct TwoByteField {
  static constexpr int kEntries = 1;
  static const auto& Get(const tf::TensorProto& proto) { return proto.half_val(); }
  static void Add(const T& value, tf::TensorProto* proto) { proto->add_half_val(value.bits); }
  template <class It>
  static T Read(It at) {
    return T{static_cast<std::uint16_t>(*at)};
  }
};
template <>
struct Field<Half> : TwoByteField<Half> {};
template <>
struct Field<Bfloat16> : TwoByteField<Bfloat16> {};

template <>
struct Field<std::complex<float>> {
  static constexpr int kEntries = 2;
  static const auto& Get(const tf::TensorProto& proto) { return proto.scomplex_val(); }
  static void Add(const std::complex<float>& value, tf::TensorProto* proto) {
    proto->add_scomplex_val(value.real());
    proto->add_scomplex_val(value.imag());
  }
  template <class It>
  static std::complex<float> Read(It at) {
    return {*at, *(at + 1)};
  }
};
template <>
struct Field<std::complex<double>> {
  static constexpr int kEntries = 2;
  static const auto& Get(const tf::TensorProto& proto) { return proto.dcomplex_val(); }
  static void Add(const std::complex<double>& value, tf::TensorProto* proto) {
    proto->add_dcomplex_val(value.real());
    proto->add_dcomplex_val(value.imag());
  }
  template <class It>
  static std::complex<double> Read(It at) {
    return {*at, *(at + 1)};
  }
};

template <class T>
void WriteList(const Tensor& tensor, tf::TensorProto* proto) {
  for (const T& value : tensor.flat<T>()) Field<T>::Add(value, proto);
}

template <class T>
Result<Tensor> ReadList(const tf::TensorProto& proto, DataType dtype, TensorShape shape) {
  constexpr int kEntries = Field<T>::kEntries;
  const auto& list = Field<T>::Get(proto);
  const std::int64_t count = shape.NumElements();
  const std::int64_t given = list.size() / kEntries;
  if (list.size() % kEntries != 0 || given > count) {
    return Invalid(std::to_string(list.size()) + " values for a tensor of shape " +
                   shape.ToString());
  }
  const auto bytes = static_cast<std::int64_t>(sizeof(T));
  if (given < count && count > kMaxFilledBytes / bytes) {
    return Invalid("too few values for a tensor of shape " + shape.ToString());
  }
  Tensor tensor(dtype, std::move(shape));
  if (given == 0) return tensor;
  const auto out = tensor.mutable_flat<T>();
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = std::min(i, given - 1) * kEntries;
    out[static_cast<std::size_t>(i)] = Field<T>::Read(list.begin() + static_cast<int>(at));
  }
  return tensor;
}

// Calls `body` with a value of the element type; false for types that no tensor has.
template <class Body>
bool Dispatch(DataType dtype, Body body) {
  switch (dtype) {
    case DataType::kFloat:
      body(float{});
      return true;
    case DataType::kDouble:
      body(double{});
      return true;
    case DataType::kInt32:
      body(std::int32_t{});
      return true;
    case DataType::kUint8:
      body(std::uint8_t{});
      return true;
    case DataType::kInt16:
      body(std::int16_t{});
      return true;
    case DataType::kInt8:
      body(std::int8_t{});
      return true;
    case DataType::kString:
      body(std::string{});
      return true;
    case DataType::kComplex64:
      body(std::complex<float>{});
      return true;
    case DataType::kInt64:
      body(std::int64_t{});
      return true;
    case DataType::kBool:
      body(bool{});
      return true;
    case DataType::kBfloat16:
      body(Bfloat16{});
      return true;
    case DataType::kUint16:
      body(std::uint16_t{});
      return true;
    case DataType::kComplex128:
      body(std::complex<double>{});
      return true;
    case DataType::kHalf:
      body(Half{});
      return true;
    case DataType::kUint32:
      body(std::uint32_t{});
      return true;
    case DataType::kUint64:
      body(std::uint64_t{});
      return true;
    default:
      return false;
  }
}

// The types whose several values TensorFlow's Python writes as raw bytes.
bool WrittenAsContent(DataType dtype) {
  switch (dtype) {
    case DataType::kFloat:
    case DataType::kDouble:
    case DataType::kInt32:
    case DataType::kUint8:
    case DataType::kInt16:
    case DataType::kInt8:
    case DataType::kInt64:
    case DataType::kUint32:
    case DataType::kUint64:
      return true;
    default:
      return false;
  }
}

Result<Tensor> ReadContent(const tf::TensorProto& proto, DataType dtype, TensorShape shape) {
  const std::string& content = proto.tensor_content();
  const std::size_t size = SizeOf(dtype);
  const auto count = static_cast<std::size_t>(shape.NumElements());
  if (size == 0 || content.size() % size != 0 || content.size() / size != count) {
    return Invalid(std::to_string(content.size()) + " bytes of content for " + DataTypeName(dtype) +
                   " of shape " + shape.ToString());
  }
  Tensor tensor = Tensor::FromBytes(dtype, std::move(shape), content);
  if (dtype == DataType::kBool) {  // any non-zero byte is true; a bool holds only 0 and 1
    auto* bytes = static_cast<unsigned char*>(tensor.mutable_data());
    for (std::size_t i = 0; i < count; ++i) bytes[i] = bytes[i] != 0 ? 1 : 0;
  }
  return tensor;
}

}  // namespace

void ShapeToProto(const PartialShape& shape, tf::TensorShapeProto* proto) {
  proto->Clear();
  if (!shape.known_rank()) {
    proto->set_unknown_rank(true);
    return;
  }
  for (const std::int64_t dim : shape.dims()) proto->add_dim()->set_size(dim);
}

Result<PartialShape> PartialShapeFromProto(const tf::TensorShapeProto& proto) {
  if (proto.unknown_rank()) {
    if (proto.dim_size() > 0) return Invalid("a shape of unknown rank has dimensions");
    return PartialShape();
  }
  if (proto.dim_size() > kMaxRank) {
    return Invalid("a shape of rank " + std::to_string(proto.dim_size()));
  }
  std::vector<std::int64_t> dims;
  std::int64_t count = 1;
  for (const auto& dim : proto.dim()) {
    if (dim.size() < -1) return Invalid("dimension " + std::to_string(dim.size()) + " in a shape");
    dims.push_back(dim.size());
    const std::int64_t factor = std::max<std::int64_t>(dim.size(), 1);
    if (__builtin_mul_overflow(count, factor, &count)) {
      return Invalid("too many elements in shape " + PartialShape(dims).ToString());
    }
  }
  return PartialShape(std::move(dims));
}

Result<TensorShape> ShapeFromProto(const tf::TensorShapeProto& proto) {
  FL_ASSIGN_OR_RETURN(const PartialShape partial, PartialShapeFromProto(proto));
  auto shape = partial.AsShape();
  if (!shape) return Invalid("shape " + partial.ToString() + " is not fully known");
  return *std::move(shape);
}

void TensorToProto(const Tensor& tensor, tf::TensorProto* proto) {
  FL_ASSERT(tensor.valid(), "no value to write");
  proto->Clear();
  proto->set_dtype(static_cast<tf::DataType>(tensor.dtype()));
  ShapeToProto(tensor.shape(), proto->mutable_tensor_shape());
  if (tensor.NumElements() > 1 && WrittenAsContent(tensor.dtype())) {
    proto->set_tensor_content(std::string(tensor.bytes()));
    return;
  }
  const bool written =
      Dispatch(tensor.dtype(), [&](auto value) { WriteList<decltype(value)>(tensor, proto); });
  FL_ASSERT(written, "no message form of {}", DataTypeName(tensor.dtype()));
}

Result<Tensor> TensorFromProto(const tf::TensorProto& proto) {
  const int number = static_cast<int>(proto.dtype());
  if (number <= 0 || number >= kRefOffset) {
    return Invalid("a tensor of type number " + std::to_string(number));
  }
  const auto dtype = static_cast<DataType>(number);
  FL_ASSIGN_OR_RETURN(TensorShape shape, ShapeFromProto(proto.tensor_shape()));
  Result<Tensor> result = Invalid("no tensors of type " + DataTypeName(dtype));
  if (!Dispatch(dtype, [](auto) {})) return result;
  if (!proto.tensor_content().empty()) return ReadContent(proto, dtype, std::move(shape));
  Dispatch(dtype,
           [&](auto value) { result = ReadList<decltype(value)>(proto, dtype, std::move(shape)); });
  return result;
}

}  // namespace faultline
