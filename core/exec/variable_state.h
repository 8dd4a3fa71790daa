#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/env/mutex.h"
#include "core/exec/resource_manager.h"
#include "core/tensor/tensor.h"

namespace faultline {

// The buffer of a variable. Kernels read `value()` and write only through
// OpKernelContext::UpdateVariable and AssignVariable, which announce the write.
class VariableState : public Resource {
 public:
  static constexpr std::string_view kKind = "variable";

  VariableState(Spawner& spawner, std::string name, DataType dtype, PartialShape declared)
      : name_(std::move(name)),
        dtype_(dtype),
        declared_(std::move(declared)),
        writing_(spawner, "write of variable " + name_) {}

  const std::string& name() const override { return name_; }
  bool initialized() const override { return value_.valid(); }
  const Tensor* tensor() const override { return &value_; }
  DataType dtype() const { return dtype_; }
  // That of the present value, or the declared one before the first write.
  PartialShape shape() const { return initialized() ? PartialShape(value_.shape()) : declared_; }
  // Invalid (no dtype) before the first write.
  const Tensor& value() const { return value_; }
  // Number of writes so far.
  std::uint64_t version() const { return version_; }

 private:
  friend class OpKernelContext;

  std::string name_;
  DataType dtype_;
  PartialShape declared_;
  Tensor value_;
  std::uint64_t version_ = 0;
  Mutex writing_;  // from reading the old value to storing the new one: a write may suspend
};

// The same for a resource variable. Another kind, so that a variable of either kind and the same
// name are two variables, as in TensorFlow.
class ResourceVariableState final : public VariableState {
 public:
  static constexpr std::string_view kKind = "resource variable";
  using VariableState::VariableState;
};

}  // namespace faultline
