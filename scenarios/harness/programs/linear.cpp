#include "scenarios/harness/programs/linear.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/graph/global_step.h"
#include "core/graph/ops.h"
#include "core/graph/optimizer.h"
#include "scenarios/harness/programs/digits.h"
#include "scenarios/harness/programs/training.h"

namespace faultline::scenarios {
namespace {

constexpr std::int64_t kInputs = Digits::kPixels / 2;

// Left halves of the images and the mean ink of their right halves, both from 0 to 1.
struct Examples {
  std::vector<float> inputs;
  std::vector<float> targets;
  std::int64_t count = 0;
};

Examples MakeExamples(const Digits& digits) {
  Examples examples;
  examples.count = digits.count();
  for (std::int64_t row = 0; row < digits.count(); ++row) {
    float ink = 0;
    for (std::int64_t pixel = 0; pixel < Digits::kPixels; ++pixel) {
      const float value = digits.Pixel(row, pixel) / 16.0F;
      if (pixel % Digits::kSide < Digits::kSide / 2) {
        examples.inputs.push_back(value);
      } else {
        ink += value;
      }
    }
    examples.targets.push_back(ink / static_cast<float>(kInputs));
  }
  return examples;
}

// Feeds the batch of the step at which the model stands, anew at each attempt: after a roll-back
// the same step gets the same batch again.
class BatchHook final : public SessionRunHook {
 public:
  BatchHook(Examples examples, std::int64_t batch, Output inputs, Output targets, Output step)
      : examples_(std::move(examples)),
        batch_(batch),
        inputs_(inputs),
        targets_(targets),
        step_(step) {}

  std::string name() const override { return "BatchHook"; }

  std::optional<SessionRunArgs> BeforeRun(SessionRunContext& context) override {
    const std::int64_t step = context.session().Run(step_).scalar<std::int64_t>();
    Tensor inputs(DataType::kFloat, TensorShape({batch_, kInputs}));
    Tensor targets(DataType::kFloat, TensorShape({batch_, 1}));
    const auto in = inputs.mutable_flat<float>();
    const auto out = targets.mutable_flat<float>();
    for (std::int64_t i = 0; i < batch_; ++i) {
      const std::int64_t row = (step * batch_ + i) % examples_.count;
      for (std::int64_t j = 0; j < kInputs; ++j) {
        in[static_cast<std::size_t>(i * kInputs + j)] =
            examples_.inputs[static_cast<std::size_t>(row * kInputs + j)];
      }
      out[static_cast<std::size_t>(i)] = examples_.targets[static_cast<std::size_t>(row)];
    }
    SessionRunArgs args;
    args.feeds.Add(inputs_, std::move(inputs));
    args.feeds.Add(targets_, std::move(targets));
    return args;
  }

 private:
  const Examples examples_;
  const std::int64_t batch_;
  const Output inputs_;
  const Output targets_;
  const Output step_;
};

Status Regress(ProgramContext& context) {
  if (context.role == ProgramRole::kServer) return ServeVariables(context);
  const std::int64_t batch = context.IntParameter("batch");
  const std::int64_t rows = context.IntParameter("rows");
  if (batch < 1 || rows < 1) {
    return Status(Code::kValueError, "expected positive parameters batch and rows");
  }
  FL_ASSIGN_OR_RETURN(const Digits digits, Digits::Read(context, rows));
  const float rate = static_cast<float>(context.RealParameter("learning_rate"));

  Graph graph;
  const Variable global_step = GetOrCreateGlobalStep(graph);
  const Output inputs =
      Placeholder(graph, DataType::kFloat, PartialShape({batch, kInputs}), "inputs");
  const Output targets = Placeholder(graph, DataType::kFloat, PartialShape({batch, 1}), "targets");
  const Variable weights =
      MakeVariable(graph, Tensor(DataType::kFloat, TensorShape({kInputs, 1})), "weights");
  const Variable bias = MakeVariable(graph, Tensor(DataType::kFloat, TensorShape({1})), "bias");
  const Output predicted = BiasAdd(MatMul(inputs, weights.value()), bias.value());
  const Output loss = ReduceMean(Square(Sub(predicted, targets)), "loss");
  ScalarSummary("training_loss", loss);

  TrainingModel model;
  model.make_train_op = [&](Graph& g) {
    return GradientDescentOptimizer(rate).Minimize(g, loss, global_step);
  };
  model.hooks.push_back(std::make_shared<BatchHook>(MakeExamples(digits), batch, inputs, targets,
                                                    global_step.value()));
  return Train(context, graph, std::move(model));
}

}  // namespace

ProgramInfo LinearProgram() {
  ProgramInfo program;
  program.name = "linear";
  program.text = "linear regression on the digits images: ink of the right half from the left half";
  program.parameters = {
      {"batch", ParameterType::kInt, "16", "images in a batch"},
      {"rows", ParameterType::kInt, "256", "how many of the first images are used"},
      {"learning_rate", ParameterType::kReal, "0.1", "of gradient descent"},
  };
  program.needs_data = true;
  program.run = Regress;
  return program;
}

}  // namespace faultline::scenarios
