#include "core/checkpoint/checkpoint_kernels.h"

#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/checkpoint/bundle_reader.h"
#include "core/checkpoint/bundle_writer.h"
#include "core/checkpoint/saver_fixture.h"
#include "core/testing/fake_env.h"

namespace faultline {
namespace {

using testing::FakeEnv;
using testing::SaverProcess;
using Texts = std::vector<std::string>;
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

void InFiber(const std::function<void(Env&)>& body) {
  FakeEnv fake;
  fake.Run([&](Env& env) {
    BOOST_TEST(env.files.MakeDirectory("/d").ok());
    body(env);
  });
}

// Elements made from their positions, of the representation T; complex ones take two of them.
template <class T>
Tensor Indexed(DataType dtype, std::vector<std::int64_t> dims, int first = 0) {
  const TensorShape shape(std::move(dims));
  const auto total = static_cast<std::size_t>(shape.NumElements()) *
                     static_cast<std::size_t>(SizeOf(dtype)) / sizeof(T);
  std::vector<T> values;
  for (std::size_t i = 0; i < total; ++i)
    values.push_back(static_cast<T>(first + static_cast<int>(i)));
  std::string bytes(total * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return Tensor::FromBytes(dtype, shape, bytes);
}

NamedTensors TensorsOfManyTypes() {
  return {
      {"tensor_bool", Tensor::FromBytes(DataType::kBool, TensorShape({2}), std::string("\0\1", 2))},
      {"tensor_int", Indexed<std::int32_t>(DataType::kInt32, {10}, 1)},
      {"tensor_float", Indexed<float>(DataType::kFloat, {2, 4})},
      {"tensor_double", Indexed<double>(DataType::kDouble, {2, 4})},
      {"tensor_qint8", Indexed<std::int8_t>(DataType::kQint8, {3, 2})},
      {"tensor_qint32", Indexed<std::int32_t>(DataType::kQint32, {2, 3}, 7)},
      {"tensor_uint8", Indexed<std::uint8_t>(DataType::kUint8, {11})},
      {"tensor_int8", Indexed<std::int8_t>(DataType::kInt8, {7}, -3)},
      {"tensor_int16", Indexed<std::int16_t>(DataType::kInt16, {7}, -300)},
      {"tensor_int64", Indexed<std::int64_t>(DataType::kInt64, {9}, -9)},
      {"tensor_complex64", Indexed<float>(DataType::kComplex64, {2, 3}, 100)},
      {"tensor_complex128", Indexed<double>(DataType::kComplex128, {2, 3}, 100)},
      {"tensor_half", Indexed<std::uint16_t>(DataType::kHalf, {2, 4}, 0x3c00)}};
}

Output TextList(Graph& graph, const Texts& texts) {
  const TensorShape shape({static_cast<std::int64_t>(texts.size())});
  return Constant(graph, Tensor::Of<std::string>(shape, texts));
}

Output Text(Graph& graph, const std::string& text) { return Constant(graph, Tensor::Scalar(text)); }

Operation* SaveOp(Graph& graph, const std::string& prefix, const NamedTensors& tensors) {
  Texts names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  std::vector<Output> inputs = {Text(graph, prefix), TextList(graph, names),
                                TextList(graph, Texts(names.size()))};
  for (const auto& [name, tensor] : tensors) inputs.push_back(Constant(graph, tensor));
  return graph.AddOperation({.type = "SaveV2",
                             .name = "",
                             .inputs = std::move(inputs),
                             .attrs = {},
                             .control_inputs = {},
                             .device = ""});
}

Operation* RestoreOp(Graph& graph, const std::string& prefix, const Texts& names,
                     std::vector<DataType> dtypes) {
  return graph.AddOperation({.type = "RestoreV2",
                             .name = "",
                             .inputs = {Text(graph, prefix), TextList(graph, names),
                                        TextList(graph, Texts(names.size()))},
                             .attrs = {{"dtypes", std::move(dtypes)}},
                             .control_inputs = {},
                             .device = ""});
}

// A run of one operation of a graph of its own.
Status RunOne(Env& env, const std::function<Operation*(Graph&)>& make) {
  SaverProcess process(env);
  RunRequest request;
  request.fetches = Fetch(make(process.graph()));
  return process.session().TryRun(request).status();
}

void WriteBundle(Env& env, const std::string& prefix, const NamedTensors& tensors) {
  BundleWriter writer(env, prefix);
  for (const auto& [name, tensor] : tensors) BOOST_TEST(writer.Add(name, tensor).ok());
  BOOST_TEST(writer.Finish().ok());
}

void CheckBundle(Env& env, const std::string& prefix, const NamedTensors& tensors) {
  const auto reader = BundleReader::Open(env.files, prefix).value();
  for (const auto& [name, tensor] : tensors) {
    BOOST_TEST_CONTEXT(name) {
      const BundleEntry entry = reader->Find(name).value();
      BOOST_CHECK(entry.dtype == tensor.dtype());
      BOOST_CHECK(entry.shape == tensor.shape());
      BOOST_TEST(BitEqual(reader->Read(name).value(), tensor));
    }
  }
  BOOST_TEST(reader->Tensors()->size() == tensors.size());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoint_kernels)

BOOST_AUTO_TEST_CASE(hc_o01_saved_tensors_of_many_types_are_found) {
  InFiber([](Env& env) {
    const NamedTensors tensors = TensorsOfManyTypes();
    const Status saved = RunOne(env, [&](Graph& graph) { return SaveOp(graph, "/d/m", tensors); });
    BOOST_TEST(saved.ok(), saved.ToString());
    BOOST_TEST(tensors.size() == 13U);
    CheckBundle(env, "/d/m", tensors);
  });
}

BOOST_AUTO_TEST_CASE(hc_o02_what_was_saved_is_restored_one_by_one) {
  InFiber([](Env& env) {
    const NamedTensors tensors = TensorsOfManyTypes();
    BOOST_TEST(RunOne(env, [&](Graph& graph) { return SaveOp(graph, "/d/m", tensors); }).ok());
    SaverProcess process(env);
    std::vector<Output> restored;
    for (const auto& [name, tensor] : tensors) {
      restored.push_back(RestoreOp(process.graph(), "/d/m", {name}, {tensor.dtype()})->output(0));
    }
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const Tensor value = process.session().Run(restored[i]).tensor();
      BOOST_TEST(BitEqual(value, tensors[i].second), tensors[i].first);
    }
  });
}

BOOST_AUTO_TEST_CASE(hc_o03_a_merge_without_deletion_leaves_the_directories) {  // CK-907
  for (const bool delete_old : {false, true}) {
    InFiber([&](Env& env) {
      const NamedTensors first = {{"tensor0", Tensor(DataType::kFloat, TensorShape({10}))}};
      const std::vector<std::int64_t> ones(std::size_t{16} * 18, 1);
      const NamedTensors second = {
          {"tensor1", Tensor::Of<std::int64_t>(TensorShape({1, 16, 18}), ones)},
          {"tensor2", Tensor::Scalar(true)}};
      WriteBundle(env, "/d/worker0/ckpt0", first);
      WriteBundle(env, "/d/worker1/ckpt1", second);
      const Status merged = RunOne(env, [&](Graph& graph) {
        return graph.AddOperation(
            {.type = "MergeV2Checkpoints",
             .name = "",
             .inputs = {TextList(graph, {"/d/worker0/ckpt0", "/d/worker1/ckpt1"}),
                        Text(graph, "/d/merged/ckpt")},
             .attrs = {{"delete_old_dirs", delete_old}},
             .control_inputs = {},
             .device = ""});
      });
      BOOST_TEST(merged.ok(), merged.ToString());
      CheckBundle(env, "/d/merged/ckpt", {first[0], second[0], second[1]});
      BOOST_TEST(FileExists(env.files, "/d/worker0").value() == !delete_old);
      BOOST_TEST(FileExists(env.files, "/d/worker1").value() == !delete_old);
    });
  }
}

BOOST_AUTO_TEST_CASE(hc_x17_a_missing_name_comes_before_wrong_types) {  // CK-1104
  InFiber([](Env& env) {
    WriteBundle(env, "/d/m", {{"a", Tensor::Scalar(1.0F)}, {"b", Tensor::Scalar(2.0F)}});
    // In the order given the missing name comes first, sorted it comes last.
    const Status missing = RunOne(env, [](Graph& graph) {
      return RestoreOp(graph, "/d/m", {"z", "b", "a"},
                       {DataType::kFloat, DataType::kInt64, DataType::kInt32});
    });
    BOOST_TEST(missing.code() == Code::kNotFound);
    BOOST_TEST(missing.message().find("Key z not found in checkpoint") != std::string::npos);
    const Status wrong = RunOne(env, [](Graph& graph) {
      return RestoreOp(graph, "/d/m", {"b", "a"}, {DataType::kInt64, DataType::kInt32});
    });
    BOOST_TEST(wrong.code() == Code::kInvalidArgument);
    const std::size_t a = wrong.message().find(
        "tensor_name = a; expected dtype int32 does not equal original dtype float\n");
    const std::size_t b = wrong.message().find(
        "tensor_name = b; expected dtype int64 does not equal original dtype float");
    BOOST_TEST(a != std::string::npos, wrong.message());
    BOOST_TEST(b != std::string::npos, wrong.message());
    BOOST_TEST(a < b);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
