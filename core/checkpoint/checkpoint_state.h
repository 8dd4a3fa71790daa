#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/semantics.h"
#include "core/env/env.h"

namespace faultline {

// The state file of a directory (CK-17xx).
struct CheckpointState {
  std::string model_checkpoint_path;
  std::vector<std::string> all_model_checkpoint_paths;  // oldest first
  std::vector<double> all_model_checkpoint_timestamps;
  std::optional<double> last_preserved_timestamp;
  friend bool operator==(const CheckpointState&, const CheckpointState&) = default;
};

inline constexpr std::string_view kDefaultStateFile = "checkpoint";

// Builds the state to write (CK-1703..CK-1705). ValueError for timestamps that do not match.
Result<CheckpointState> GenerateCheckpointState(const std::string& save_dir,
                                                const std::string& model_checkpoint_path,
                                                std::vector<std::string> all_paths,
                                                std::vector<double> timestamps = {},
                                                std::optional<double> last_preserved = {},
                                                bool save_relative_paths = false);
// The exact bytes of the file (CK-1702).
std::string FormatCheckpointState(const CheckpointState& state);

struct UpdateStateOptions {
  std::string latest_filename{kDefaultStateFile};
  bool save_relative_paths = false;
  bool durable = false;  // sync the file and its directory (hardened saves)
};
// Builds and writes the state atomically (CK-1706, CK-1707) and announces StateWritten.
Status UpdateCheckpointState(Env& env, const std::string& save_dir,
                             const std::string& model_checkpoint_path,
                             std::vector<std::string> all_paths, const UpdateStateOptions& options);

// SM-18, CK-1708..CK-1711: empty when there is no state, and, under TF semantics, when the file is
// unreadable or not parsable (with warnings). ValueError without a latest path. With
// `unreadable_is_not_absent` an unreadable or unparsable file is an error: DATA_LOSS or the file
// system's. Announces StateRead.
Result<std::optional<CheckpointState>> GetCheckpointState(
    Env& env, const Semantics& semantics, const std::string& directory,
    const std::string& latest_filename = std::string(kDefaultStateFile));

// CK-1801: the newest checkpoint's path, or empty.
Result<std::string> LatestCheckpoint(
    Env& env, const std::string& directory,
    const std::string& latest_filename = std::string(kDefaultStateFile));
// CK-1802, CK-1803.
Result<bool> CheckpointExists(Env& env, const std::string& prefix);
// CK-1804: wall times, for the prefixes that exist.
Result<std::vector<TimePoint>> GetCheckpointMtimes(Env& env,
                                                   const std::vector<std::string>& prefixes);
// CK-1805.
Status RemoveCheckpoint(Env& env, const std::string& prefix,
                        const std::string& meta_graph_suffix = "meta");
// CK-206.
std::string MetaGraphFileName(const std::string& prefix,
                              const std::string& meta_graph_suffix = "meta");
// Writes through a temporary name and renames (CK-207, CK-1707); `durable` also syncs.
Status WriteFileAtomically(Env& env, const std::string& path, std::string_view content,
                           bool durable = false);
// CK-2201: writes `<directory>/<name>` as text, making directories; returns the path.
Result<std::string> WriteGraph(Env& env, const class Graph& graph, const std::string& directory,
                               const std::string& name = "graph.pbtxt");

// Whether every byte that `prefix` promises is there and verifies: index, all data files, all
// checksums (CK-2002). Used by fall_back_to_complete and by checkers. OK, or what is wrong.
Status VerifyCheckpoint(FileSystem& files, const std::string& prefix);
// The newest checkpoint of a state that verifies: its latest path, else its list from the newest
// on. Empty if none does. Used by fall_back_to_complete.
Result<std::string> NewestCompleteCheckpoint(Env& env, const CheckpointState& state);

}  // namespace faultline
