#pragma once

#include "core/base/result.h"
#include "core/proto/tensor.pb.h"
#include "core/proto/tensor_shape.pb.h"
#include "core/tensor/tensor.h"

namespace faultline {

// Most dimensions of a shape in a message, as in TensorFlow.
inline constexpr int kMaxRank = 254;
// Most memory that a short message may ask for by the rule "the last value fills the rest".
inline constexpr std::int64_t kMaxFilledBytes = std::int64_t{1} << 28;

// Unknown rank and unknown dimensions included.
void ShapeToProto(const PartialShape& shape, v1::tf::TensorShapeProto* proto);
Result<PartialShape> PartialShapeFromProto(const v1::tf::TensorShapeProto& proto);
// INVALID_ARGUMENT if anything is unknown, or if the element count does not fit 64 bits.
Result<TensorShape> ShapeFromProto(const v1::tf::TensorShapeProto& proto);

// Writes as TensorFlow's Python does: several numbers as raw content, else as a list of values.
// `tensor` must be valid.
void TensorToProto(const Tensor& tensor, v1::tf::TensorProto* proto);
// Reads every form that TensorFlow reads. INVALID_ARGUMENT for a type without values, an unknown
// shape, too many values or content of another length.
Result<Tensor> TensorFromProto(const v1::tf::TensorProto& proto);

}  // namespace faultline
