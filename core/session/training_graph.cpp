#include "core/session/training_graph.h"

#include <utility>

#include "core/base/error.h"
#include "core/graph/meta_graph.h"
#include "core/session/queue_runner.h"

namespace faultline {

TrainingGraph ImportTrainingGraph(Runtime& runtime, std::string_view serialized_meta_graph) {
  CollectionReaders readers;
  readers.emplace(GraphKeys::kQueueRunners, ReadQueueRunner);
  readers.emplace(
      GraphKeys::kSavers,
      [&runtime](Graph& graph, std::string_view bytes) -> Result<CollectionItem> {
        std::shared_ptr<CollectionObject> saver;
        FL_RETURN_IF_ERROR(CallUser([&] { saver = SaverFromSerialized(runtime, graph, bytes); }));
        return CollectionItem(std::move(saver));
      });
  Result<ImportedMetaGraph> imported = ImportMetaGraph(serialized_meta_graph, readers);
  ThrowIfError(imported.status());
  TrainingGraph made{std::move(imported->graph), nullptr};
  if (!imported->serialized_saver_def.empty()) {
    made.saver = SaverFromSerialized(runtime, *made.graph, imported->serialized_saver_def);
  }
  return made;
}

}  // namespace faultline
