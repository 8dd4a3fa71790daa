#include "core/graph/meta_graph_file.h"

#include <utility>

#include <fmt/format.h>
#include <google/protobuf/arena.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/text_format.h>

#include "core/proto/meta_graph.pb.h"

namespace faultline {
namespace {

namespace tf = v1::tf;
using google::protobuf::Arena;

// Keeps the first complaint about a text.
class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    if (text_.empty()) text_ = fmt::format("{}:{}: {}", line + 1, column + 1, message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

bool ParseBinary(std::string_view bytes, tf::MetaGraphDef* meta) {
  const google::protobuf::LogSilencer silence;
  return std::in_range<int>(bytes.size()) &&
         meta->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

Result<std::string> ReadMetaGraphFile(FileSystem& files, const std::string& path) {
  FL_ASSIGN_OR_RETURN(const bool exists, FileExists(files, path));
  if (!exists) {
    return Status(Code::kIOError, fmt::format("File does not exist. Received: {}.", path));
  }
  FL_ASSIGN_OR_RETURN(std::string content, ReadFile(files, path));
  Arena arena;
  auto& meta = *Arena::CreateMessage<tf::MetaGraphDef>(&arena);
  if (ParseBinary(content, &meta)) return content;
  meta.Clear();
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  if (!parser.ParseFromString(content, &meta)) {
    return Status(Code::kIOError, fmt::format("Cannot parse file {}: {}.", path, error.text()));
  }
  return meta.SerializeAsString();
}

Result<std::string> MetaGraphText(std::string_view serialized) {
  Arena arena;
  auto& meta = *Arena::CreateMessage<tf::MetaGraphDef>(&arena);
  std::string text;
  if (!ParseBinary(serialized, &meta) ||
      !google::protobuf::TextFormat::PrintToString(meta, &text)) {
    return Status(Code::kInvalidArgument, "The bytes are no MetaGraphDef");
  }
  return text;
}

}  // namespace faultline
