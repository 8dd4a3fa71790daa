#include "faults/match.h"

#include <cstddef>
#include <string>

namespace faultline::faults {
namespace {

bool OperationMatches(v1::FileCall wanted, sim::FileOperation operation) {
  using sim::FileOperation;
  switch (wanted) {
    case v1::CREATE:
      return operation == FileOperation::kCreate;
    case v1::APPEND:
      return operation == FileOperation::kAppend;
    case v1::SYNC:
      return operation == FileOperation::kSync;
    case v1::CLOSE_FILE:
      return operation == FileOperation::kClose;
    case v1::RENAME:
      return operation == FileOperation::kRename;
    case v1::REMOVE:
      return operation == FileOperation::kRemove || operation == FileOperation::kRemoveDirectory;
    case v1::OPEN_FILE:
      return operation == FileOperation::kOpen;
    case v1::READ:
      return operation == FileOperation::kRead;
    case v1::STAT:
      return operation == FileOperation::kStat || operation == FileOperation::kSize;
    case v1::LIST:
      return operation == FileOperation::kList;
    case v1::MAKE_DIRECTORY:
      return operation == FileOperation::kMakeDirectory;
    case v1::SYNC_DIRECTORY:
      return operation == FileOperation::kSyncDirectory;
    default:
      return true;
  }
}

}  // namespace

bool GlobMatches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool FileCallMatches(const v1::Fault& fault, const sim::FileCall& call) {
  if (!OperationMatches(fault.file_call(), call.operation)) return false;
  if (fault.path().empty()) return true;
  return GlobMatches(fault.path(), call.path) ||
         (!call.to.empty() && GlobMatches(fault.path(), call.to));
}

bool PointMatches(const v1::AtPoint& at, Point point, std::span<const Field> fields) {
  if (PointName(point) != at.point()) return false;
  if (at.field().empty()) return true;
  for (const Field& field : fields) {
    if (field.name != at.field()) continue;
    const auto* text = std::get_if<std::string_view>(&field.value);
    if (text != nullptr) return *text == at.value();
    return std::to_string(std::get<std::int64_t>(field.value)) == at.value();
  }
  return false;
}

bool CallMatches(v1::CallKind wanted, v1::CallKind kind) {
  if (wanted == kind) return true;
  return wanted == v1::RUN && kind != v1::OPEN && kind != v1::CLOSE;
}

}  // namespace faultline::faults
