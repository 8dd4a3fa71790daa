#include "core/testing/golden_traces/params.h"

namespace faultline::testing {

Params::Params(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
  if (!object_.is_object()) throw BadCase(where_ + ": an object is expected");
}

void Params::Fail(const char* key, const std::string& expected) const {
  throw BadCase(where_ + "." + key + ": " + expected + " is expected");
}

const Json& Params::At(const char* key) const {
  if (!Given(key)) Fail(key, "a value");
  return object_[key];
}

std::string Params::Text(const char* key) const {
  const Json& value = At(key);
  if (!value.is_string()) Fail(key, "a text");
  return value.get<std::string>();
}

std::string Params::Text(const char* key, const std::string& otherwise) const {
  return Has(key) ? Text(key) : otherwise;
}

double Params::Number(const char* key) const {
  const Json& value = At(key);
  if (!value.is_number()) Fail(key, "a number");
  return value.get<double>();
}

double Params::Number(const char* key, double otherwise) const {
  return Has(key) ? Number(key) : otherwise;
}

std::int64_t Params::Integer(const char* key) const {
  const Json& value = At(key);
  if (!value.is_number_integer()) Fail(key, "a whole number");
  return value.get<std::int64_t>();
}

bool Params::Flag(const char* key, bool otherwise) const {
  if (!Has(key)) return otherwise;
  if (!object_[key].is_boolean()) Fail(key, "true or false");
  return object_[key].get<bool>();
}

const Json& Params::List(const char* key) const {
  const Json& value = At(key);
  if (!value.is_array()) Fail(key, "a list");
  return value;
}

Params Params::Object(const char* key) const { return Params(At(key), where_ + "." + key); }

}  // namespace faultline::testing
