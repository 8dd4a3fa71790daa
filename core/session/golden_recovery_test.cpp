// What recover_session makes of the damaged directories that TensorFlow was given.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/checkpoint/golden_tensor.h"
#include "core/graph/ops.h"
#include "core/session/session_manager.h"
#include "core/testing/session_fixtures.h"

namespace faultline::testing {
namespace {

const std::string kFolder = FL_SOURCE_DIR "/core/checkpoint/testdata";

// Puts the files of a case where they lay, directories in place of files included.
void PutFiles(TestProcess& process, const GoldenCase& golden) {
  for (const auto& [path, content] : golden.files) {
    process.fake.files().Put(golden.root() + "/" + path, content);
  }
  process.Run([&] {
    static_cast<void>(MakeDirectories(process.env().files, golden.root()));
    for (const auto& [end, path] :
         {std::pair{"data_is_directory", "model.ckpt-7.data-00000-of-00001"},
          std::pair{"index_is_directory", "model.ckpt-7.index"},
          std::pair{"state_is_directory", "checkpoint"}}) {
      if (!golden.name.ends_with(end)) continue;
      BOOST_TEST(process.env().files.MakeDirectory(golden.root() + "/" + path).ok());
    }
  });
}

void CheckError(const Status& status, const Json& expected) {
  const std::string type = expected["class"].text();
  if (type == "UnicodeDecodeError") {  // a ValueError whose words are Python's own
    BOOST_TEST(status.code() == Code::kValueError);
    BOOST_TEST(status.message().find("not UTF-8") != std::string::npos, status.message());
    return;
  }
  const std::string code = expected.has("code") ? expected["code"].text() : type;
  BOOST_TEST(CodeName(status.code()) == code, status.ToString());
  for (const std::string& fragment : expected.get("fragments").texts()) {
    BOOST_TEST(status.message().find(fragment) != std::string::npos, status.message());
  }
}

// A graph with the variables of the undamaged checkpoint.
struct Model {
  explicit Model(const Json& tensors) {
    for (const Json& tensor : tensors.list()) {
      const Tensor value = TensorOfJson(tensor);
      variables.push_back(
          MakeVariable(graph, Tensor(value.dtype(), value.shape()), tensor["name"].text()));
      values.push_back(value);
    }
    ready = ReportUninitializedVariables(graph);
  }
  Graph graph;
  std::vector<Variable> variables;
  std::vector<Tensor> values;
  Output ready;
};

void CheckRecovery(const GoldenCase& golden) {
  const Json expected = golden.manifest["outcomes"]["recover_session"];
  TestProcess process(Semantics::Tf());
  PutFiles(process, golden);
  Model model(golden.manifest["undamaged"]);
  process.Run([&] {
    const auto saver = std::make_shared<Saver>(process.runtime, model.graph);
    SessionManager manager(process.runtime, model.graph, {.ready_op = model.ready});
    Result<RecoveredSession> recovered =
        manager.TryRecoverSession({.saver = saver, .checkpoint_dir = golden.root()});
    if (expected.has("error")) {
      CheckError(recovered.status(), expected["error"]);
      return;
    }
    BOOST_REQUIRE_MESSAGE(recovered.ok(), recovered.status().ToString());
    BOOST_TEST(recovered->initialized == expected["result"].flag());
    for (std::size_t i = 0; recovered->initialized && i < model.variables.size(); ++i) {
      const Tensor restored = recovered->session->Run(model.variables[i].value()).tensor();
      BOOST_TEST(BitEqual(restored, model.values[i]));
    }
    recovered->session->Close();
  });
  BOOST_TEST(process.sessions.open_now == 0);
  const bool restored = !expected.has("error") && expected["result"].flag();
  BOOST_TEST(process.observer().Count(Point::kInitStart) == 0);
  BOOST_TEST((process.observer().Count(Point::kRestoreDone) > 0 || !restored));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden_recovery)

BOOST_AUTO_TEST_CASE(damaged_directories_are_recovered_or_refused_as_upstream) {
  int cases = 0;
  for (const auto& [name, kind] : ListGoldenCases(kFolder)) {
    if (kind != "damaged") continue;
    BOOST_TEST_CONTEXT(name) {
      const GoldenCase golden = LoadGoldenCase(kFolder, name);
      if (!golden.manifest.has("outcomes")) continue;
      CheckRecovery(golden);
      ++cases;
    }
  }
  BOOST_TEST(cases == 40);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline::testing
