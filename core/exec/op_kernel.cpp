#include "core/exec/op_kernel.h"

#include <utility>

#include "core/env/mutex.h"

namespace faultline {

const Tensor& OpKernelContext::input(int i) const {
  const Slot& slot = Input(i);
  if (slot.state == Slot::State::kValue) return slot.value;
  const Tensor* tensor = slot.resource ? slot.resource->tensor() : nullptr;
  FL_ASSERT(tensor != nullptr, "input {} of {} has no value", i, op().name());
  return *tensor;
}

Tensor OpKernelContext::ForwardOrAllocate(int i, DataType dtype, const TensorShape& shape) {
  const auto index = static_cast<std::size_t>(i);
  Slot& slot = *inputs_[index];
  if (last_reader_[index] != 0 && slot.state == Slot::State::kValue &&
      slot.value.dtype() == dtype && slot.value.shape() == shape && slot.value.OwnsBufferAlone()) {
    return std::exchange(slot.value, Tensor());
  }
  return Tensor(dtype, shape);
}

void OpKernelContext::set_output(int i, Tensor value) {
  Slot& slot = outputs_[i];
  slot.state = Slot::State::kValue;
  slot.value = std::move(value);
}

void OpKernelContext::set_output_resource(int i, std::shared_ptr<Resource> resource) {
  Slot& slot = outputs_[i];
  slot.state = Slot::State::kResource;
  slot.resource = std::move(resource);
}

void OpKernelContext::forward(int input, int output) {
  const Slot& from = Input(input);
  if (from.state == Slot::State::kResource) {
    set_output_resource(output, from.resource);
  } else {
    set_output(output, from.value);
  }
}

Status OpKernelContext::PassComputingTime() {
  const std::int64_t operations = std::exchange(*cost_, 0);
  if (operations > 0) env().spawner.Compute(operations);
  return cancel_->reason();
}

void OpKernelContext::AnnounceWrite(const VariableState& variable, const Tensor* value) {
  Observer& observer = env().observer;
  const auto number = [](std::uint64_t n) { return static_cast<std::int64_t>(n); };
  const std::string_view store = resources().store();
  const std::string_view cause = CauseName(step_->cause);
  const std::int64_t session = number(step_->session_id);
  const std::int64_t run = number(step_->user_run_id);
  const std::int64_t attempt = step_->attempt;
  const std::int64_t digest =
      value != nullptr && observer.WantsDigests() ? number(value->Digest()) : 0;
  observer.Announce(Point::kVariableWrite, {{"store", store},
                                            {"variable", std::string_view(variable.name())},
                                            {"cause", cause},
                                            {"session", session},
                                            {"run", run},
                                            {"attempt", attempt},
                                            {"version", number(variable.version() + 1)},
                                            {"digest", digest}});
  if (!IsGlobalStep(variable) || value == nullptr || value->NumElements() != 1) return;
  const bool wide = value->dtype() == DataType::kInt64;
  if (!wide && value->dtype() != DataType::kInt32) return;
  const std::int64_t reached = wide ? value->scalar<std::int64_t>() : value->scalar<std::int32_t>();
  observer.Announce(Point::kGlobalStepWrite, {{"store", store},
                                              {"cause", cause},
                                              {"session", session},
                                              {"run", run},
                                              {"attempt", attempt},
                                              {"step", reached}});
}

bool OpKernelContext::IsGlobalStep(const VariableState& variable) const {
  return !environment_->global_step.empty() && variable.name() == environment_->global_step;
}

Status OpKernelContext::AssignVariable(VariableState& variable, Tensor value) {
  FL_ASSERT(value.dtype() == variable.dtype(), "variable {} is {}, value {}", variable.name(),
            DataTypeName(variable.dtype()), DataTypeName(value.dtype()));
  FL_RETURN_IF_ERROR(PassComputingTime());
  const MutexLock lock(variable.writing_);
  AnnounceWrite(variable, &value);
  variable.value_ = std::move(value);
  ++variable.version_;
  return Status();
}

Status OpKernelContext::UpdateVariable(VariableState& variable, const VariableUpdate& update) {
  FL_RETURN_IF_ERROR(PassComputingTime());
  const MutexLock lock(variable.writing_);
  FL_RETURN_IF_ERROR(update.check(variable.value_));
  // Whoever hears of the write before it happens may want to know what will be written; otherwise
  // the value is changed in place.
  if (env().observer.WantsDigests() || IsGlobalStep(variable)) {
    Tensor next = variable.value_;
    next.MakeUnique();
    update.apply(next);
    AnnounceWrite(variable, &next);
    variable.value_ = std::move(next);
  } else {
    AnnounceWrite(variable, nullptr);
    variable.value_.MakeUnique();
    update.apply(variable.value_);
  }
  ++variable.version_;
  return Status();
}

Status AsyncOpKernel::Compute(OpKernelContext& context) {
  FL_ASSERT(false, "{} is asynchronous", context.op().name());
}

}  // namespace faultline
