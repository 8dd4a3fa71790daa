#include "core/testing/golden_traces/pieces.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/testing/golden_traces/errors.h"
#include "core/testing/golden_traces/values.h"

namespace faultline::testing {

Fetch PieceOf(Driver& driver, const Params& params, const char* key) {
  if (!params.Has(key)) return {};
  return ElementsOf(driver.graph(), params.At(key), params.where() + "." + key);
}

FeedDict FeedsOf(Driver& driver, const Params& params, const char* key, FeedKeys keys) {
  if (!params.Has(key)) return {};
  return FeedsOf(driver.graph(), params.At(key), params.where() + "." + key, keys);
}

std::function<void(Session&)> MakeInitFn(Driver& driver, const Params& spec) {
  const auto calls = std::make_shared<int>(0);
  const Json copy = spec.object();
  return [&driver, calls, copy, where = spec.where()](Session& session) {
    const Params params(copy, where);
    driver.recorder().Add({{"e", "init_fn"},
                           {"name", params.Text("name")},
                           {"s", driver.world().NumberOf(session.id())}});
    ++*calls;
    if (params.Has("run")) (void)driver.Run(session, FetchOf(params.At("run"), where));
    if (!params.Has("raise")) return;
    if (params.Has("n") && !Occurrences::Of(params.At("n"), where).Contains(*calls)) return;
    ThrowStatus(MakeError(params.At("raise"), where));
  };
}

std::shared_ptr<Saver> MakeSaver(Driver& driver, const Params& params, const char* key) {
  if (!params.Has(key)) return nullptr;
  const std::string kind = params.Text(key);
  if (kind == "exported") return driver.process().ExportedSaver();
  if (kind != "empty") params.Fail(key, "\"exported\" or \"empty\"");
  return driver.process().EmptySaver();
}

std::shared_ptr<Scaffold> MakeScaffold(Driver& driver, const Params& args) {
  ScaffoldOptions options;
  options.init_op = PieceOf(driver, args, "init_op");
  options.init_feeds = FeedsOf(driver, args, "init_feeds");
  options.ready_op = PieceOf(driver, args, "ready_op");
  options.ready_for_local_init_op = PieceOf(driver, args, "ready_for_local_init_op");
  options.local_init_op = PieceOf(driver, args, "local_init_op");
  options.local_init_feeds = FeedsOf(driver, args, "local_init_feeds");
  options.summary_op = PieceOf(driver, args, "summary_op");
  options.saver = MakeSaver(driver, args, "saver");
  if (args.Has("init_fn")) {
    options.init_fn = [fn = MakeInitFn(driver, args.Object("init_fn"))](
                          Scaffold&, Session& session) { fn(session); };
  }
  if (args.Has("copy_from")) {
    options.copy_from_scaffold = Named(driver.names().scaffolds, args, "copy_from").get();
  }
  auto scaffold = std::make_shared<Scaffold>(std::move(options));
  driver.process().pieces.Add(scaffold);
  return scaffold;
}

std::shared_ptr<Scaffold> ScaffoldOf(Driver& driver, const Params& params, const char* key) {
  if (!params.Has(key)) return nullptr;
  if (params.At(key).is_string()) return Named(driver.names().scaffolds, params, key);
  return MakeScaffold(driver, params.Object(key));
}

}  // namespace faultline::testing
