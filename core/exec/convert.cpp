#include "core/exec/convert.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <Eigen/Core>

#include "core/exec/type_dispatch.h"

namespace faultline::internal {
namespace {

// What the processor's conversion gives where the language defines nothing: the least value.
template <class To, class From>
To CutOff(From value) {
  if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To> &&
                !std::is_same_v<To, bool>) {
    using Wide = std::conditional_t<sizeof(To) == 8, std::int64_t, std::int32_t>;
    constexpr auto kLeast = std::numeric_limits<Wide>::min();
    if constexpr (std::is_same_v<To, std::uint64_t> || std::is_same_v<To, std::uint32_t>) {
      const auto limit = std::ldexp(From{1}, static_cast<int>(8 * sizeof(To)));
      if (value >= From{0} && value < limit) return static_cast<To>(value);
    }
    const bool fits = value >= static_cast<From>(kLeast) && value < -static_cast<From>(kLeast);
    return static_cast<To>(fits ? static_cast<Wide>(value) : kLeast);
  } else {
    return static_cast<To>(value);
  }
}

template <class From, class To>
void ConvertElements(const Tensor& from, Tensor* to) {
  const auto in = from.flat<From>();
  const auto out = to->mutable_flat<To>();
  for (std::size_t i = 0; i < in.size(); ++i) out[i] = CutOff<To>(in[i]);
}

template <class From, class To>
bool AllFit(const Tensor& from) {
  for (const From value : from.flat<From>()) {
    if (!std::in_range<To>(value)) return false;
  }
  return true;
}

template <class T>
inline constexpr bool kIsInteger = std::is_integral_v<T> && !std::is_same_v<T, bool>;

bool IntegersFit(const Tensor& value, DataType type) {
  bool fit = true;
  const Status visited = VisitNumberOrSmall(value.dtype(), [&]<class From>() {
    return VisitNumberOrSmall(type, [&]<class To>() {
      if constexpr (kIsInteger<From> && kIsInteger<To>) fit = AllFit<From, To>(value);
      return Status();
    });
  });
  return visited.ok() && fit;
}

// Two-byte floats are converted by way of float.
template <class Stored, class Number>
Tensor Widen(const Tensor& value) {
  Tensor wide(DataType::kFloat, value.shape());
  const auto out = wide.mutable_flat<float>();
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<float>(std::bit_cast<Number>(value.flat<Stored>()[i]));
  }
  return wide;
}

template <class Stored, class Number>
Tensor Narrow(const Tensor& value) {
  Tensor narrow(DataTypeOf<Stored>::value, value.shape());
  const auto out = narrow.mutable_flat<Stored>();
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = std::bit_cast<Stored>(static_cast<Number>(value.flat<float>()[i]));
  }
  return narrow;
}

}  // namespace

Result<Tensor> ConvertTensor(const Tensor& value, DataType type) {
  if (value.dtype() == type) return value;
  if (value.dtype() == DataType::kHalf) {
    return ConvertTensor(Widen<Half, Eigen::half>(value), type);
  }
  if (value.dtype() == DataType::kBfloat16) {
    return ConvertTensor(Widen<Bfloat16, Eigen::bfloat16>(value), type);
  }
  if (type == DataType::kHalf || type == DataType::kBfloat16) {
    FL_ASSIGN_OR_RETURN(const Tensor wide, ConvertTensor(value, DataType::kFloat));
    return type == DataType::kHalf ? Narrow<Half, Eigen::half>(wide)
                                   : Narrow<Bfloat16, Eigen::bfloat16>(wide);
  }
  Tensor converted;
  FL_RETURN_IF_ERROR(VisitNumberOrSmall(value.dtype(), [&]<class From>() {
    return VisitNumberOrSmall(type, [&]<class To>() {
      converted = Tensor(type, value.shape());
      ConvertElements<From, To>(value, &converted);
      return Status();
    });
  }));
  return converted;
}

Result<Tensor> ConvertFeed(const Tensor& value, DataType type, const std::string& name) {
  if (value.dtype() == type) return value;
  if (!IntegersFit(value, type)) {
    return Status(
        Code::kTypeError,
        fmt::format("Type of feed value {} ({}) is not compatible with Tensor type {} of "
                    "'{}'. Try explicitly setting the type of the feed tensor to a larger "
                    "type (e.g. int64).",
                    value.ToString(), DataTypeName(value.dtype()), DataTypeName(type), name));
  }
  return ConvertTensor(value, type);
}

}  // namespace faultline::internal
