// Phase 1 of prepare and recover: opening and restoring (SM-11..SM-19).

#include "core/session/session_manager.h"

#include <utility>

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/session/session_log.h"

namespace faultline {

namespace {

// What VerifyCheckpoint says of a checkpoint that will never be readable again. Other errors may
// pass, so that an older checkpoint must not take its place (INV-7).
bool IsGoneOrDamaged(const Status& status) {
  switch (status.code()) {
    case Code::kNotFound:
    case Code::kDataLoss:
    case Code::kOutOfRange:
    case Code::kInvalidArgument:
    case Code::kValueError:
      return true;
    default:
      return false;
  }
}

}  // namespace

Status SessionManager::OpenAndRestore(const PrepareOptions& options, Opened* opened) {
  FL_ASSIGN_OR_RETURN(opened->session, OpenSession(options.target, options.config));
  const bool has_dir = !options.checkpoint_dir.empty();
  const bool has_file = !options.checkpoint_filename_with_path.empty();
  if (has_dir && has_file) {  // SM-11
    return Status(Code::kValueError,
                  "checkpoint_dir and checkpoint_filename_with_path must not both be given");
  }
  if (!options.saver || (!has_dir && !has_file)) return Status();  // SM-12
  if (has_file) {                                                  // SM-13
    opened->checkpoint = options.checkpoint_filename_with_path;
    FL_RETURN_IF_ERROR(RestorePath(*opened->session, *options.saver, opened->checkpoint));
    opened->restored = true;
    return Status();
  }
  FL_ASSIGN_OR_RETURN(const std::optional<CheckpointState> state, AwaitState(options));
  if (!state) return Status();
  return RestoreState(options, *state, opened);
}

Result<std::optional<CheckpointState>> SessionManager::AwaitState(const PrepareOptions& options) {
  Env& env = runtime_.env;
  Duration waited;  // SM-14: planned sleeps, not measured time
  while (true) {
    FL_ASSIGN_OR_RETURN(std::optional<CheckpointState> state,
                        GetCheckpointState(env, runtime_.semantics, options.checkpoint_dir));
    if (state || !options.wait_for_checkpoint || waited >= options.max_wait) return state;
    internal::SessionLog(env).WaitsForCheckpoint(options.checkpoint_dir, waited);
    SleepFor(env, "a checkpoint in " + options.checkpoint_dir, options_.recovery_wait);
    waited += options_.recovery_wait;
  }
}

Status SessionManager::RestoreState(const PrepareOptions& options, const CheckpointState& found,
                                    Opened* opened) {
  CheckpointState state = found;
  FL_ASSIGN_OR_RETURN(opened->checkpoint, ChooseCheckpoint(*options.saver, &state));
  FL_RETURN_IF_ERROR(RestorePath(*opened->session, *options.saver, opened->checkpoint));
  opened->restored = true;
  // SM-16: so that rotation goes on where the former process stopped.
  return CallUser([&] { options.saver->RecoverLastCheckpoints(state.all_model_checkpoint_paths); });
}

Result<std::string> SessionManager::ChooseCheckpoint(const Saver& saver, CheckpointState* state) {
#ifdef FL_MUTANTS
  const bool oldest = runtime_.semantics.mutant_restore_oldest;
  if (oldest && !state->all_model_checkpoint_paths.empty()) {
    return state->all_model_checkpoint_paths.front();
  }
#endif
  const std::string latest = state->model_checkpoint_path;
  if (!runtime_.semantics.fall_back_to_complete || saver.empty()) return latest;  // SM-19
  std::vector<std::string> candidates = state->all_model_checkpoint_paths;
  std::erase(candidates, latest);
  candidates.push_back(latest);
  Status first_failure;
  while (!candidates.empty()) {
    const std::string path = candidates.back();
    const Status status = VerifyCheckpoint(runtime_.env.files, path);
    if (status.ok()) return path;
    if (!IsGoneOrDamaged(status)) return status;
    Log(LogLevel::kWarning,
        fmt::format("checkpoint {} cannot be restored: {}", path, status.ToString()));
    if (first_failure.ok()) first_failure = status;
    candidates.pop_back();
    std::erase(state->all_model_checkpoint_paths, path);
  }
  return first_failure;  // never initialise over a state that once was
}

Status SessionManager::RestorePath(Session& session, Saver& saver, const std::string& path) {
  internal::SessionLog log(runtime_.env);
  log.Restores(session.id(), path);
  FL_RETURN_IF_ERROR(saver.TryRestore(session, path));
  log.Restored(session.id(), path);
  return Status();
}

}  // namespace faultline
