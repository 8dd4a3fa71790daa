#pragma once

#include <cstdint>

#include <Eigen/Core>

#include "core/tensor/tensor.h"

// Tensors as Eigen sees them. Only .cpp files of this folder include this header: no Eigen type
// leaves it.
namespace faultline::internal {

template <class T>
using Values = Eigen::Map<Eigen::Array<T, Eigen::Dynamic, 1>, Eigen::Aligned64>;
template <class T>
using ConstValues = Eigen::Map<const Eigen::Array<T, Eigen::Dynamic, 1>, Eigen::Aligned64>;
template <class T>
using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using Rows = Eigen::Map<RowMajor<T>, Eigen::Aligned64>;
template <class T>
using ConstRows = Eigen::Map<const RowMajor<T>, Eigen::Aligned64>;

// All elements in a row.
template <class T>
ConstValues<T> Read(const Tensor& tensor) {
  return {tensor.flat<T>().data(), tensor.NumElements()};
}
template <class T>
Values<T> Write(Tensor& tensor) {
  return {tensor.mutable_flat<T>().data(), tensor.NumElements()};
}
// The elements as `rows` rows.
template <class T>
ConstRows<T> ReadRows(const Tensor& tensor, std::int64_t rows, std::int64_t columns) {
  return {tensor.flat<T>().data(), rows, columns};
}
template <class T>
Rows<T> WriteRows(Tensor& tensor, std::int64_t rows, std::int64_t columns) {
  return {tensor.mutable_flat<T>().data(), rows, columns};
}

}  // namespace faultline::internal
