// Single ops against what TensorFlow gives: testdata/README.md.

#include <cmath>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "core/graph/op_def.h"
#include "core/proto/graph.pb.h"
#include "core/tensor/tensor_proto.h"
#include "core/testing/session_world.h"

namespace faultline {
namespace {

using testing::SessionWorld;

std::string Slurp(const std::string& file) {
  std::ifstream in(std::string(FL_SOURCE_DIR) + "/core/exec/testdata/" + file, std::ios::binary);
  BOOST_REQUIRE_MESSAGE(in.good(), file);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

struct Group {
  std::map<std::string, v1::tf::GraphDef> cases;  // by scope
  std::map<std::string, Tensor> expected;
};

std::string ScopeOf(const std::string& name) { return name.substr(0, name.find('/')); }

Group Load(const std::string& name) {
  Group group;
  v1::tf::GraphDef graph;
  BOOST_REQUIRE(graph.ParseFromString(Slurp(name + ".graph.pb")));
  for (const auto& node : graph.node()) {
    v1::tf::GraphDef& part = group.cases[ScopeOf(node.name())];
    *part.mutable_versions() = graph.versions();
    *part.add_node() = node;
  }
  v1::tf::GraphDef expected;
  BOOST_REQUIRE(expected.ParseFromString(Slurp(name + ".expected.pb")));
  for (const auto& node : expected.node()) {
    for (const auto& attr : node.attr()) {
      if (attr.key() != "value") continue;
      Result<Tensor> value = TensorFromProto(attr.value().tensor());
      if (value.ok()) group.expected.emplace(node.name(), std::move(value).value());
    }
  }
  return group;
}

bool Covered(const v1::tf::GraphDef& graph) {
  for (const auto& node : graph.node()) {
    if (FindOpDef(node.op()) == nullptr) return false;
  }
  return true;
}

template <class T>
bool Near(const Tensor& got, const Tensor& want, double relative, double absolute) {
  double largest = 0;
  for (const T w : want.flat<T>()) {
    if (std::isfinite(w)) largest = std::max(largest, std::abs(static_cast<double>(w)));
  }
  for (std::size_t i = 0; i < want.flat<T>().size(); ++i) {
    const double g = got.flat<T>()[i];
    const double w = want.flat<T>()[i];
    if (std::isnan(w) != std::isnan(g)) return false;
    if (std::isnan(w) || g == w) continue;
    if (!(std::abs(g - w) <= relative * std::abs(w) + absolute * largest)) return false;
  }
  return true;
}

bool Agrees(const Tensor& got, const Tensor& want) {
  if (got.dtype() != want.dtype() || got.shape() != want.shape()) return false;
  if (want.dtype() == DataType::kFloat) return Near<float>(got, want, 1e-5, 1e-6);
  if (want.dtype() == DataType::kDouble) return Near<double>(got, want, 1e-12, 1e-13);
  return BitEqual(got, want);
}

void CheckValue(const std::string& what, const Tensor& got, const Tensor& want) {
  BOOST_TEST(Agrees(got, want), what << ": got " << DataTypeName(got.dtype())
                                     << got.shape().ToString() << got.ToString(16) << ", want "
                                     << DataTypeName(want.dtype()) << want.shape().ToString()
                                     << want.ToString(16));
}

struct Tally {
  int compared = 0;
  int skipped = 0;
};

// Element types that are stored but not computed with.
bool NoKernel(const Status& status) { return status.code() == Code::kUnimplemented; }

void RunStatelessCase(const std::string& scope, const v1::tf::GraphDef& def, const Group& group,
                      Tally* tally) {
  SessionWorld world;
  auto graph = GraphFromDef(def.SerializeAsString());
  BOOST_TEST(graph.ok(), scope << ": " << graph.status().ToString());
  if (!graph.ok()) return;
  world.Run([&] {
    const auto session = world.OpenOn(**graph);
    for (auto want = group.expected.lower_bound(scope + "/"); want != group.expected.end();
         ++want) {
      if (ScopeOf(want->first) != scope) break;
      RunRequest request;
      request.fetches = want->first + ":0";
      const Result<Fetched> got = session->TryRun(request);
      if (NoKernel(got.status())) {
        ++tally->skipped;
        continue;
      }
      BOOST_TEST(got.ok(), want->first << ": " << got.status().ToString());
      if (!got.ok()) continue;
      CheckValue(want->first, got->tensor(), want->second);
      ++tally->compared;
    }
  });
}

struct Step {
  std::vector<std::string> fetches;
  std::vector<std::pair<std::string, std::string>> feeds;
  std::vector<std::pair<std::string, std::string>> expected;
  std::string code;
  std::string fragment;
  std::int64_t timeout_ms = 0;
};

std::map<std::string, std::vector<Step>> LoadSteps(const std::string& name) {
  std::map<std::string, std::vector<Step>> cases;
  std::istringstream in(Slurp(name + ".steps.txt"));
  std::vector<Step>* steps = nullptr;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string verb;
    std::string a;
    std::string b;
    words >> verb;
    if (verb == "#") continue;
    if (verb == "run") {
      steps->emplace_back();
      while (words >> a) steps->back().fetches.push_back(a);
      continue;
    }
    words >> a;
    if (verb == "case") steps = &cases[a];
    if (verb == "timeout") steps->back().timeout_ms = std::stoll(a);
    if (verb == "error") {
      steps->back().code = a;
      std::getline(words >> std::ws, steps->back().fragment);
    }
    words >> b;
    if (verb == "feed") steps->back().feeds.emplace_back(a, b);
    if (verb == "expect") steps->back().expected.emplace_back(a, b);
  }
  return cases;
}

void RunStep(Session& session, const Step& step, const Group& group, const std::string& what,
             Tally* tally) {
  RunRequest request;
  RunOptions options;
  options.timeout_ms = step.timeout_ms;
  request.options = &options;
  request.fetches = Fetch::List(step.fetches.begin(), step.fetches.end());
  for (const auto& [tensor, key] : step.feeds) {
    request.feeds.Add(session.graph().FindOutput(tensor), group.expected.at(key));
  }
  const Result<Fetched> got = session.TryRun(request);
  if (NoKernel(got.status()) && step.code != "UNIMPLEMENTED") {
    ++tally->skipped;
    return;
  }
  ++tally->compared;
  if (!step.code.empty()) {
    BOOST_TEST(CodeName(got.status().code()) == step.code, what << got.status().ToString());
    BOOST_TEST(got.status().message().find(step.fragment) != std::string::npos,
               what << got.status().ToString() << " lacks " << step.fragment);
    return;
  }
  BOOST_TEST(got.ok(), what << got.status().ToString());
  if (!got.ok()) return;
  for (const auto& [tensor, key] : step.expected) {
    for (std::size_t i = 0; i < step.fetches.size(); ++i) {
      if (step.fetches[i] != tensor) continue;
      CheckValue(what + tensor, (*got)[i].tensor(), group.expected.at(key));
    }
  }
}

// How many values each group has that this op set computes; fewer means that something is skipped
// that was not.
struct Expected {
  const char* group;
  int at_least;
};
std::ostream& operator<<(std::ostream& out, const Expected& e) { return out << e.group; }

constexpr Expected kStateless[] = {{"unary", 3},    {"binary", 110}, {"integer", 6},
                                   {"compare", 24}, {"cast", 58},    {"arrays", 30},
                                   {"linear", 24},  {"reduce", 36},  {"strings", 2},
                                   {"summary", 1},  {"const", 21},   {"structure", 6}};
constexpr Expected kStateful[] = {{"state_variables", 37}, {"state_queues", 22}, {"errors", 34}};

}  // namespace

BOOST_AUTO_TEST_SUITE(golden_ops)

BOOST_DATA_TEST_CASE(values_are_those_of_tensorflow, boost::unit_test::data::make(kStateless)) {
  const Group group = Load(sample.group);
  Tally tally;
  for (const auto& [scope, graph] : group.cases) {
    if (Covered(graph)) RunStatelessCase(scope, graph, group, &tally);
  }
  BOOST_TEST_MESSAGE(sample.group << ": " << tally.compared << " compared, " << tally.skipped
                                  << " without kernel");
  BOOST_TEST(tally.compared >= sample.at_least);
}

BOOST_DATA_TEST_CASE(steps_go_as_in_tensorflow, boost::unit_test::data::make(kStateful)) {
  const Group group = Load(sample.group);
  Tally tally;
  for (const auto& [name, steps] : LoadSteps(sample.group)) {
    const auto found = group.cases.find(name);
    if (found == group.cases.end() || !Covered(found->second)) continue;
    SessionWorld world;
    auto graph = GraphFromDef(found->second.SerializeAsString());
    BOOST_TEST(graph.ok(), name << ": " << graph.status().ToString());
    if (!graph.ok()) continue;
    world.Run([&, &n = name, &s = steps] {
      const auto session = world.OpenOn(**graph);
      for (std::size_t i = 0; i < s.size(); ++i) {
        RunStep(*session, s[i], group, n + " step " + std::to_string(i) + " ", &tally);
      }
    });
  }
  BOOST_TEST_MESSAGE(sample.group << ": " << tally.compared << " compared, " << tally.skipped
                                  << " without kernel");
  BOOST_TEST(tally.compared >= sample.at_least);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
