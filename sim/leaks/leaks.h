#pragma once

#include <string_view>
#include <vector>

#include "sim/node.h"

namespace faultline::sim {

// Planted leaks of the outside world into a simulated program: each makes a decision (how long to
// sleep) of something that no seed controls. The certificate must find every one of them.
struct Leak {
  std::string_view name;
  // What is done to the world outside before the `run`-th run (from 1), so that the leak differs
  // between two runs of one process as it would between two processes.
  void (*stir)(int run);
  NodeMain program;
};

// real_clock, entropy, address_order, hash_order, directory_order, surviving_static, thread,
// uninitialised_memory, and the sound control "none".
std::vector<Leak> MakeLeaks();

}  // namespace faultline::sim
