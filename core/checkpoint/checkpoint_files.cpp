#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/checkpoint/bundle_format.h"
#include "core/checkpoint/bundle_reader.h"
#include "core/checkpoint/checkpoint_state.h"
#include "core/checkpoint/path_match.h"
#include "core/graph/graph.h"

namespace faultline {
namespace {

// Paths that make a prefix count as existing: its index, else what has the plain name (CK-1802).
Result<std::vector<std::string>> Evidence(Env& env, const std::string& prefix) {
  FL_ASSIGN_OR_RETURN(std::vector<std::string> found,
                      MatchingPaths(env.files, IndexFileName(prefix)));
  if (!found.empty()) return found;
  return MatchingPaths(env.files, prefix);
}

Status RemoveMatching(Env& env, const std::string& pattern) {
  FL_ASSIGN_OR_RETURN(const std::vector<std::string> paths, MatchingPaths(env.files, pattern));
  for (const std::string& path : paths) FL_RETURN_IF_ERROR(env.files.Remove(path));
  return Status();
}

// Length of the digits (and question marks, if allowed) at the end of `text`.
std::size_t DigitsAtEnd(std::string_view text, bool question_marks) {
  std::size_t n = 0;
  while (n < text.size()) {
    const char c = text[text.size() - 1 - n];
    if (!(c >= '0' && c <= '9') && !(question_marks && c == '?')) break;
    ++n;
  }
  return n;
}

}  // namespace

Result<std::string> LatestCheckpoint(Env& env, const std::string& directory,
                                     const std::string& latest_filename) {
  FL_ASSIGN_OR_RETURN(const auto state,
                      GetCheckpointState(env, Semantics::Tf(), directory, latest_filename));
  if (!state) return std::string();
  FL_ASSIGN_OR_RETURN(const bool exists, CheckpointExists(env, state->model_checkpoint_path));
  if (exists) return state->model_checkpoint_path;
  env.logger.Log(LogLevel::kError,
                 "Couldn't match files for checkpoint " + state->model_checkpoint_path);
  return std::string();
}

Result<bool> CheckpointExists(Env& env, const std::string& prefix) {
  FL_ASSIGN_OR_RETURN(const std::vector<std::string> found, Evidence(env, prefix));
  return !found.empty();
}

Result<std::vector<TimePoint>> GetCheckpointMtimes(Env& env,
                                                   const std::vector<std::string>& prefixes) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  std::vector<TimePoint> times;
  for (const std::string& prefix : prefixes) {
    FL_ASSIGN_OR_RETURN(const std::vector<std::string> found, Evidence(env, prefix));
    if (found.empty()) continue;
    FL_ASSIGN_OR_RETURN(const FileInfo info, env.files.Stat(found.front()));
    // Whole seconds, as upstream on POSIX (CK-1507).
    times.push_back(TimePoint::FromNanoseconds(info.modified.nanoseconds() / kSecond * kSecond));
  }
  return times;
}

Status RemoveCheckpoint(Env& env, const std::string& prefix, const std::string& meta_graph_suffix) {
  // The index goes before the data, so that a half-removed checkpoint does not count as one.
  FL_RETURN_IF_ERROR(RemoveMatching(env, MetaGraphFileName(prefix, meta_graph_suffix)));
  FL_RETURN_IF_ERROR(RemoveMatching(env, IndexFileName(prefix)));
  return RemoveMatching(env, prefix + ".data-?\?\?\?\?-of-?\?\?\?\?");
}

std::string MetaGraphFileName(const std::string& prefix, const std::string& meta_graph_suffix) {
  constexpr std::string_view kOf = "-of-";
  std::string_view base = prefix;
  std::string_view rest = prefix;
  const std::size_t count = DigitsAtEnd(rest, false);
  rest.remove_suffix(count);
  if (count > 0 && rest.ends_with(kOf)) {
    rest.remove_suffix(kOf.size());
    const std::size_t shard = DigitsAtEnd(rest, true);
    rest.remove_suffix(shard);
    if (shard > 0 && rest.ends_with('-')) base = rest.substr(0, rest.size() - 1);
  }
  return fmt::format("{}.{}", base, meta_graph_suffix);
}

Result<std::string> WriteGraph(Env& env, const Graph& graph, const std::string& directory,
                               const std::string& name) {
  if (!directory.empty()) FL_RETURN_IF_ERROR(MakeDirectories(env.files, directory));
  std::string path = JoinPath(directory, name);
  FL_RETURN_IF_ERROR(WriteFileAtomically(env, path, graph.GraphDefText()));
  return path;
}

Status VerifyCheckpoint(FileSystem& files, const std::string& prefix) {
  FL_ASSIGN_OR_RETURN(const auto reader, BundleReader::Open(files, prefix));
  FL_ASSIGN_OR_RETURN(const auto entries, reader->Entries());
  for (const auto& [key, entry] : entries) {
    // Of a tensor in slices the parts have entries of their own; their sum is checked by the name.
    const Result<Tensor> value = reader->Read(key);
    if (!value.ok()) return value.status();
  }
  return Status();
}

Result<std::string> NewestCompleteCheckpoint(Env& env, const CheckpointState& state) {
  std::vector<std::string> candidates = {state.model_checkpoint_path};
  const auto& listed = state.all_model_checkpoint_paths;
  candidates.insert(candidates.end(), listed.rbegin(), listed.rend());
  std::vector<std::string> tried;
  for (const std::string& prefix : candidates) {
    if (std::find(tried.begin(), tried.end(), prefix) != tried.end()) continue;
    tried.push_back(prefix);
    const Status verified = VerifyCheckpoint(env.files, prefix);
    if (verified.ok()) return prefix;
    // What may pass by itself must not lead to an older checkpoint.
    if (IsPreemption(verified)) return verified;
    env.logger.Log(LogLevel::kWarning,
                   fmt::format("{} is not complete: {}", prefix, verified.message()));
  }
  return std::string();
}

}  // namespace faultline
