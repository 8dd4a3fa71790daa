#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/exec/queue_state.h"
#include "core/exec/standard_kernels.h"

namespace faultline::internal {
namespace {

class FifoQueueKernel final : public OpKernel {
 public:
  explicit FifoQueueKernel(const Operation& op)
      : container_(op.attr<std::string>("container")), name_(op.attr<std::string>("shared_name")) {
    if (name_.empty()) name_ = op.name();
  }

  Status Compute(OpKernelContext& context) override {
    const Operation& op = context.op();
    auto queue = context.resources().FindOrCreate<QueueState>(container_, name_, [&] {
      return std::make_shared<QueueState>(
          QueueState::Options{.name = name_,
                              .capacity = op.attr<std::int64_t>("capacity"),
                              .types = op.attr<std::vector<DataType>>("component_types"),
                              .shapes = op.attr<std::vector<PartialShape>>("shapes")});
    });
    if (queue->options().types != op.attr<std::vector<DataType>>("component_types")) {
      return Status(Code::kInvalidArgument,
                    fmt::format("Shared queue '{}' has other component types", name_));
    }
    context.set_output_resource(0, std::move(queue));
    return Status();
  }

 private:
  std::string container_;
  std::string name_;
};

class EnqueueKernel final : public AsyncOpKernel {
 public:
  explicit EnqueueKernel(const Operation&) {}
  KernelTraits traits() const override { return {.reference_input = true}; }
  void ComputeAsync(OpKernelContext* context, Done done) override {
    QueueState& queue = context->input_resource<QueueState>(0);
    QueueState::Tuple tuple;
    for (int i = 1; i < context->num_inputs(); ++i) tuple.push_back(context->input(i));
    if (Status status = Check(queue.options(), tuple); !status.ok()) return done(std::move(status));
    queue.Enqueue(std::move(tuple), context->cancel(), std::move(done));
  }

 private:
  static Status Check(const QueueState::Options& options, const QueueState::Tuple& tuple) {
    if (tuple.size() != options.types.size()) {
      return Status(Code::kInvalidArgument,
                    fmt::format("Wrong number of components in tuple. Expected {}, got {}",
                                options.types.size(), tuple.size()));
    }
    for (std::size_t i = 0; i < tuple.size(); ++i) {
      if (tuple[i].dtype() != options.types[i]) {
        return Status(Code::kInvalidArgument,
                      fmt::format("Type mismatch in tuple component {}. Expected {}, got {}", i,
                                  DataTypeName(options.types[i]), DataTypeName(tuple[i].dtype())));
      }
      if (!options.shapes.empty() && !options.shapes[i].Accepts(tuple[i].shape())) {
        return Status(Code::kInvalidArgument,
                      fmt::format("Shape mismatch in tuple component {}. Expected {}, got {}", i,
                                  options.shapes[i].ToString(), tuple[i].shape().ToString()));
      }
    }
    return Status();
  }
};

class DequeueKernel final : public AsyncOpKernel {
 public:
  explicit DequeueKernel(const Operation&) {}
  KernelTraits traits() const override { return {.reference_input = true}; }
  void ComputeAsync(OpKernelContext* context, Done done) override {
    QueueState& queue = context->input_resource<QueueState>(0);
    const auto taken = [context, done = std::move(done)](Status status, QueueState::Tuple tuple) {
      if (!status.ok()) return done(std::move(status));
      if (static_cast<int>(tuple.size()) != context->num_outputs()) {
        return done(Status(Code::kInvalidArgument, "the queue has another number of components"));
      }
      for (std::size_t i = 0; i < tuple.size(); ++i) {
        context->set_output(static_cast<int>(i), std::move(tuple[i]));
      }
      done(Status());
    };
    queue.Dequeue(context->cancel(), taken);
  }
};

class QueueCloseKernel final : public AsyncOpKernel {
 public:
  explicit QueueCloseKernel(const Operation& op)
      : cancel_pending_(op.attr<bool>("cancel_pending_enqueues")) {}
  KernelTraits traits() const override { return {.reference_input = true}; }
  void ComputeAsync(OpKernelContext* context, Done done) override {
    context->input_resource<QueueState>(0).Close(cancel_pending_, context->cancel(),
                                                 std::move(done));
  }

 private:
  bool cancel_pending_;
};

class QueueSizeKernel final : public OpKernel {
 public:
  explicit QueueSizeKernel(const Operation&) {}
  KernelTraits traits() const override { return {.reference_input = true}; }
  Status Compute(OpKernelContext& context) override {
    const std::int64_t size = context.input_resource<QueueState>(0).size();
    context.set_output(0, Tensor::Scalar(static_cast<std::int32_t>(size)));
    return Status();
  }
};

}  // namespace

void RegisterQueueKernels(KernelRegistry& registry) {
  registry.Register<FifoQueueKernel>("FIFOQueueV2");
  registry.Register<EnqueueKernel>("QueueEnqueueV2");
  registry.Register<DequeueKernel>("QueueDequeueV2");
  registry.Register<QueueCloseKernel>("QueueCloseV2");
  registry.Register<QueueSizeKernel>("QueueSizeV2");
}

}  // namespace faultline::internal
