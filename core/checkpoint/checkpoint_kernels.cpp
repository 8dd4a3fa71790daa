#include "core/checkpoint/checkpoint_kernels.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/checkpoint/bundle_commit.h"
#include "core/checkpoint/bundle_merge.h"
#include "core/checkpoint/save_restore.h"

namespace faultline {
namespace {

constexpr int kFixedInputs = 3;  // prefix, tensor_names, shape_and_slices

Status Invalid(std::string message) { return Status(Code::kInvalidArgument, std::move(message)); }

std::vector<std::string> Strings(const Tensor& tensor) {
  const auto values = tensor.flat<std::string>();
  return {values.begin(), values.end()};
}

// CK-1101.
Status ValidateInputs(const OpKernelContext& context) {
  const Tensor& prefix = context.input(0);
  const Tensor& names = context.input(1);
  const Tensor& slices = context.input(2);
  if (prefix.NumElements() != 1) {
    return Invalid(fmt::format("Input prefix should have a single element, got {} instead.",
                               prefix.NumElements()));
  }
  if (names.shape().rank() != 1 || slices.shape().rank() != 1) {
    return Invalid(
        fmt::format("Input tensor_names and shape_and_slices should be an 1-D tensors, got "
                    "{} and {} instead.",
                    names.shape().ToString(), slices.shape().ToString()));
  }
  if (names.NumElements() != slices.NumElements()) {
    return Invalid(
        fmt::format("tensor_names and shape_and_slices have different number of elements: "
                    "{} vs. {}",
                    names.NumElements(), slices.NumElements()));
  }
  return Status();
}

Status CheckCount(std::int64_t names, int tensors) {
  if (names == tensors) return Status();
  return Invalid(fmt::format("Got {} tensor names but {} tensors.", names, tensors));
}

class SaveKernel final : public OpKernel {
 public:
  explicit SaveKernel(const Operation& /*op*/) {}
  Status Compute(OpKernelContext& context) override {
    FL_RETURN_IF_ERROR(ValidateInputs(context));
    const int tensors = context.num_inputs() - kFixedInputs;
    FL_RETURN_IF_ERROR(CheckCount(context.input(1).NumElements(), tensors));
    SaveTensorsRequest request;
    request.prefix = context.input(0).flat<std::string>()[0];
    request.names = Strings(context.input(1));
    request.slices = Strings(context.input(2));
    std::int64_t bytes = 0;
    for (int i = 0; i < tensors; ++i) {
      request.tensors.push_back(context.input(kFixedInputs + i));
      bytes += static_cast<std::int64_t>(request.tensors.back().TotalBytes());
    }
    context.AddCost(bytes);
    return SaveTensors(context.env(), context.semantics(), request);
  }
};

class RestoreKernel final : public OpKernel {
 public:
  explicit RestoreKernel(const Operation& op) : dtypes_(op.attr<std::vector<DataType>>("dtypes")) {}
  Status Compute(OpKernelContext& context) override {
    FL_RETURN_IF_ERROR(ValidateInputs(context));
    FL_RETURN_IF_ERROR(
        CheckCount(context.input(1).NumElements(), static_cast<int>(dtypes_.size())));
    RestoreTensorsRequest request;
    request.prefix = context.input(0).flat<std::string>()[0];
    request.names = Strings(context.input(1));
    request.slices = Strings(context.input(2));
    request.dtypes = dtypes_;
    FL_ASSIGN_OR_RETURN(std::vector<Tensor> values,
                        RestoreTensors(context.env(), context.semantics(), request));
    for (int i = 0; i < context.num_outputs(); ++i) {
      context.set_output(i, std::move(values[static_cast<std::size_t>(i)]));
    }
    return Status();
  }

 private:
  std::vector<DataType> dtypes_;
};

class MergeKernel final : public OpKernel {
 public:
  explicit MergeKernel(const Operation& op) : delete_old_dirs_(op.attr<bool>("delete_old_dirs")) {}
  Status Compute(OpKernelContext& context) override {
    const Tensor& inputs = context.input(0);
    const Tensor& target = context.input(1);
    if (inputs.shape().rank() != 1) {
      return Invalid("Input checkpoint_prefixes should be an 1-D tensor, got " +
                     inputs.shape().ToString() + " instead.");
    }
    if (target.shape().rank() != 0) {
      return Invalid("Input destination_prefix should be a scalar tensor, got " +
                     target.shape().ToString() + " instead.");
    }
    const std::vector<std::string> prefixes = Strings(inputs);
    const std::string merged = target.scalar<std::string>();
    Env& env = context.env();
    FL_RETURN_IF_ERROR(MergeBundles(env, prefixes, merged, context.semantics().hardened_saves));
    if (delete_old_dirs_) RemoveOldDirectories(env, prefixes, merged);
    return Status();
  }

 private:
  // CK-907: not being able to is no error.
  static void RemoveOldDirectories(Env& env, const std::vector<std::string>& prefixes,
                                   const std::string& merged) {
    AnnounceSubStep(env, merged, "SH7");
    const std::string kept = DirectoryOf(merged);
    for (const std::string& prefix : prefixes) {
      const std::string directory = DirectoryOf(prefix);
      if (directory != kept) static_cast<void>(env.files.RemoveDirectory(directory));
    }
  }

  bool delete_old_dirs_;
};

class ShardedFilenameKernel final : public OpKernel {
 public:
  explicit ShardedFilenameKernel(const Operation& /*op*/) {}
  Status Compute(OpKernelContext& context) override {
    for (int i = 0; i < kFixedInputs; ++i) {
      if (context.input(i).NumElements() != 1) {
        return Invalid(fmt::format("{} must be a scalar, got shape {}", kNames[i],
                                   context.input(i).shape().ToString()));
      }
    }
    context.set_output(
        0, Tensor::Scalar(fmt::format("{}-{:05}-of-{:05}", context.input(0).scalar<std::string>(),
                                      context.input(1).scalar<std::int32_t>(),
                                      context.input(2).scalar<std::int32_t>())));
    return Status();
  }

 private:
  static constexpr const char* kNames[kFixedInputs] = {"basename", "shard", "num_shards"};
};

}  // namespace

void RegisterCheckpointKernels(KernelRegistry& registry) {
  registry.Register<SaveKernel>("SaveV2");
  registry.Register<RestoreKernel>("RestoreV2");
  registry.Register<MergeKernel>("MergeV2Checkpoints");
  registry.Register<ShardedFilenameKernel>("ShardedFilename");
}

}  // namespace faultline
