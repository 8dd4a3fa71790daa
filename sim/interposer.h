#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/status.h"
#include "core/env/observer.h"

namespace faultline::sim {

class Node;

enum class FileOperation : std::uint8_t {
  kCreate,
  kAppend,
  kFlush,
  kSync,
  kClose,
  kOpen,
  kRead,
  kSize,
  kStat,
  kList,
  kRename,
  kRemove,
  kMakeDirectory,
  kRemoveDirectory,
  kSyncDirectory,
};
inline constexpr int kFileOperations = 15;

// "Create", "Append", ... Static storage.
std::string_view FileOperationName(FileOperation operation);
bool ParseFileOperationName(std::string_view name, FileOperation* operation);

// One file call of a node.
struct FileCall {
  FileOperation operation = FileOperation::kStat;
  std::string_view path = {};  // as the program gave it
  std::string_view to = {};    // of Rename
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t number = 0;  // of this incarnation, from 1
};

// What shall become of a file call.
struct FileVerdict {
  // Not OK: what the call returns. Without `torn_bytes` it has no effect then.
  Status status;
  // Of Append: only so many of its bytes are written.
  std::optional<std::uint64_t> torn_bytes;
};

// One call of a node to another, seen by the caller or by the server.
struct CallInfo {
  std::string_view address = {};
  std::string_view method = {};
  std::string_view peer = {};  // name of the other node; "" while it is not known
  std::uint64_t number = 0;    // of the calling node's incarnation, from 1
};

// May strike at what nodes do; implemented by fault injectors. All functions may crash, pause or
// restart any node, the calling one included: a crash of the calling node unwinds the fiber from
// within the function. None may suspend. An injected Status reaches the program as it is.
class Interposer {
 public:
  virtual ~Interposer() = default;
  // Before the node's `turn`-th resumption of a fiber (from 1, over all incarnations). Runs outside
  // of fibers; if it crashes or pauses the node, the turn does not take place.
  virtual void OnTurn(Node& node, std::uint64_t turn);
  // On the announcing fiber, after the announcement has been traced.
  virtual void OnAnnounce(Node& node, Point point, std::span<const Field> fields);
  // On the calling fiber, before the effect and before its latency.
  virtual FileVerdict BeforeFile(Node& node, const FileCall& call);
  // After the effect; what it returns is what the program gets in place of `outcome`. OK in place
  // of an error is not allowed.
  virtual Status AfterFile(Node& node, const FileCall& call, const Status& outcome);
  // On the caller's fiber before anything is sent; an error is returned and nothing is sent.
  virtual Status BeforeCall(Node& caller, const CallInfo& call);
  // On the caller's fiber when the call has ended; as AfterFile.
  virtual Status AfterCall(Node& caller, const CallInfo& call, const Status& outcome);
  // On the server's fiber before the handler; an error is the answer and the handler does not run.
  virtual Status BeforeHandle(Node& server, const CallInfo& call);
  // On the server's fiber after the handler, before the answer is sent; as AfterFile.
  virtual Status AfterHandle(Node& server, const CallInfo& call, const Status& outcome);
};

}  // namespace faultline::sim
