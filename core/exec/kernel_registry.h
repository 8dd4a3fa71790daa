#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/exec/op_kernel.h"

namespace faultline {

// Makes the kernel of a node; an error if its attributes ask for what is not supported.
using KernelFactory = Result<std::unique_ptr<OpKernel>> (*)(const Operation& op);

// Op type -> factory. Filled by explicit functions at composition, then only read.
class KernelRegistry {
 public:
  // A type registered twice is a defect (asserted).
  void Register(std::string type, KernelFactory factory);
  // A kernel class with a constructor from `const Operation&`.
  template <class Kernel>
  void Register(std::string type) {
    Register(std::move(type), [](const Operation& op) -> Result<std::unique_ptr<OpKernel>> {
      return std::unique_ptr<OpKernel>(std::make_unique<Kernel>(op));
    });
  }

  bool Has(std::string_view type) const { return factories_.find(type) != factories_.end(); }
  // UNIMPLEMENTED "No OpKernel was registered to support Op 'X'" naming the node.
  Result<std::unique_ptr<OpKernel>> Make(const Operation& op) const;

 private:
  std::map<std::string, KernelFactory, std::less<>> factories_;
};

// All kernels of this folder: every op type but those that touch files, which core/checkpoint adds.
void RegisterStandardKernels(KernelRegistry& registry);

}  // namespace faultline
