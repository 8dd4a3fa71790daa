#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/base/semantics.h"
#include "core/checkpoint/bundle_format.h"
#include "core/checkpoint/table.h"
#include "core/env/file_system.h"
#include "core/tensor/tensor.h"

namespace faultline {

struct BundleReaderOptions {
  // CK-315: a key that lies in an unreadable block of the index is NOT_FOUND, as in TensorFlow,
  // instead of the block's error. CK-1001: so are all keys of the first block, header included.
  bool misses_hide_damage = false;
  // CK-1006: data that ends too early is DATA_LOSS instead of OUT_OF_RANGE.
  bool truncation_is_data_loss = false;

  // Unreadable is neither absent nor the end of input where `unreadable_is_not_absent` says so.
  static BundleReaderOptions From(const Semantics& semantics);
};

// Reads one checkpoint (CK-10xx). Calls may suspend. Damage of any kind is an error, never a crash
// and never a wrong value.
class BundleReader {
 public:
  // Reads the index. NOT_FOUND without one; DATA_LOSS, OUT_OF_RANGE, INTERNAL for a damaged one.
  static Result<std::unique_ptr<BundleReader>> Open(FileSystem& files, const std::string& prefix,
                                                    const BundleReaderOptions& options = {});

  const BundleHeader& header() const { return header_; }
  // Type and shape of a tensor. NOT_FOUND for an unknown name (CK-1004).
  Result<BundleEntry> Find(std::string_view name) const;
  // The whole of a tensor, put together from its slices if need be.
  Result<Tensor> Read(std::string_view name);
  // A part of it (CK-709).
  Result<Tensor> ReadSlice(std::string_view name, const TensorSlice& slice);

  // Everything but the header, in the order of the keys.
  Result<std::vector<std::pair<std::string, BundleEntry>>> Entries() const;
  // The tensors as a user sees them: without the entries of slices (CK-711).
  Result<std::vector<std::pair<std::string, BundleEntry>>> Tensors() const;

 private:
  BundleReader(FileSystem& files, std::string prefix, const BundleReaderOptions& options)
      : files_(files), prefix_(std::move(prefix)), options_(options) {}

  Status ReadHeader(std::string image);
  Result<Tensor> ReadValue(std::string_view key, const BundleEntry& entry);
  Result<Tensor> ReadNumeric(std::string_view key, const BundleEntry& entry);
  Result<Tensor> ReadStrings(std::string_view key, const BundleEntry& entry);
  Result<Tensor> Assemble(std::string_view name, const BundleEntry& entry, const TensorSlice& slice,
                          const std::vector<TensorSlice>& stored);
  Result<RandomAccessFile*> DataFile(const BundleEntry& entry);
  Status Truncated() const;

  FileSystem& files_;
  std::string prefix_;
  BundleReaderOptions options_;
  BundleHeader header_;
  std::unique_ptr<Table> table_;
  // Of Find: it keeps the block that it has verified, so that a thousand look-ups in one block read
  // it once. Null before the first and after an error.
  mutable std::unique_ptr<TableIterator> finder_;
  std::map<std::int32_t, std::unique_ptr<RandomAccessFile>> data_files_;
};

}  // namespace faultline
