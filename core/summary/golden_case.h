#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <google/protobuf/struct.pb.h>

namespace faultline::testing {

// A value of a manifest that describes files which TensorFlow wrote. Asserts on what is not there.
// Shares the document.
class Json {
 public:
  static Json Parse(const std::string& text);

  bool null() const;
  bool is_list() const;
  bool has(const std::string& key) const;
  Json operator[](const std::string& key) const;
  // The member, or null if there is none.
  Json get(const std::string& key) const;
  std::vector<Json> list() const;
  std::vector<std::pair<std::string, Json>> members() const;  // in order of the keys
  std::string text() const;
  // The text, or `otherwise` for null.
  std::string text_or(const std::string& otherwise) const;
  double number() const;
  std::int64_t integer() const;
  bool flag() const;
  std::vector<std::string> texts() const;

 private:
  using Document = std::shared_ptr<const google::protobuf::Value>;
  Json(Document document, const google::protobuf::Value* value)
      : document_(std::move(document)), value_(value) {}
  Document document_;
  const google::protobuf::Value* value_;
};

std::string DecodeBase64(std::string_view text);

// One folder of such files: `manifest.json` and what it describes.
struct GoldenCase {
  std::string name;
  Json manifest;
  std::map<std::string, std::string> files;  // by path in the folder, without the manifest
  // Where the files have to lie, since absolute paths in them say so.
  std::string root() const { return manifest["root"].text(); }
};
GoldenCase LoadGoldenCase(const std::string& folder, const std::string& name);
// Names and kinds, from index.json.
std::vector<std::pair<std::string, std::string>> ListGoldenCases(const std::string& folder);

}  // namespace faultline::testing
