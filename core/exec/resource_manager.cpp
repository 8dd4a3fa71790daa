#include "core/exec/resource_manager.h"

namespace faultline {

std::shared_ptr<Resource> ResourceManager::FindKind(std::string_view container,
                                                    std::string_view kind,
                                                    std::string_view name) const {
  const auto found =
      resources_.find(Key(std::string(container), std::string(kind), std::string(name)));
  return found == resources_.end() ? nullptr : found->second;
}

void ResourceManager::Insert(std::string_view container, std::string_view kind,
                             std::string_view name, std::shared_ptr<Resource> resource) {
  const bool added = resources_
                         .emplace(Key(std::string(container), std::string(kind), std::string(name)),
                                  std::move(resource))
                         .second;
  FL_ASSERT(added, "{} {} exists already", kind, name);
}

std::vector<ResourceManager::Entry> ResourceManager::List() const {
  std::vector<Entry> entries;
  for (const auto& [key, resource] : resources_) {
    entries.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), resource});
  }
  return entries;
}

void ResourceManager::Clear(std::span<const std::string> containers) {
  ++generation_;
  if (containers.empty()) {
    resources_.clear();
    return;
  }
  for (const std::string& container : containers) {
    std::erase_if(resources_,
                  [&](const auto& entry) { return std::get<0>(entry.first) == container; });
  }
}

}  // namespace faultline
