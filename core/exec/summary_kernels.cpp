#include <cstdint>
#include <set>
#include <string>

#include <fmt/format.h>

#include "core/exec/standard_kernels.h"
#include "core/exec/type_dispatch.h"
#include "core/proto/summary.pb.h"

namespace faultline::internal {
namespace {

class ScalarSummaryKernel final : public OpKernel {
 public:
  explicit ScalarSummaryKernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    const Tensor& tags = context.input(0);
    const Tensor& values = context.input(1);
    const bool one_each = tags.NumElements() == 1 && values.NumElements() == 1;
    if (tags.shape() != values.shape() && !one_each) {
      return Status(Code::kInvalidArgument,
                    fmt::format("tags and values are not the same shape: {} != {}{}",
                                tags.shape().ToString(), values.shape().ToString(),
                                tags.NumElements() == 1
                                    ? fmt::format(" (tag '{}')", tags.scalar<std::string>())
                                    : std::string()));
    }
    return VisitNumberOrSmall(values.dtype(), [&]<class T>() {
      v1::tf::Summary summary;
      for (std::size_t i = 0; i < values.flat<T>().size(); ++i) {
        auto* value = summary.add_value();
        value->set_tag(tags.flat<std::string>()[i]);
        value->set_simple_value(static_cast<float>(values.flat<T>()[i]));
      }
      context.set_output(0, Tensor::Scalar(summary.SerializeAsString()));
      return Status();
    });
  }
};

class MergeSummaryKernel final : public OpKernel {
 public:
  explicit MergeSummaryKernel(const Operation&) {}
  Status Compute(OpKernelContext& context) override {
    v1::tf::Summary merged;
    std::set<std::string> tags;
    for (int i = 0; i < context.num_inputs(); ++i) {
      for (const std::string& bytes : context.input(i).flat<std::string>()) {
        v1::tf::Summary summary;
        if (!summary.ParseFromString(bytes)) {
          return Status(Code::kInvalidArgument, "Could not parse one of the summary inputs");
        }
        for (const auto& value : summary.value()) {
          if (!value.tag().empty() && !tags.insert(value.tag()).second) {
            return Status(Code::kInvalidArgument,
                          fmt::format("Duplicate tag {} found in summary inputs", value.tag()));
          }
          *merged.add_value() = value;
        }
      }
    }
    context.set_output(0, Tensor::Scalar(merged.SerializeAsString()));
    return Status();
  }
};

}  // namespace

void RegisterSummaryKernels(KernelRegistry& registry) {
  registry.Register<ScalarSummaryKernel>("ScalarSummary");
  registry.Register<MergeSummaryKernel>("MergeSummary");
}

}  // namespace faultline::internal
