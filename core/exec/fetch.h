#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/graph/graph.h"
#include "core/tensor/tensor.h"

namespace faultline {

// What a run is asked for: a tensor, an operation, a name, or a list or map of such, nested at will
// (SE-12). A default-constructed one is a null fetch, which a run refuses (SE-13).
class Fetch {
 public:
  using List = std::vector<Fetch>;
  using Map = std::vector<std::pair<std::string, Fetch>>;  // in the caller's order

  Fetch() = default;
  Fetch(Output output) : value_(output) {}
  Fetch(Operation* operation) : value_(operation) {}
  // Its value.
  Fetch(const Variable& variable)
      : value_(variable.is_resource ? variable.snapshot : variable.handle) {}
  Fetch(std::string name) : value_(std::move(name)) {}
  Fetch(const char* name) : value_(std::string(name)) {}
  Fetch(List items) : value_(std::move(items)) {}
  Fetch(Map items) : value_(std::move(items)) {}
  Fetch(std::initializer_list<Fetch> items) : value_(List(items)) {}

  using Value = std::variant<std::monostate, Output, Operation*, std::string, List, Map>;
  const Value& value() const { return value_; }
  bool null() const {
    return value_.index() == 0 ||
           (std::holds_alternative<Output>(value_) && !std::get<Output>(value_)) ||
           (std::holds_alternative<Operation*>(value_) && std::get<Operation*>(value_) == nullptr);
  }

 private:
  Value value_;
};

// The values, in the shape of the request; an operation's slot is null.
class Fetched {
 public:
  using List = std::vector<Fetched>;
  using Map = std::vector<std::pair<std::string, Fetched>>;

  Fetched() = default;
  Fetched(Tensor tensor) : value_(std::move(tensor)) {}
  Fetched(List items) : value_(std::move(items)) {}
  Fetched(Map items) : value_(std::move(items)) {}

  bool null() const { return value_.index() == 0; }
  bool is_tensor() const { return std::holds_alternative<Tensor>(value_); }
  bool is_list() const { return std::holds_alternative<List>(value_); }
  // Each asserts that it is one.
  const Tensor& tensor() const { return Get<Tensor>(); }
  const List& list() const { return Get<List>(); }
  const Map& map() const { return Get<Map>(); }
  const Fetched& operator[](std::size_t i) const { return list().at(i); }
  const Fetched& operator[](std::string_view key) const;
  // The one element of a tensor.
  template <class T>
  const T& scalar() const {
    return tensor().scalar<T>();
  }

 private:
  template <class T>
  const T& Get() const {
    const T* value = std::get_if<T>(&value_);
    FL_ASSERT(value != nullptr, "a fetched value of another kind (alternative {})", value_.index());
    return *value;
  }
  std::variant<std::monostate, Tensor, List, Map> value_;
};

// Values to use in place of tensors, for one run (SE-18), in the caller's order. A tensor may be
// given by its name instead; what is fed by name counts as given after what is fed by tensor, and
// of two values for one tensor the later one is used.
class FeedDict {
 public:
  FeedDict() = default;
  FeedDict(std::initializer_list<std::pair<Output, Tensor>> items) : items_(items) {}
  void Add(Output key, Tensor value) { items_.emplace_back(key, std::move(value)); }
  // "op:0".
  void Add(std::string name, Tensor value) {
    named_.emplace_back(std::move(name), std::move(value));
  }
  bool empty() const { return items_.empty() && named_.empty(); }
  // Whether it holds this very key: a tensor and its name are two keys.
  bool Contains(Output key) const;
  bool Contains(std::string_view name) const;
  const std::vector<std::pair<Output, Tensor>>& items() const { return items_; }
  const std::vector<std::pair<std::string, Tensor>>& named() const { return named_; }

 private:
  std::vector<std::pair<Output, Tensor>> items_;
  std::vector<std::pair<std::string, Tensor>> named_;
};

}  // namespace faultline
