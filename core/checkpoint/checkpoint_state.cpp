#include "core/checkpoint/checkpoint_state.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include "core/checkpoint/atomic_file.h"
#include "core/checkpoint/path_match.h"
#include "core/proto/checkpoint_state.pb.h"

namespace faultline {
namespace {

bool IsAbsolute(std::string_view path) { return path.starts_with('/'); }

// CK-1702: the escapes that TensorFlow 2.0 writes.
std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '"':
        out += "\\\"";
        break;
      case '\'':
        out += "\\'";
        break;
      case '\\':
        out += "\\\\";
        break;
      default:
        if (byte < 0x20 || byte >= 0x7f) {
          out += fmt::format("\\{:03o}", byte);
        } else {
          out += c;
        }
    }
  }
  return out;
}

// The shortest text that gives the same number, with at least one decimal.
std::string FormatDouble(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
  std::string text(buffer, end.ptr);
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (text.empty()) text = fmt::format("{}:{}: {}", line + 1, column + 1, message);
  }
  std::string text;
};

// True for well-formed UTF-8 (CK-1710).
bool IsUtf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    std::size_t more = 0;
    if (lead >= 0x80) more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || i + more >= text.size()) return false;
    std::uint32_t value = more == 0 ? lead : lead & (0x3fU >> more);
    for (std::size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      value = value << 6 | (next & 0x3fU);
    }
    const bool surrogate = value >= 0xd800 && value <= 0xdfff;
    const bool overlong = (more == 2 && value < 0x800) || (more == 3 && value < 0x10000);
    if (surrogate || overlong || value > 0x10ffff) return false;
    i += more + 1;
  }
  return true;
}

// DATA_LOSS for text that is no state; VALUE_ERROR for bytes that are no text.
Result<CheckpointState> ParseState(const std::string& content, const std::string& path) {
  if (!IsUtf8(content)) return Status(Code::kValueError, path + ": the bytes are not UTF-8 text");
  v1::tf::CheckpointState message;
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  if (!parser.MergeFromString(content, &message)) {  // merging lets the last value win (CK-1709)
    return Status(Code::kDataLoss, fmt::format("{}:{}", path, error.text));
  }
  CheckpointState state;
  state.model_checkpoint_path = message.model_checkpoint_path();
  state.all_model_checkpoint_paths.assign(message.all_model_checkpoint_paths().begin(),
                                          message.all_model_checkpoint_paths().end());
  state.all_model_checkpoint_timestamps.assign(message.all_model_checkpoint_timestamps().begin(),
                                               message.all_model_checkpoint_timestamps().end());
  if (message.last_preserved_timestamp() != 0) {
    state.last_preserved_timestamp = message.last_preserved_timestamp();
  }
  return state;
}

// The file's state; empty if there is no file; an error if there is one that cannot be used.
Result<std::optional<CheckpointState>> ReadState(Env& env, const std::string& directory,
                                                 const std::string& path) {
  FL_ASSIGN_OR_RETURN(const bool exists, FileExists(env.files, path));
  if (!exists) return std::optional<CheckpointState>();
  FL_ASSIGN_OR_RETURN(const std::string content, ReadFile(env.files, path));
  FL_ASSIGN_OR_RETURN(CheckpointState state, ParseState(content, path));
  if (state.model_checkpoint_path.empty()) {
    return Status(Code::kValueError, "Invalid checkpoint state loaded from " + directory);
  }
  // CK-1711
  state.model_checkpoint_path = JoinPath(directory, state.model_checkpoint_path);
  for (std::string& listed : state.all_model_checkpoint_paths) listed = JoinPath(directory, listed);
  return std::optional<CheckpointState>(std::move(state));
}

void AnnounceState(Env& env, const std::string& directory, std::string_view answer,
                   std::string_view path) {
  env.observer.Announce(
      Point::kStateRead,
      {{"directory", std::string_view(directory)}, {"answer", answer}, {"path", path}});
}

// Whether an error of reading counts as "no state" under TF semantics: on POSIX any failure of the
// existence test does (CK-1708), and a file that cannot be read or parsed is ignored (CK-1709).
bool Ignorable(const Status& status) { return status.code() != Code::kValueError; }

}  // namespace

Result<CheckpointState> GenerateCheckpointState(const std::string& save_dir,
                                                const std::string& model_checkpoint_path,
                                                std::vector<std::string> all_paths,
                                                std::vector<double> timestamps,
                                                std::optional<double> last_preserved,
                                                bool save_relative_paths) {
  std::string model = model_checkpoint_path;
  if (save_relative_paths) {  // CK-1705
    if (IsAbsolute(model)) model = RelativePath(model, save_dir);
    for (std::string& path : all_paths) {
      if (IsAbsolute(path)) path = RelativePath(path, save_dir);
    }
  }
  if (all_paths.empty() || all_paths.back() != model) all_paths.push_back(model);  // CK-1703
  if (!timestamps.empty() && timestamps.size() != all_paths.size()) {
    return Status(
        Code::kValueError,
        fmt::format("Checkpoint timestamps, if provided, must match checkpoint paths (got {} "
                    "paths and {} timestamps)",
                    all_paths.size(), timestamps.size()));
  }
  if (!IsAbsolute(save_dir)) {  // CK-1704
    if (!IsAbsolute(model)) model = RelativePath(model, save_dir);
    for (std::string& path : all_paths) {
      if (!IsAbsolute(path)) path = RelativePath(path, save_dir);
    }
  }
  CheckpointState state;
  state.model_checkpoint_path = std::move(model);
  state.all_model_checkpoint_paths = std::move(all_paths);
  state.all_model_checkpoint_timestamps = std::move(timestamps);
  state.last_preserved_timestamp = last_preserved;
  return state;
}

std::string FormatCheckpointState(const CheckpointState& state) {
  std::string text;
  if (!state.model_checkpoint_path.empty()) {
    text += fmt::format("model_checkpoint_path: \"{}\"\n", Escape(state.model_checkpoint_path));
  }
  for (const std::string& path : state.all_model_checkpoint_paths) {
    text += fmt::format("all_model_checkpoint_paths: \"{}\"\n", Escape(path));
  }
  for (const double time : state.all_model_checkpoint_timestamps) {
    text += fmt::format("all_model_checkpoint_timestamps: {}\n", FormatDouble(time));
  }
  if (state.last_preserved_timestamp && *state.last_preserved_timestamp != 0) {
    text += fmt::format("last_preserved_timestamp: {}\n",
                        FormatDouble(*state.last_preserved_timestamp));
  }
  return text;
}

Status UpdateCheckpointState(Env& env, const std::string& save_dir,
                             const std::string& model_checkpoint_path,
                             std::vector<std::string> all_paths,
                             const UpdateStateOptions& options) {
  FL_ASSIGN_OR_RETURN(const CheckpointState state,
                      GenerateCheckpointState(save_dir, model_checkpoint_path, std::move(all_paths),
                                              {}, {}, options.save_relative_paths));
  const std::string path = JoinPath(save_dir, options.latest_filename);
  if (path == state.model_checkpoint_path) {  // CK-1706
    return Status(
        Code::kRuntimeError,
        fmt::format("Save path '{}' conflicts with path used for checkpoint state.  Please "
                    "use a different save path.",
                    model_checkpoint_path));
  }
  AtomicWrite write;
  write.durable = options.durable;
  write.prefix = model_checkpoint_path;
  write.create_sub = "N7";
  write.rename_sub = "N8";
  FL_RETURN_IF_ERROR(WriteAtomically(env, path, FormatCheckpointState(state), write));
  env.observer.Announce(Point::kStateWritten, {{"directory", std::string_view(save_dir)},
                                               {"path", std::string_view(model_checkpoint_path)},
                                               {"durable", std::int64_t{options.durable ? 1 : 0}}});
  return Status();
}

Result<std::optional<CheckpointState>> GetCheckpointState(Env& env, const Semantics& semantics,
                                                          const std::string& directory,
                                                          const std::string& latest_filename) {
  const std::string path = JoinPath(directory, latest_filename);
  Result<std::optional<CheckpointState>> state = ReadState(env, directory, path);
  if (state.ok()) {
    const std::optional<CheckpointState>& value = state.value();
    AnnounceState(env, directory, value ? "state" : "none",
                  value ? std::string_view(value->model_checkpoint_path) : std::string_view());
    return state;
  }
  AnnounceState(env, directory, "unreadable", path);
  if (semantics.unreadable_is_not_absent || !Ignorable(state.status())) return state.status();
  env.logger.Log(LogLevel::kWarning, state.status().ToString());
  env.logger.Log(LogLevel::kWarning, path + ": Checkpoint ignored");
  return std::optional<CheckpointState>();
}

}  // namespace faultline
