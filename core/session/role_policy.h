#pragma once

#include <optional>
#include <string>

#include "core/exec/session_factory.h"

namespace faultline {

// MT-13: what one task of a distributed strategy does in training (TensorFlow's worker context).
struct RolePolicy {
  bool is_chief = true;               // whether chief_only_hooks are for it
  bool should_initialize = true;      // a chief creator; else it waits for who initializes
  bool should_checkpoint = true;      // whether it has the checkpoint saver
  bool should_save_summaries = true;  // whether it has the step counter and the summary saver
  std::string target = {};            // of its sessions, instead of `master`
  // Merged over the caller's config: what is set here wins.
  std::optional<SessionConfig> config = {};
  // Its place in the cluster, for the folder below; an empty type is a task of its own.
  std::string task_type = {};
  int task_index = 0;
  // The strategy has collective operations: saves and summaries are then computed by every task, so
  // that none waits for ever. Those that must not write do so into tmp_<type>_<index>, or tmp
  // without a type, below the directory; and since tasks must save in the same step, a checkpoint
  // period in seconds becomes one of 1000 steps.
  bool collective = false;
};

}  // namespace faultline
