#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace faultline {

// Tables of sorted keys as `P.index` holds them (CK-3xx), on LevelDB's table code. They are built
// and read as whole images in memory, so nothing here suspends (DESIGN 2.1(7)).
struct TableOptions {
  std::size_t block_size = 262144;
  int restart_interval = 16;
};

class TableBuilder {
 public:
  explicit TableBuilder(const TableOptions& options = {});
  ~TableBuilder();
  TableBuilder(const TableBuilder&) = delete;
  TableBuilder& operator=(const TableBuilder&) = delete;

  // INVALID_ARGUMENT unless `key` is greater than the last one (CK-305).
  Status Add(std::string_view key, std::string_view value);
  // The image. Call once, last.
  std::string Finish();

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

class TableIterator {
 public:
  virtual ~TableIterator() = default;
  virtual bool Valid() const = 0;
  virtual void SeekToFirst() = 0;
  // To the first key at or after `key`.
  virtual void Seek(std::string_view key) = 0;
  virtual void Next() = 0;
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  // The first error met; unreadable blocks are skipped (CK-314).
  virtual Status status() const = 0;
};

class Table {
 public:
  // DATA_LOSS or OUT_OF_RANGE for images that are no table (CK-311 .. CK-313).
  static Result<std::unique_ptr<Table>> Open(std::string image);
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  // The table must outlive it.
  std::unique_ptr<TableIterator> NewIterator() const;

 private:
  struct Rep;
  explicit Table(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

}  // namespace faultline
