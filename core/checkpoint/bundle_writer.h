#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/checkpoint/buffered_file.h"
#include "core/checkpoint/bundle_format.h"
#include "core/env/env.h"
#include "core/tensor/tensor.h"

namespace faultline {

struct BundleWriterOptions {
  std::int64_t data_alignment = 1;  // CK-501
  std::size_t block_size = 262144;  // of the index
  // Hardened saves (CK-2007): synced, and an existing checkpoint of the prefix stays whole until
  // the new one is.
  bool hardened = false;
  // One shard of a sharded save: its sub-steps are announced as SH1 and SH2 besides N2 to N6.
  bool shard = false;
};

// Writes one checkpoint of one data file (CK-8xx), in TensorFlow's order of file operations.
// Everything may suspend, the constructor included.
class BundleWriter {
 public:
  // Makes the directory (one level) and the temporary data file. The Env must outlive it.
  BundleWriter(Env& env, std::string prefix, const BundleWriterOptions& options = {});
  BundleWriter(const BundleWriter&) = delete;
  BundleWriter& operator=(const BundleWriter&) = delete;

  // The first error; it is returned by every later call (CK-802).
  const Status& status() const { return status_; }
  // A whole tensor. INVALID_ARGUMENT "Adding duplicate key".
  Status Add(const std::string& name, const Tensor& value);
  // A part of a tensor of the full shape (CK-704, CK-705).
  Status AddSlice(const std::string& name, const TensorShape& full, const TensorSlice& slice,
                  const Tensor& value);
  // Gives the files their names. INTERNAL when called a second time (CK-804). Without it the
  // temporary data file stays behind.
  Status Finish();

 private:
  Status Open();
  Status AddEntry(const std::string& key, const Tensor& value);
  Status AppendValue(const Tensor& value, BundleEntry* entry);
  Status AddSliceEntries(const std::string& name, const TensorShape& full, const TensorSlice& slice,
                         const Tensor& value);
  Status Pad();
  Status FinishPlain();
  Status FinishHardened();

  Env& env_;
  std::string prefix_;
  BundleWriterOptions options_;
  std::string temporary_data_;
  std::string temporary_index_;
  std::unique_ptr<BufferedFile> data_;
  BundleEntries entries_;
  bool announced_payload_ = false;
  bool closed_ = false;
  Status status_;
};

}  // namespace faultline
