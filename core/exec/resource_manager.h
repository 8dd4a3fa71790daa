#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "core/tensor/tensor.h"

namespace faultline {

// State that outlives a step: a variable, a queue. Kinds derive and name themselves by a constant
// `kKind`.
class Resource {
 public:
  virtual ~Resource() = default;
  // False while there is nothing to read (a variable before its first write).
  virtual bool initialized() const { return true; }
  // What a kernel that wants a value reads; null for a kind that has none.
  virtual const Tensor* tensor() const { return nullptr; }
  // As error messages name it.
  virtual const std::string& name() const = 0;
};

// The resources of one store: a session of its own (SE-2), or a server (SE-3). Keys are (container,
// kind, name); the default container is "". Never suspends.
class ResourceManager {
 public:
  struct Entry {
    std::string container;
    std::string kind;
    std::string name;
    std::shared_ptr<Resource> resource;
  };

  // `store` names this manager in announcements of variable writes.
  explicit ResourceManager(std::string store) : store_(std::move(store)) {}
  ResourceManager(const ResourceManager&) = delete;
  ResourceManager& operator=(const ResourceManager&) = delete;

  const std::string& store() const { return store_; }
  // Changes whenever a resource goes away, so that kernels may keep what they have found.
  std::uint64_t generation() const { return generation_; }

  // Null if there is none.
  template <class T>
  std::shared_ptr<T> Find(std::string_view container, std::string_view name) const {
    return std::static_pointer_cast<T>(FindKind(container, T::kKind, name));
  }
  // The one that exists, else the one that `make()` gives (a shared_ptr<T>), kept from now on.
  template <class T, class Make>
  std::shared_ptr<T> FindOrCreate(std::string_view container, std::string_view name, Make&& make) {
    if (auto found = Find<T>(container, name)) return found;
    std::shared_ptr<T> made = std::forward<Make>(make)();
    Insert(container, T::kKind, name, made);
    return made;
  }

  // In the order of container, kind, name.
  std::vector<Entry> List() const;
  // Forgets the resources of these containers, of all if none is named (SE-5). Steps in flight keep
  // what they hold.
  void Clear(std::span<const std::string> containers = {});

 private:
  using Key = std::tuple<std::string, std::string, std::string>;
  std::shared_ptr<Resource> FindKind(std::string_view container, std::string_view kind,
                                     std::string_view name) const;
  void Insert(std::string_view container, std::string_view kind, std::string_view name,
              std::shared_ptr<Resource> resource);

  std::string store_;
  std::uint64_t generation_ = 1;
  std::map<Key, std::shared_ptr<Resource>> resources_;
};

}  // namespace faultline
