#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/checkpoint/saver.h"
#include "core/exec/fetch.h"
#include "core/exec/runtime.h"

namespace faultline {

class Scaffold;

// SC-1: the pieces that a training session needs. What is null is defaulted by Finalize.
struct ScaffoldOptions {
  Fetch init_op = {};
  FeedDict init_feeds = {};
  std::function<void(Scaffold&, Session&)> init_fn = {};
  Fetch ready_op = {};
  Fetch ready_for_local_init_op = {};
  Fetch local_init_op = {};
  FeedDict local_init_feeds = {};
  Fetch summary_op = {};
  std::shared_ptr<Saver> saver = {};
  const Scaffold* copy_from_scaffold = nullptr;  // SC-4
};

// Collects and completes the pieces of a graph's session (SC-1..SC-13). Throws typed errors.
class Scaffold {
 public:
  explicit Scaffold(ScaffoldOptions options = {});

  // Fills in what is missing, builds the saver and finalizes the graph (SC-6). Again is harmless
  // (SC-7). Returns itself.
  Scaffold& Finalize(Runtime& runtime, Graph& graph);

  const Fetch& init_op() const { return pieces_.init_op; }
  const FeedDict& init_feeds() const { return pieces_.init_feeds; }
  // Null, or the user's function bound to this scaffold (SC-2).
  std::function<void(Session&)> init_fn();
  const Fetch& ready_op() const { return pieces_.ready_op; }
  const Fetch& ready_for_local_init_op() const { return pieces_.ready_for_local_init_op; }
  const Fetch& local_init_op() const { return pieces_.local_init_op; }
  const FeedDict& local_init_feeds() const { return pieces_.local_init_feeds; }
  const Fetch& summary_op() const { return pieces_.summary_op; }
  const std::shared_ptr<Saver>& saver() const { return pieces_.saver; }

 private:
  ScaffoldOptions pieces_;
};

// SC-11: group of the initializers of all local variables, table initializers and local resources.
Operation* DefaultLocalInitOp(Graph& graph);

}  // namespace faultline
