#include "core/fiber/task_group.h"

namespace faultline {

WaitList::~WaitList() {
  while (head_ != nullptr) Unlink(head_);
}

void WaitList::PushBack(KernelTask* task) {
  task->list_ = this;
  task->previous_waiter_ = tail_;
  task->next_waiter_ = nullptr;
  (tail_ != nullptr ? tail_->next_waiter_ : head_) = task;
  tail_ = task;
}

void WaitList::Unlink(KernelTask* task) {
  (task->previous_waiter_ != nullptr ? task->previous_waiter_->next_waiter_ : head_) =
      task->next_waiter_;
  (task->next_waiter_ != nullptr ? task->next_waiter_->previous_waiter_ : tail_) =
      task->previous_waiter_;
  task->list_ = nullptr;
}

void TaskGroup::Link(KernelTask* task) {
  task->older_ = newest_;
  task->newer_ = nullptr;
  (newest_ != nullptr ? newest_->newer_ : oldest_) = task;
  newest_ = task;
  ++size_;
}

void TaskGroup::Unlink(KernelTask* task) {
  (task->older_ != nullptr ? task->older_->newer_ : oldest_) = task->newer_;
  (task->newer_ != nullptr ? task->newer_->older_ : newest_) = task->older_;
  --size_;
}

}  // namespace faultline
