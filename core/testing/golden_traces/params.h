#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "core/base/unwind.h"
#include "core/testing/golden_traces/json.h"

namespace faultline::testing {

// A case that cannot be driven: what is wrong with which field. An Unwind, so that it passes
// through the layer under test whatever that does with errors.
struct BadCase final : Unwind {
  explicit BadCase(std::string text_in) : text(std::move(text_in)) {}
  std::string text;
};

// An object of a case file, read field by field. Throws BadCase naming the field.
class Params {
 public:
  // `where` is the object's place: "program[3]". Neither is owned beyond `object`'s life.
  Params(const Json& object, std::string where);

  const Json& object() const { return object_; }
  const std::string& where() const { return where_; }
  // Whether the field is there; whether it is there and not null.
  bool Given(const char* key) const { return object_.contains(key); }
  bool Has(const char* key) const { return Given(key) && !object_[key].is_null(); }

  // The field, which must be there.
  const Json& At(const char* key) const;
  // Of the named type; the second form gives `otherwise` for a missing or null one.
  std::string Text(const char* key) const;
  std::string Text(const char* key, const std::string& otherwise) const;
  double Number(const char* key) const;
  double Number(const char* key, double otherwise) const;
  std::int64_t Integer(const char* key) const;
  bool Flag(const char* key, bool otherwise = false) const;
  const Json& List(const char* key) const;
  Params Object(const char* key) const;

  [[noreturn]] void Fail(const char* key, const std::string& expected) const;

 private:
  const Json& object_;
  std::string where_;
};

}  // namespace faultline::testing
