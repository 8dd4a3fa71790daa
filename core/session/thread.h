#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/status.h"
#include "core/env/spawner.h"

namespace faultline {

// A fiber that is made now and started later (MP-8, QR-7). One that was never started counts as
// not alive. `spawner` outlives it.
class Thread : public Task {
 public:
  // `body` returns the error that it dies of, or OK. Nothing else may leave it.
  Thread(Spawner& spawner, std::string name, std::function<Status()> body);

  // Once; later calls do nothing. The caller goes on, the body starts later.
  virtual void Start();

  bool started() const { return task_ != nullptr; }
  // What its body returned: OK while it runs and for one that ended well (QR-12).
  const Status& died_of() const { return *died_of_; }

  const std::string& name() const override { return name_; }
  bool finished() const override { return !task_ || task_->finished(); }
  WaitOutcome Join(const WaitOptions& options) override;

 protected:
  void StartWith(std::function<Status()> body);

 private:
  Spawner& spawner_;
  std::string name_;
  std::function<Status()> body_;
  std::shared_ptr<Task> task_;       // null before the start
  std::shared_ptr<Status> died_of_;  // shared with the fiber, which may outlive this
};

}  // namespace faultline
