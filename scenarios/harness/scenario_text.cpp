#include "scenarios/harness/scenario_text.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include "scenarios/harness/scenario_check.h"

namespace faultline::scenarios {
namespace {

namespace pb = google::protobuf;

// Line and column, from 1.
struct Position {
  int line = 1;
  int column = 1;
};

Status ErrorAt(const std::string& path, Position at, const std::string& text) {
  return Status(
      Code::kInvalidArgument,
      fmt::format("{}:{}:{}: {}", path.empty() ? "scenario" : path, at.line, at.column, text));
}

std::string Replace(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

// The parser's words, in ours.
std::string Improve(std::string text) {
  if (text.ends_with("got: ")) text += "the end of the file";
  text = Replace(std::move(text), "Message type \"faultline.v1.", "message \"");
  text = Replace(std::move(text), "Expected identifier", "expected the name of a field");
  text = Replace(std::move(text), "Expected", "expected");
  text = Replace(std::move(text), ", got:", ", found");
  text = Replace(std::move(text), "has no field named", "has no field");
  text = Replace(std::move(text), "Unknown enumeration value of", "expected a known value, found");
  if (text.ends_with(".")) text.pop_back();
  return text;
}

// The parser points behind the name that it complains about: where that name begins.
Position StartOfName(std::string_view text, Position at, const std::string& message) {
  const std::size_t open = message.find(message.starts_with("Message type") ? "named \"" : "\"");
  if (open == std::string::npos) return at;
  const std::size_t begin = message.find('"', open) + 1;
  const std::string name = message.substr(begin, message.find('"', begin) - begin);
  for (int line = 1; line < at.line; ++line) text.remove_prefix(text.find('\n') + 1);
  std::string_view before = text.substr(0, static_cast<std::size_t>(at.column) - 1);
  while (before.ends_with(' ')) before.remove_suffix(1);
  if (!name.empty() && before.ends_with(name)) {
    at.column = static_cast<int>(before.size() - name.size()) + 1;
  }
  return at;
}

// Keeps the first error.
class FirstError : public pb::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (found_) return;
    found_ = true;
    position_ = {line + 1, column + 1};
    text_ = message;
  }
  void AddWarning(int, int, const std::string&) override {}

  bool found() const { return found_; }
  Position position() const { return position_; }
  const std::string& text() const { return text_; }

 private:
  bool found_ = false;
  Position position_;
  std::string text_;
};

// Length of the UTF-8 character at the start of `rest`; 0 if there is none.
std::size_t CharacterSize(std::string_view rest) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || rest.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  }
  if (first == 0xe0 && byte(1) < 0xa0) return 0;  // a longer form than needed
  if (first == 0xed && byte(1) > 0x9f) return 0;  // surrogates
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) > 0x8f) return 0;
  return size;
}

// Where the text stops being UTF-8: the parser would let it pass.
std::optional<Position> FindInvalidUtf8(std::string_view text) {
  Position at;
  while (!text.empty()) {
    const std::size_t size = CharacterSize(text);
    if (size == 0) return at;
    if (text[0] == '\n') {
      at.line += 1;
      at.column = 0;
    }
    at.column += 1;
    text.remove_prefix(size);
  }
  return std::nullopt;
}

// Where the field of a path stands; of the closest message around it when it is not in the text.
Position Locate(const pb::TextFormat::ParseInfoTree& tree, const pb::Descriptor& type,
                const FieldPath& path) {
  Position at;
  const pb::TextFormat::ParseInfoTree* here = &tree;
  const pb::Descriptor* message = &type;
  for (const FieldStep& step : path) {
    if (here == nullptr || message == nullptr) break;
    const pb::FieldDescriptor* field = message->FindFieldByName(step.name);
    if (field == nullptr) break;
    const int index = field->is_repeated() ? std::max(0, step.index) : -1;
    const pb::TextFormat::ParseLocation location = here->GetLocation(field, index);
    if (location.line < 0) break;
    at = {location.line + 1, location.column + 1};
    message = field->message_type();
    here = message == nullptr ? nullptr : here->GetTreeForNested(field, index);
  }
  return at;
}

std::string PathText(const FieldPath& path) {
  std::string text;
  for (const FieldStep& step : path) {
    text += (text.empty() ? "" : ".") + step.name;
    if (step.index >= 0) text += fmt::format("[{}]", step.index);
  }
  return text;
}

}  // namespace

Result<v1::Scenario> ParseScenario(std::string_view text, const ParseScenarioOptions& options) {
  if (const auto bad = FindInvalidUtf8(text)) {
    return ErrorAt(options.path, *bad, "expected UTF-8 text, found a byte that is none");
  }
  FirstError error;
  pb::TextFormat::ParseInfoTree tree;
  pb::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.WriteLocationsTo(&tree);
  parser.SetRecursionLimit(50);
  v1::Scenario scenario;
  const bool parsed = parser.ParseFromString(std::string(text), &scenario);
  if (!parsed || error.found()) {
    return ErrorAt(options.path, StartOfName(text, error.position(), error.text()),
                   Improve(error.text()));
  }
  const std::string stem = std::filesystem::path(options.path).stem().string();
  std::vector<ScenarioProblem> problems = FindProblems(scenario, stem, options.programs);
  if (problems.empty()) return scenario;
  const auto position = [&](const ScenarioProblem& problem) {
    return Locate(tree, *v1::Scenario::descriptor(), problem.path);
  };
  const auto first = std::min_element(
      problems.begin(), problems.end(), [&](const ScenarioProblem& a, const ScenarioProblem& b) {
        const Position x = position(a);
        const Position y = position(b);
        return std::pair(x.line, x.column) < std::pair(y.line, y.column);
      });
  return ErrorAt(options.path, position(*first),
                 fmt::format("{}: {}", PathText(first->path), first->text));
}

Result<v1::Scenario> LoadScenario(const std::string& path, const ProgramRegistry& programs) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (file) content << file.rdbuf();
  if (!file || std::filesystem::is_directory(path)) {
    return Status(Code::kNotFound,
                  fmt::format("{}: expected a scenario file that can be read", path));
  }
  return ParseScenario(content.str(), {path, programs});
}

std::string PrintScenario(const v1::Scenario& scenario) {
  std::string text;
  pb::TextFormat::PrintToString(scenario, &text);
  return text;
}

}  // namespace faultline::scenarios
