#include "core/session/session_creator.h"

#include <utility>

#include "core/base/error.h"
#include "core/session/announce.h"

namespace faultline {

namespace {

// What both creators do first (CR-3, CR-6): complete the scaffold, make the manager once.
Status PrepareManager(Runtime& runtime, Graph& graph, Scaffold& scaffold,
                      std::unique_ptr<SessionManager>* manager) {
  FL_RETURN_IF_ERROR(CallUser([&] {
    scaffold.Finalize(runtime, graph);
    if (*manager) return;
    *manager = std::make_unique<SessionManager>(  // CR-7
        runtime, graph,
        SessionManagerOptions{.local_init_op = scaffold.local_init_op(),
                              .ready_op = scaffold.ready_op(),
                              .ready_for_local_init_op = scaffold.ready_for_local_init_op(),
                              .local_init_feeds = scaffold.local_init_feeds()});
  }));
  runtime.env.observer.Announce(Point::kGraphFinal, {internal::IdField("digest", graph.Digest())});
  return Status();
}

}  // namespace

ChiefSessionCreator::ChiefSessionCreator(Runtime& runtime, Graph& graph,
                                         ChiefSessionCreatorOptions options)
    : runtime_(runtime), graph_(graph), options_(std::move(options)) {
  if (!options_.scaffold) options_.scaffold = std::make_shared<Scaffold>();
}

Result<std::unique_ptr<Session>> ChiefSessionCreator::CreateSession() {
  Scaffold& scaffold = *options_.scaffold;
  FL_RETURN_IF_ERROR(PrepareManager(runtime_, graph_, scaffold, &manager_));
  return manager_->TryPrepareSession(
      {.target = options_.master,
       .saver = scaffold.saver(),
       .checkpoint_dir = options_.checkpoint_dir,
       .checkpoint_filename_with_path = options_.checkpoint_filename_with_path,
       .config = options_.config,
       .init_op = scaffold.init_op(),
       .init_feeds = scaffold.init_feeds(),
       .init_fn = scaffold.init_fn()});
}

WorkerSessionCreator::WorkerSessionCreator(Runtime& runtime, Graph& graph,
                                           WorkerSessionCreatorOptions options)
    : runtime_(runtime), graph_(graph), options_(std::move(options)) {
  if (!options_.scaffold) options_.scaffold = std::make_shared<Scaffold>();
}

Result<std::unique_ptr<Session>> WorkerSessionCreator::CreateSession() {
  FL_RETURN_IF_ERROR(PrepareManager(runtime_, graph_, *options_.scaffold, &manager_));
  return manager_->TryWaitForSession(options_.master, options_.config, options_.max_wait);
}

}  // namespace faultline
