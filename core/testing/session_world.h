#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/base/error.h"
#include "core/exec/direct_session.h"
#include "core/graph/graph.h"
#include "core/testing/fake_env.h"

namespace faultline::testing {

// A process with a graph and in-process sessions on it.
class SessionWorld {
 public:
  SessionWorld() : factory_(MakeOptions()) {}

  // Runs `body` in a fiber.
  void Run(const std::function<void()>& body) {
    fake.Run([&](Env&) { body(); });
  }
  std::unique_ptr<Session> Open(const SessionConfig& config = {}) { return OpenOn(graph, config); }
  std::unique_ptr<Session> OpenOn(Graph& on, const SessionConfig& config = {}) {
    return std::move(factory_.Open("", on, config)).value();
  }
  SessionFactory& factory() { return factory_; }
  Env& env() { return fake.env(); }

  // A node of the world's graph.
  Operation* Op(const std::string& type, const std::string& name, std::vector<Output> inputs,
                AttrMap attrs = {}) {
    return graph.AddOperation({.type = type,
                               .name = name,
                               .inputs = std::move(inputs),
                               .attrs = std::move(attrs),
                               .control_inputs = {},
                               .device = {}});
  }

  // The error of a run, OK if there is none.
  static Status ErrorOf(Session& session, const Fetch& fetches, const FeedDict& feeds = {},
                        const RunOptions* options = nullptr) {
    RunRequest request;
    request.fetches = fetches;
    request.feeds = feeds;
    request.options = options;
    return session.TryRun(request).status();
  }

  FakeEnv fake;
  Graph graph;
  KernelRegistry kernels;

 private:
  LocalSessionFactory::Options MakeOptions() {
    RegisterStandardKernels(kernels);
    return {.env = fake.env(), .semantics = Semantics::Tf(), .kernels = kernels, .next_id = [this] {
              return ++last_id_;
            }};
  }

  std::uint64_t last_id_ = 0;
  LocalSessionFactory factory_;
};

}  // namespace faultline::testing
