#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/env/spawner.h"

namespace faultline {

// A fiber that is made now and started later (MP-8, QR-7). One that was never started counts as
// not alive. `spawner` outlives it.
class Thread : public Task {
 public:
  Thread(Spawner& spawner, std::string name, std::function<void()> body);

  // Once; later calls do nothing. The caller goes on, the body starts later.
  void Start();

  const std::string& name() const override { return name_; }
  bool finished() const override { return !task_ || task_->finished(); }
  WaitOutcome Join(const WaitOptions& options) override;

 private:
  Spawner& spawner_;
  std::string name_;
  std::function<void()> body_;
  std::shared_ptr<Task> task_;  // null before the start
};

}  // namespace faultline
