#include "core/checkpoint/save_restore.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/checkpoint/bundle_format.h"
#include "core/checkpoint/bundle_reader.h"
#include "core/checkpoint/bundle_writer.h"
#include "core/checkpoint/path_match.h"
#include "core/checkpoint/table.h"
#include "core/checkpoint/tensor_slice.h"

namespace faultline {
namespace {

bool IsShardPrefix(const std::string& prefix) {
  return BaseName(prefix).starts_with("part-") &&
         BaseName(DirectoryOf(prefix)).find("_temp") != std::string::npos;
}

Status AddTensor(BundleWriter* writer, const std::string& name, const std::string& spec,
                 const Tensor& value) {
  if (spec.empty()) return writer->Add(name, value);
  FL_ASSIGN_OR_RETURN(const ShapeAndSlice parsed, ParseShapeAndSlice(spec));
  if (parsed.part != value.shape()) {
    return Status(
        Code::kInvalidArgument,
        fmt::format("Slice in shape_and_slice specification does not match the shape of the "
                    "tensor to save: {}, tensor: {}",
                    spec, value.shape().ToString()));
  }
  return writer->AddSlice(name, parsed.full, parsed.slice, value);
}

// CK-1103: without an index the reader of the first format is asked, which knows no V2 files.
Status NoIndex(FileSystem& files, const std::string& prefix, const std::string& first_name) {
  const Result<std::vector<std::string>> found = MatchingPaths(files, prefix);
  if (!found.ok()) {
    return Status(Code::kInvalidArgument,
                  fmt::format("Unsuccessful TensorSliceReader constructor: Failed to get matching "
                              "files on {}: {}",
                              prefix, found.status().ToString()));
  }
  if (found->empty()) {
    return Status(
        Code::kNotFound,
        "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for " +
            prefix);
  }
  const Result<std::string> content = ReadFile(files, found->front());
  Status cause = content.status();
  if (content.ok()) cause = Table::Open(*content).status();
  if (cause.ok()) {  // some table, but none that could be read for its tensors
    return Status(
        Code::kNotFound,
        fmt::format("Tensor name \"{}\" not found in checkpoint files {}", first_name, prefix));
  }
  return Status(
      Code::kDataLoss,
      fmt::format("Unable to open table file {}: {}: perhaps your file is in a different file "
                  "format and you need to use a different restore operator?",
                  found->front(), cause.ToString()));
}

// Positions in the order of the names.
std::vector<std::size_t> ByName(const std::vector<std::string>& names) {
  std::vector<std::size_t> order(names.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return names[a] < names[b]; });
  return order;
}

Status CheckTypes(const BundleReader& reader, const RestoreTensorsRequest& request,
                  const std::vector<std::size_t>& order) {
  std::string mismatches;
  for (const std::size_t i : order) {
    FL_ASSIGN_OR_RETURN(const BundleEntry entry, reader.Find(request.names[i]));
    if (entry.dtype == request.dtypes[i]) continue;
    if (!mismatches.empty()) mismatches += '\n';
    mismatches +=
        fmt::format("tensor_name = {}; expected dtype {} does not equal original dtype {}",
                    request.names[i], DataTypeName(request.dtypes[i]), DataTypeName(entry.dtype));
  }
  return mismatches.empty() ? Status() : Status(Code::kInvalidArgument, std::move(mismatches));
}

Result<Tensor> RestoreOne(BundleReader& reader, const std::string& name, const std::string& spec) {
  if (spec.empty()) return reader.Read(name);
  FL_ASSIGN_OR_RETURN(const ShapeAndSlice parsed, ParseShapeAndSlice(spec));
  FL_ASSIGN_OR_RETURN(const BundleEntry entry, reader.Find(name));
  if (entry.shape != parsed.full) {
    return Status(
        Code::kInvalidArgument,
        fmt::format("tensor_name = {}; shape in shape_and_slice spec {} does not match the "
                    "shape stored in checkpoint: {}",
                    name, parsed.full.ToString(), entry.shape.ToString()));
  }
  FL_ASSIGN_OR_RETURN(Tensor value, reader.ReadSlice(name, parsed.slice));
  // A stored whole has the shape of the part (CK-704).
  return value.Reshaped(parsed.part);
}

}  // namespace

Status SaveTensors(Env& env, const Semantics& semantics, const SaveTensorsRequest& request) {
  FL_ASSERT(request.names.size() == request.slices.size(), "{} names", request.names.size());
  FL_ASSERT(request.names.size() == request.tensors.size(), "{} names", request.names.size());
  BundleWriterOptions options;
  options.hardened = semantics.hardened_saves;
  options.shard = IsShardPrefix(request.prefix);
  BundleWriter writer(env, request.prefix, options);
  FL_RETURN_IF_ERROR(writer.status());
  for (std::size_t i = 0; i < request.names.size(); ++i) {
    FL_RETURN_IF_ERROR(AddTensor(&writer, request.names[i], request.slices[i], request.tensors[i]));
  }
  return writer.Finish();
}

Result<std::vector<Tensor>> RestoreTensors(Env& env, const Semantics& semantics,
                                           const RestoreTensorsRequest& request) {
  FL_ASSERT(request.names.size() == request.slices.size(), "{} names", request.names.size());
  FL_ASSERT(request.names.size() == request.dtypes.size(), "{} names", request.names.size());
  const Result<std::vector<std::string>> index =
      MatchingPaths(env.files, IndexFileName(request.prefix));
  if (!index.ok() || index->empty()) {
    return NoIndex(env.files, request.prefix, request.names.empty() ? "" : request.names[0]);
  }
  FL_ASSIGN_OR_RETURN(const auto reader, BundleReader::Open(env.files, request.prefix,
                                                            BundleReaderOptions::From(semantics)));
  const std::vector<std::size_t> order = ByName(request.names);
  FL_RETURN_IF_ERROR(CheckTypes(*reader, request, order));
  std::vector<Tensor> values(request.names.size());
  for (const std::size_t i : order) {
    FL_ASSIGN_OR_RETURN(values[i], RestoreOne(*reader, request.names[i], request.slices[i]));
  }
  return values;
}

}  // namespace faultline
