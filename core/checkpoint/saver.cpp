#include "core/checkpoint/saver.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/checkpoint/bundle_commit.h"
#include "core/checkpoint/bundle_format.h"
#include "core/checkpoint/path_match.h"
#include "core/checkpoint/saver_graph.h"
#include "core/graph/meta_graph.h"
#include "core/summary/wall_seconds.h"

namespace faultline {
namespace {

constexpr double kSecondsPerHour = 3600;

// The step that a prefix ends with, or -1.
std::int64_t StepOfPrefix(std::string_view prefix) {
  const std::size_t dash = prefix.rfind('-');
  if (dash == std::string_view::npos || dash + 1 == prefix.size()) return -1;
  std::int64_t step = 0;
  for (const char c : prefix.substr(dash + 1)) {
    if (c < '0' || c > '9' || step > std::int64_t{1} << 58) return -1;
    step = step * 10 + (c - '0');
  }
  return step;
}

std::string PrefixOf(const std::string& save_path, const SaveOptions& options, bool pad) {
  if (!options.global_step) return save_path;
  return pad ? fmt::format("{}-{:08d}", save_path, *options.global_step)
             : fmt::format("{}-{}", save_path, *options.global_step);
}

std::string WithScope(const std::string& scope, const std::string& name) {
  return scope.empty() ? name : scope + "/" + name;
}

// CK-1602, CK-1603.
Status ExplainRestoreError(const Status& status) {
  const char* likely = nullptr;
  if (status.code() == Code::kNotFound)
    likely = "a Variable name or other graph key that is missing";
  if (status.code() == Code::kInvalidArgument) {
    likely = "a mismatch between the current graph and the graph";
  }
  if (likely == nullptr) return status;
  return status.WithMessage(
      fmt::format("Restoring from checkpoint failed. This is most likely due to {} from the "
                  "checkpoint. Please ensure that you have not altered the graph expected based on "
                  "the checkpoint. Original error:\n\n{}",
                  likely, status.message()));
}

// The output of that name, or a null one.
Output FindTensor(const Graph& graph, const std::string& name) {
  const Operation* op = graph.FindOperation(name.substr(0, name.find(':')));
  return op == nullptr ? Output() : graph.FindOutput(name);
}

}  // namespace

// What one save is about.
struct Saver::Target {
  std::string prefix;
  std::int64_t step = -1;
};

Saver::Saver(Runtime& runtime, Graph& graph, SaverOptions options)
    : runtime_(runtime), graph_(graph), options_(std::move(options)) {
  if (options_.defer_build && !options_.variables.empty()) {  // CK-1302
    throw ValueError(
        "If variables are given then build cannot be deferred. Either set defer_build=False or "
        "give "
        "no variables.");
  }
  if (!options_.defer_build) Build();
}

Saver::Saver(Runtime& runtime, Graph& graph, SaverDef def, const std::string& import_scope)
    : runtime_(runtime), graph_(graph), def_(std::move(def)) {
  if (def_.save_tensor_name.empty() || def_.restore_op_name.empty()) {
    throw ValueError("The saver's description must name the save tensor and the restore op: " +
                     def_.save_tensor_name + ", " + def_.restore_op_name);
  }
  def_.filename_tensor_name = WithScope(import_scope, def_.filename_tensor_name);
  def_.save_tensor_name = WithScope(import_scope, def_.save_tensor_name);
  def_.restore_op_name = WithScope(import_scope, def_.restore_op_name);
  built_ = true;
  next_preserve_ = WallSeconds(runtime_.env.clock.WallNow()) +
                   static_cast<double>(def_.keep_checkpoint_every_n_hours) * kSecondsPerHour;
}

void Saver::Build() {
  if (built_) return;
  const Saveables saveables = CollectSaveables(graph_, options_);
  if (saveables.empty() && !options_.allow_empty) throw ValueError("No variables to save");
  empty_ = saveables.empty();
  if (!empty_) def_ = BuildSaverNodes(graph_, runtime_.env.random, options_, saveables);
  def_.max_to_keep = options_.max_to_keep;
  def_.sharded = options_.sharded;
  def_.keep_checkpoint_every_n_hours = static_cast<float>(options_.keep_checkpoint_every_n_hours);
  built_ = true;
  // CK-1309, with the figure rounded as the description holds it (CK-1307).
  next_preserve_ = WallSeconds(runtime_.env.clock.WallNow()) +
                   static_cast<double>(def_.keep_checkpoint_every_n_hours) * kSecondsPerHour;
}

std::string Saver::Save(Session& session, const std::string& save_path,
                        const SaveOptions& options) {
  Result<std::string> saved = TrySave(session, save_path, options);
  ThrowIfError(saved.status());
  return std::move(saved).value();
}

void Saver::Restore(Session& session, const std::string& save_path) {
  ThrowIfError(TryRestore(session, save_path));
}

Status Saver::CheckSave(const std::string& save_path, const SaveOptions& options) const {
  if (!built_) {
    return Status(Code::kRuntimeError,
                  "`build()` should be called before save if defer_build==True");
  }
  if (options.latest_filename.find('/') != std::string::npos) {
    return Status(Code::kValueError, "'latest_filename' must not contain path components");
  }
  if (!options.global_step && !def_.sharded && BaseName(save_path) == options.latest_filename) {
    return Status(Code::kValueError,
                  fmt::format("'latest_filename' collides with 'save_path': '{}' and '{}'",
                              options.latest_filename, save_path));
  }
  return Status();
}

Result<std::string> Saver::TrySave(Session& session, const std::string& save_path,
                                   const SaveOptions& options) {
  FL_RETURN_IF_ERROR(CheckSave(save_path, options));
  const Target target{PrefixOf(save_path, options, options_.pad_step_number),
                      options.global_step.value_or(-1)};
  Observer& observer = runtime_.env.observer;
  observer.Announce(Point::kSaveStart, {{"prefix", std::string_view(target.prefix)},
                                        {"step", target.step},
                                        {"session", static_cast<std::int64_t>(session.id())},
                                        {"meta", std::int64_t{options.write_meta_graph ? 1 : 0}}});
  Result<std::string> saved = SaveFiles(session, save_path, target, options);
  observer.Announce(Point::kSaveDone,
                    {{"prefix", std::string_view(target.prefix)},
                     {"step", target.step},
                     {"code", CodeName(saved.status().code())},
                     {"durable", std::int64_t{runtime_.semantics.hardened_saves ? 1 : 0}}});
  return saved;
}

Result<std::string> Saver::SaveFiles(Session& session, const std::string& save_path,
                                     const Target& target, const SaveOptions& options) {
  std::string written;
  if (!empty_) {
    const std::string directory = DirectoryOf(save_path);
#ifdef FL_MUTANTS
    if (runtime_.semantics.mutant_state_before_checkpoint && options.write_state) {
      FL_RETURN_IF_ERROR(WriteState(target.prefix, directory, options));
    }
#endif
    Result<std::string> prefix = RunSaveOp(session, target.prefix);
    Status done = prefix.status();
    if (done.ok() && options.write_state) done = Commit(*prefix, directory, options);
    if (done.code() == Code::kNotFound || done.code() == Code::kFailedPrecondition) {  // CK-1404
      const Result<FileInfo> parent = runtime_.env.files.Stat(directory.empty() ? "." : directory);
      if (!parent.ok() || !parent->is_directory) {
        return Status(Code::kValueError,
                      fmt::format("Parent directory of {} doesn't exist, can't save.", save_path));
      }
    }
    if (!done.ok()) return done;
    written = std::move(prefix).value();
  }
  if (options.write_meta_graph) FL_RETURN_IF_ERROR(WriteMetaGraph(target.prefix, options));
  return written;
}

Result<std::string> Saver::RunSaveOp(Session& session, const std::string& prefix) {
  const Output filename = FindTensor(session.graph(), def_.filename_tensor_name);
  const Output saved = FindTensor(session.graph(), def_.save_tensor_name);
  if (!filename || !saved) {
    return Status(Code::kValueError,
                  "The session's graph has no nodes of this saver: " + def_.save_tensor_name);
  }
  RunRequest request;
  request.fetches = Fetch(saved);
  request.feeds.Add(filename, Tensor::Scalar(prefix));
  request.context.cause = Cause::kSave;
  FL_ASSIGN_OR_RETURN(const Fetched fetched, session.TryRun(request));
  return fetched.scalar<std::string>();
}

Status Saver::Commit(const std::string& prefix, const std::string& directory,
                     const SaveOptions& options) {
  Record(prefix);
  if (def_.sharded) AnnounceSubStep(runtime_.env, prefix, "SH8");
  // The state is written before anything is deleted, so that it never lists what is going
  // (CK-1502).
  FL_RETURN_IF_ERROR(WriteState(prefix, directory, options));
  MaybeDeleteOldest(options);
  return Status();
}

Status Saver::WriteState(const std::string& prefix, const std::string& directory,
                         const SaveOptions& options) {
  UpdateStateOptions state;
  state.latest_filename = options.latest_filename;
  state.save_relative_paths = options_.save_relative_paths;
  state.durable = runtime_.semantics.hardened_saves;
  return UpdateCheckpointState(runtime_.env, directory, prefix, last_checkpoints(), state);
}

void Saver::Record(const std::string& prefix) {
  if (def_.max_to_keep == 0) return;
  // The list is walked while entries leave it, so the one after a removed entry is passed over
  // (CK-1509).
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    if (kept_[i].first == prefix) kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  kept_.emplace_back(prefix, WallSeconds(runtime_.env.clock.WallNow()));
  if (runtime_.semantics.hardened_saves) {
    // What is saved anew must not be deleted by an eviction that a failed save left behind.
    std::erase_if(doomed_, [&](const auto& entry) { return entry.first == prefix; });
  }
  if (static_cast<int>(kept_.size()) > def_.max_to_keep) {
    doomed_.push_back(std::move(kept_.front()));
    kept_.erase(kept_.begin());
  }
}

void Saver::MaybeDeleteOldest(const SaveOptions& options) {
  if (doomed_.empty()) return;
  const auto [prefix, time] = std::move(doomed_.front());
  doomed_.erase(doomed_.begin());
  if (time > next_preserve_) {  // CK-1503
    next_preserve_ += static_cast<double>(def_.keep_checkpoint_every_n_hours) * kSecondsPerHour;
    return;
  }
  Env& env = runtime_.env;
  AnnounceSubStep(env, prefix, "N9");
  const Status removed = RemoveCheckpoint(env, prefix, options.meta_graph_suffix);
  if (!removed.ok()) {
    env.logger.Log(LogLevel::kWarning, "Ignoring: " + removed.ToString());
    return;
  }
  env.observer.Announce(Point::kCheckpointRemoved, {{"prefix", std::string_view(prefix)}});
}

const std::string& Saver::MetaGraph(bool strip_default_attrs) {
  // Collections may change while the graph is under construction, so only a final one is kept.
  const bool kept = graph_.finalized() && meta_graph_version_ == graph_.version() &&
                    meta_graph_stripped_ == strip_default_attrs && !meta_graph_.empty();
  if (!kept) {
    meta_graph_ = SerializeMetaGraph(graph_, {.serialized_saver_def = def_.Serialize(),
                                              .strip_default_attrs = strip_default_attrs});
    meta_graph_version_ = graph_.finalized() ? graph_.version() : 0;
    meta_graph_stripped_ = strip_default_attrs;
  }
  return meta_graph_;
}

Status Saver::WriteMetaGraph(const std::string& prefix, const SaveOptions& options) {
  Env& env = runtime_.env;
  const std::string path = MetaGraphFileName(prefix, options.meta_graph_suffix);
  const std::string meta_graph = MetaGraph(options.strip_default_attrs);
  const std::string directory = DirectoryOf(path);
  FL_ASSIGN_OR_RETURN(const bool exists,
                      FileExists(env.files, directory.empty() ? "." : directory));
  if (!exists) FL_RETURN_IF_ERROR(MakeDirectories(env.files, directory));
  AnnounceSubStep(env, prefix, "N10");
  return WriteFileAtomically(env, path, meta_graph, runtime_.semantics.hardened_saves);
}

Status Saver::TryRestore(Session& session, const std::string& save_path) {
  if (!built_) {
    return Status(Code::kRuntimeError,
                  "`build()` should be called before restore if defer_build==True");
  }
  Observer& observer = runtime_.env.observer;
  const auto session_id = static_cast<std::int64_t>(session.id());
  observer.Announce(Point::kRestoreStart,
                    {{"session", session_id}, {"path", std::string_view(save_path)}});
  const Status restored = RestoreFiles(session, save_path);
  observer.Announce(Point::kRestoreDone, {{"session", session_id},
                                          {"path", std::string_view(save_path)},
                                          {"step", StepOfPrefix(save_path)},
                                          {"code", CodeName(restored.code())}});
  return restored;
}

Status Saver::RestoreFiles(Session& session, const std::string& save_path) {
  if (empty_) return Status();
  if (save_path.empty()) return Status(Code::kValueError, "Can't load save_path when it is None.");
  FL_ASSIGN_OR_RETURN(const bool exists, CheckpointExists(runtime_.env, save_path));
  if (!exists) {
    return Status(Code::kValueError,
                  "The passed save_path is not a valid checkpoint: " + save_path);
  }
  const Status restored = RunRestoreOp(session, save_path);
  if (restored.code() == Code::kNotFound) FL_RETURN_IF_ERROR(LookForObjects(save_path));
  return ExplainRestoreError(restored);
}

Status Saver::LookForObjects(const std::string& prefix) {
  FileSystem& files = runtime_.env.files;
  FL_ASSIGN_OR_RETURN(const auto indexes, MatchingPaths(files, IndexFileName(prefix)));
  if (indexes.empty()) return Status();  // of the first format
  const Status literal = files.Stat(IndexFileName(prefix)).status();
  return literal.code() == Code::kNotFound ? Status(Code::kUnknown, literal.message()) : Status();
}

Status Saver::RunRestoreOp(Session& session, const std::string& prefix) {
  const Output filename = FindTensor(session.graph(), def_.filename_tensor_name);
  Operation* restore = session.graph().FindOperation(def_.restore_op_name);
  if (!filename || restore == nullptr) {
    return Status(Code::kValueError,
                  "The session's graph has no nodes of this saver: " + def_.restore_op_name);
  }
  RunRequest request;
  request.fetches = Fetch(restore);
  request.feeds.Add(filename, Tensor::Scalar(prefix));
  request.context.cause = Cause::kRestore;
  return session.TryRun(request).status();
}

std::vector<std::string> Saver::last_checkpoints() const {
  std::vector<std::string> paths;
  for (const auto& [path, time] : kept_) paths.push_back(path);
  return paths;
}

void Saver::SetLastCheckpoints(const std::vector<std::string>& paths) {
  kept_.clear();
  for (const std::string& path : paths) {
    kept_.emplace_back(path, std::numeric_limits<double>::infinity());
  }
}

void Saver::SetLastCheckpointsWithTime(std::vector<std::pair<std::string, double>> entries) {
  kept_ = std::move(entries);
}

void Saver::RecoverLastCheckpoints(const std::vector<std::string>& paths) {
  ThrowIfError(TryRecoverLastCheckpoints(paths));
}

Status Saver::TryRecoverLastCheckpoints(const std::vector<std::string>& paths) {
  std::vector<std::pair<std::string, double>> found;
  for (const std::string& path : paths) {
    const Result<std::vector<TimePoint>> times = GetCheckpointMtimes(runtime_.env, {path});
    if (!times.ok() && times.status().code() == Code::kNotFound) continue;
    if (!times.ok()) return times.status();
    if (!times->empty()) found.emplace_back(path, WallSeconds(times->front()));
  }
  kept_ = std::move(found);
  return Status();
}

}  // namespace faultline
