#include <cstdint>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <Eigen/Core>

#include "core/exec/eigen_maps.h"
#include "core/exec/standard_kernels.h"
#include "core/exec/type_dispatch.h"

namespace faultline::internal {
namespace {

class MatMulKernel final : public OpKernel {
 public:
  explicit MatMulKernel(const Operation& op)
      : transpose_a_(op.attr<bool>("transpose_a")), transpose_b_(op.attr<bool>("transpose_b")) {}

  Status Compute(OpKernelContext& context) override {
    const Tensor& a = context.input(0);
    const Tensor& b = context.input(1);
    if (a.shape().rank() != b.shape().rank()) {
      return Status(Code::kInvalidArgument,
                    fmt::format("In[0] and In[1] has different ndims: {} vs. {}",
                                a.shape().ToString(), b.shape().ToString()));
    }
    if (a.shape().rank() != 2) {
      return Status(Code::kInvalidArgument,
                    "In[0] is not a matrix. Instead it has shape " + a.shape().ToString());
    }
    const std::int64_t rows = a.shape().dim(transpose_a_ ? 1 : 0);
    const std::int64_t depth = a.shape().dim(transpose_a_ ? 0 : 1);
    const std::int64_t columns = b.shape().dim(transpose_b_ ? 0 : 1);
    if (depth != b.shape().dim(transpose_b_ ? 1 : 0)) {
      return Status(Code::kInvalidArgument,
                    fmt::format("Matrix size-incompatible: In[0]: {}, In[1]: {}",
                                a.shape().ToString(), b.shape().ToString()));
    }
    context.AddCost(rows * depth * columns);
    return VisitNumber(a.dtype(), [&]<class T>() {
      Tensor product(a.dtype(), TensorShape({rows, columns}));
      if (product.NumElements() > 0 && depth > 0) Multiply<T>(a, b, &product);
      context.set_output(0, std::move(product));
      return Status();
    });
  }

 private:
  template <class T>
  void Multiply(const Tensor& a, const Tensor& b, Tensor* product) const {
    const auto left = ReadRows<T>(a, a.shape().dim(0), a.shape().dim(1));
    const auto right = ReadRows<T>(b, b.shape().dim(0), b.shape().dim(1));
    auto out = WriteRows<T>(*product, product->shape().dim(0), product->shape().dim(1));
    if (!transpose_a_ && !transpose_b_) {
      out.noalias() = left * right;
    } else if (transpose_a_ && !transpose_b_) {
      out.noalias() = left.transpose() * right;
    } else if (!transpose_a_) {
      out.noalias() = left * right.transpose();
    } else {
      out.noalias() = left.transpose() * right.transpose();
    }
  }

  bool transpose_a_;
  bool transpose_b_;
};

// Rows, channels and what lies within one channel of a value to which a bias belongs.
struct Channels {
  std::int64_t rows = 1;
  std::int64_t channels = 1;
  std::int64_t within = 1;
};

Channels ChannelsOf(const TensorShape& shape, bool channels_first) {
  const int axis = channels_first ? 1 : shape.rank() - 1;
  Channels result;
  for (int i = 0; i < shape.rank(); ++i) {
    std::int64_t& part = i < axis ? result.rows : i == axis ? result.channels : result.within;
    part *= shape.dim(i);
  }
  return result;
}

class BiasAddKernel final : public OpKernel {
 public:
  explicit BiasAddKernel(const Operation& op)
      : channels_first_(op.attr<std::string>("data_format") == "NCHW") {}

  Status Compute(OpKernelContext& context) override {
    const TensorShape shape = context.input(0).shape();
    const Tensor& bias = context.input(1);
    if (shape.rank() < 2) {
      return Status(Code::kInvalidArgument,
                    "Input tensor must be at least 2D: " + shape.ToString());
    }
    if (bias.shape().rank() != 1) {
      return Status(Code::kInvalidArgument, "Biases must be 1D: " + bias.shape().ToString());
    }
    const Channels parts = ChannelsOf(shape, channels_first_);
    if (bias.NumElements() != parts.channels) {
      return Status(Code::kInvalidArgument,
                    fmt::format("Must provide as many biases as the last dimension of the input "
                                "tensor: {} vs. {}",
                                bias.shape().ToString(), shape.ToString()));
    }
    return VisitNumber(bias.dtype(), [&]<class T>() {
      const T* in = context.input(0).flat<T>().data();
      Tensor out = context.ForwardOrAllocate(0, bias.dtype(), shape);
      if (out.NumElements() > 0) AddBias<T>(in, bias, parts, &out);
      context.set_output(0, std::move(out));
      return Status();
    });
  }

 private:
  template <class T>
  static void AddBias(const T* in, const Tensor& bias, const Channels& parts, Tensor* out) {
    if (parts.within == 1) {
      const ConstRows<T> values(in, parts.rows, parts.channels);
      auto results = WriteRows<T>(*out, parts.rows, parts.channels);
      results = values.rowwise() + Read<T>(bias).matrix().transpose();
      return;
    }
    T* results = out->mutable_flat<T>().data();
    for (std::int64_t i = 0; i < parts.rows * parts.channels; ++i) {
      const T addend = bias.flat<T>()[static_cast<std::size_t>(i % parts.channels)];
      for (std::int64_t j = i * parts.within; j < (i + 1) * parts.within; ++j) {
        results[j] = static_cast<T>(in[j] + addend);
      }
    }
  }

  bool channels_first_;
};

class BiasAddGradKernel final : public OpKernel {
 public:
  explicit BiasAddGradKernel(const Operation& op)
      : channels_first_(op.attr<std::string>("data_format") == "NCHW") {}

  Status Compute(OpKernelContext& context) override {
    const Tensor& in = context.input(0);
    if (in.shape().rank() < 2) {
      return Status(Code::kInvalidArgument,
                    "Input tensor must be at least 2D: " + in.shape().ToString());
    }
    const Channels parts = ChannelsOf(in.shape(), channels_first_);
    context.AddCost(in.NumElements());
    return VisitNumber(in.dtype(), [&]<class T>() {
      Tensor out(in.dtype(), TensorShape({parts.channels}));
      if (in.NumElements() > 0) Sum<T>(in, parts, &out);
      context.set_output(0, std::move(out));
      return Status();
    });
  }

 private:
  template <class T>
  static void Sum(const Tensor& in, const Channels& parts, Tensor* out) {
    if (parts.within == 1) {
      const auto rows = ReadRows<T>(in, parts.rows, parts.channels);
      auto sums = Write<T>(*out);
      for (std::int64_t i = 0; i < parts.rows; ++i) sums += rows.row(i).transpose().array();
      return;
    }
    const auto values = in.flat<T>();
    const auto sums = out->mutable_flat<T>();
    for (std::int64_t i = 0; i < in.NumElements(); ++i) {
      const auto channel = static_cast<std::size_t>(i / parts.within % parts.channels);
      sums[channel] = static_cast<T>(sums[channel] + values[static_cast<std::size_t>(i)]);
    }
  }

  bool channels_first_;
};

}  // namespace

void RegisterLinearKernels(KernelRegistry& registry) {
  // Products are blocked by the size of the caches; fixed, so that the bits do not depend on the
  // machine (DESIGN 1).
  constexpr std::ptrdiff_t kL1 = 32 * 1024;
  constexpr std::ptrdiff_t kL2 = 256 * 1024;
  constexpr std::ptrdiff_t kL3 = 8 * 1024 * 1024;
  if (Eigen::l1CacheSize() != kL1 || Eigen::l2CacheSize() != kL2 || Eigen::l3CacheSize() != kL3) {
    Eigen::setCpuCacheSizes(kL1, kL2, kL3);
  }
  registry.Register<MatMulKernel>("MatMul");
  registry.Register<BiasAddKernel>("BiasAdd");
  registry.Register<BiasAddGradKernel>("BiasAddGrad");
}

}  // namespace faultline::internal
