#include "core/exec/kernel_registry.h"

#include <utility>

#include <fmt/format.h>

namespace faultline {

void KernelRegistry::Register(std::string type, KernelFactory factory) {
  const auto [place, added] = factories_.emplace(std::move(type), factory);
  FL_ASSERT(added, "kernel {} registered twice", place->first);
}

Result<std::unique_ptr<OpKernel>> KernelRegistry::Make(const Operation& op) const {
  const auto found = factories_.find(op.type());
  if (found == factories_.end()) {
    return Status(Code::kUnimplemented,
                  fmt::format("No OpKernel was registered to support Op '{}'", op.type()))
        .WithNode(op.name());
  }
  auto made = found->second(op);
  if (!made.ok()) return made.status().WithNode(op.name());
  return made;
}

}  // namespace faultline
