#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/checkpoint/checkpoint_state.h"
#include "core/exec/runtime.h"
#include "core/exec/session.h"
#include "core/graph/graph.h"

namespace faultline {

// CK-1301. Defaults are TensorFlow's.
struct SaverOptions {
  // Checkpoint name and variable; empty: all global variables at build time, under their names.
  std::vector<std::pair<std::string, Variable>> variables = {};
  bool reshape = false;
  bool sharded = false;
  int max_to_keep = 5;  // 0: keep all, and keep no list (CK-1306)
  double keep_checkpoint_every_n_hours = 10000.0;
  std::string name = "save";
  bool restore_sequentially = false;
  bool defer_build = false;
  bool allow_empty = false;
  bool pad_step_number = false;
  bool save_relative_paths = false;
  std::string filename = "model";
};

struct SaveOptions {
  std::optional<std::int64_t> global_step = {};
  std::string latest_filename{kDefaultStateFile};
  bool write_meta_graph = true;
  bool write_state = true;
  bool strip_default_attrs = false;
  std::string meta_graph_suffix = "meta";
};

// Names of the nodes that save and restore (CK-1307).
struct SaverDef {
  std::string filename_tensor_name;
  std::string save_tensor_name;
  std::string restore_op_name;
  int max_to_keep = 5;
  bool sharded = false;
  float keep_checkpoint_every_n_hours = 10000.0F;
  std::string Serialize() const;  // version V2
  // Out of a serialized message, as an imported meta graph holds it. INVALID_ARGUMENT for bytes
  // that are none, and for a version of checkpoints other than V2.
  static Result<SaverDef> Parse(std::string_view serialized);
};

// Saves and restores a graph's variables and keeps the list of recent checkpoints (CK-13..CK-16).
// Public API: throws typed errors. Save, Restore and the list may suspend.
class Saver : public CollectionObject {
 public:
  // Adds the nodes to `graph` now, unless defer_build. `graph` and `runtime` outlive the saver.
  Saver(Runtime& runtime, Graph& graph, SaverOptions options = {});
  // On nodes that are there already (CK-1308); an import scope, if given, stands before their
  // names. ValueError without names of the save tensor and the restore op.
  Saver(Runtime& runtime, Graph& graph, SaverDef def, const std::string& import_scope = "");

  // CK-1302; does nothing the second time.
  void Build();
  bool built() const { return built_; }
  // True when it has no variables: it saves and restores nothing (CK-1303).
  bool empty() const { return empty_; }
  const SaverDef& def() const { return def_; }
  std::string Serialize() const override { return def_.Serialize(); }
  // Serialized MetaGraphDef of its graph with this saver; kept from the final graph on.
  const std::string& MetaGraph(bool strip_default_attrs = false);

  // CK-14xx: returns the prefix; empty for an empty saver.
  std::string Save(Session& session, const std::string& save_path, const SaveOptions& options = {});
  // CK-16xx.
  void Restore(Session& session, const std::string& save_path);
  // The same below the API; the session layer uses these.
  Result<std::string> TrySave(Session& session, const std::string& save_path,
                              const SaveOptions& options);
  Status TryRestore(Session& session, const std::string& save_path);

  // CK-1501: paths kept, oldest first.
  std::vector<std::string> last_checkpoints() const;
  // CK-1506: every entry is kept for ever.
  void SetLastCheckpoints(const std::vector<std::string>& paths);
  // Wall times in seconds; infinity for "for ever".
  void SetLastCheckpointsWithTime(std::vector<std::pair<std::string, double>> entries);
  std::vector<std::pair<std::string, double>> last_checkpoints_with_time() const { return kept_; }
  // CK-1507, SM-17: paths whose files are gone are dropped.
  void RecoverLastCheckpoints(const std::vector<std::string>& paths);
  Status TryRecoverLastCheckpoints(const std::vector<std::string>& paths);

 private:
  struct Target;

  Status CheckSave(const std::string& save_path, const SaveOptions& options) const;
  Result<std::string> SaveFiles(Session& session, const std::string& save_path,
                                const Target& target, const SaveOptions& options);
  Result<std::string> RunSaveOp(Session& session, const std::string& prefix);
  Status RestoreFiles(Session& session, const std::string& save_path);
  Status RunRestoreOp(Session& session, const std::string& prefix);
  // The error of looking for an object graph after a NOT_FOUND, if that fails itself (CK-1602).
  Status LookForObjects(const std::string& prefix);
  Status Commit(const std::string& prefix, const std::string& directory,
                const SaveOptions& options);
  Status WriteState(const std::string& prefix, const std::string& directory,
                    const SaveOptions& options);
  void Record(const std::string& prefix);
  void MaybeDeleteOldest(const SaveOptions& options);
  Status WriteMetaGraph(const std::string& prefix, const SaveOptions& options);

  Runtime& runtime_;
  Graph& graph_;
  SaverOptions options_;
  SaverDef def_;
  bool built_ = false;
  bool empty_ = false;
  std::vector<std::pair<std::string, double>> kept_;
  std::vector<std::pair<std::string, double>> doomed_;
  double next_preserve_ = std::numeric_limits<double>::infinity();
  std::string meta_graph_;  // rendered once for each graph version (DESIGN 2.1(13))
  std::uint64_t meta_graph_version_ = 0;
  bool meta_graph_stripped_ = false;
};

// A saver on the nodes of an imported graph that its serialized SaverDef names (CK-1308). Throws
// what Saver's constructor throws, InvalidArgumentError for a damaged message, ValueError if
// `graph` lacks one of the nodes.
std::unique_ptr<Saver> SaverFromSerialized(Runtime& runtime, Graph& graph,
                                           std::string_view serialized_saver_def,
                                           const std::string& import_scope = "");

}  // namespace faultline
