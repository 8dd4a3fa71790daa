#pragma once

#include <string>
#include <vector>

#include "core/summary/golden_case.h"
#include "core/tensor/data_type.h"
#include "core/tensor/tensor.h"

namespace faultline::testing {

inline DataType DataTypeFromName(const std::string& name) {
  for (int i = 1; i <= static_cast<int>(DataType::kUint64); ++i) {
    if (DataTypeProtoName(static_cast<DataType>(i)) == name) return static_cast<DataType>(i);
  }
  FL_ASSERT(false, "no type {}", name);
  return DataType::kInvalid;
}

inline TensorShape ShapeOfJson(const Json& shape) {
  std::vector<std::int64_t> dims;
  for (const Json& dim : shape.list()) dims.push_back(dim.integer());
  return TensorShape(dims);
}

// The tensor that a manifest describes.
inline Tensor TensorOfJson(const Json& json) {
  const DataType dtype = DataTypeFromName(json["dtype"].text());
  const TensorShape shape = ShapeOfJson(json["shape"]);
  if (dtype != DataType::kString) {
    return Tensor::FromBytes(dtype, shape, DecodeBase64(json["data_base64"].text()));
  }
  Tensor tensor(dtype, shape);
  std::size_t i = 0;
  for (const Json& text : json["strings_base64"].list()) {
    tensor.mutable_flat<std::string>()[i++] = DecodeBase64(text.text());
  }
  return tensor;
}

inline std::string NameOfJson(const Json& json) {
  if (json.has("name_base64")) return DecodeBase64(json["name_base64"].text());
  return json["name"].text();
}

}  // namespace faultline::testing
