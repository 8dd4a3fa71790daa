#include "core/summary/golden_case.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <google/protobuf/util/json_util.h>

#include "core/base/assert.h"

namespace faultline::testing {
namespace {

std::string Slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  FL_ASSERT(in.good(), "cannot read {}", path.string());
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace

Json Json::Parse(const std::string& text) {
  auto document = std::make_shared<google::protobuf::Value>();
  const auto parsed = google::protobuf::util::JsonStringToMessage(text, document.get());
  FL_ASSERT(parsed.ok(), "{}", parsed.ToString());
  const google::protobuf::Value* root = document.get();
  return Json(std::move(document), root);
}

bool Json::null() const { return value_ == nullptr || value_->has_null_value(); }
bool Json::is_list() const { return value_ != nullptr && value_->has_list_value(); }

bool Json::has(const std::string& key) const {
  return value_ != nullptr && value_->struct_value().fields().count(key) > 0;
}

Json Json::operator[](const std::string& key) const {
  FL_ASSERT(has(key), "no member {}", key);
  return Json(document_, &value_->struct_value().fields().at(key));
}

Json Json::get(const std::string& key) const {
  return has(key) ? (*this)[key] : Json(document_, nullptr);
}

std::vector<Json> Json::list() const {
  std::vector<Json> items;
  if (null()) return items;
  FL_ASSERT(is_list(), "no list: {}", value_->ShortDebugString().substr(0, 200));
  for (const auto& item : value_->list_value().values()) items.push_back(Json(document_, &item));
  return items;
}

std::vector<std::pair<std::string, Json>> Json::members() const {
  std::vector<std::pair<std::string, Json>> items;
  for (const auto& [key, value] : value_->struct_value().fields()) {
    items.emplace_back(key, Json(document_, &value));
  }
  std::sort(items.begin(), items.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return items;
}

std::string Json::text() const {
  FL_ASSERT(value_ != nullptr && value_->kind_case() == google::protobuf::Value::kStringValue,
            "no text");
  return value_->string_value();
}

std::string Json::text_or(const std::string& otherwise) const {
  return null() ? otherwise : text();
}

double Json::number() const {
  FL_ASSERT(value_ != nullptr && value_->kind_case() == google::protobuf::Value::kNumberValue,
            "no number");
  return value_->number_value();
}

std::int64_t Json::integer() const { return static_cast<std::int64_t>(number()); }
bool Json::flag() const { return value_ != nullptr && value_->bool_value(); }

std::vector<std::string> Json::texts() const {
  std::vector<std::string> items;
  for (const Json& item : list()) items.push_back(item.text());
  return items;
}

std::string DecodeBase64(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) break;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<char>(bits >> count));
  }
  return out;
}

GoldenCase LoadGoldenCase(const std::string& folder, const std::string& name) {
  const std::filesystem::path root = std::filesystem::path(folder) / name;
  GoldenCase golden{name, Json::Parse(Slurp(root / "manifest.json")), {}};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const std::string path = std::filesystem::relative(entry.path(), root).string();
    if (!entry.is_regular_file() || path == "manifest.json") continue;
    golden.files[path] = Slurp(entry.path());
  }
  return golden;
}

std::vector<std::pair<std::string, std::string>> ListGoldenCases(const std::string& folder) {
  const Json index = Json::Parse(Slurp(std::filesystem::path(folder) / "index.json"));
  std::vector<std::pair<std::string, std::string>> cases;
  for (const Json& item : index["cases"].list()) {
    cases.emplace_back(item["case"].text(), item.get("kind").text_or(""));
  }
  return cases;
}

}  // namespace faultline::testing
