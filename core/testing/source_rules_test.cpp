#include "core/testing/source_rules.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include <boost/test/unit_test.hpp>

namespace faultline::testing {
namespace {

std::string Slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<std::string> Words(const std::string& path) {
  std::ifstream in(path);
  return {std::istream_iterator<std::string>(in), std::istream_iterator<std::string>()};
}

bool Has(const std::vector<RuleFinding>& findings, std::string_view rule) {
  for (const RuleFinding& finding : findings) {
    if (finding.rule == rule) return true;
  }
  return false;
}

BOOST_AUTO_TEST_SUITE(source_rules)

BOOST_AUTO_TEST_CASE(every_source_keeps_the_rules) {
  const std::vector<std::string> sources = ListSources(FL_SOURCE_DIR);
  BOOST_TEST(sources.size() > 50U);
  for (const std::string& path : sources) {
    for (const RuleFinding& finding : CheckFile(path, Slurp(FL_SOURCE_DIR "/" + path))) {
      BOOST_ERROR(finding.path + ":" + std::to_string(finding.line) + ": [" + finding.rule + "] " +
                  finding.text);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_source_begins_with_its_own_header) {
  const std::vector<std::string> sources = ListSources(FL_SOURCE_DIR);
  int with_header = 0;
  for (const std::string& path : sources) {
    if (!path.ends_with(".cpp")) continue;
    const std::string header = path.substr(0, path.rfind('.')) + ".h";
    if (std::find(sources.begin(), sources.end(), header) == sources.end()) continue;
    ++with_header;
    for (const RuleFinding& finding : CheckOwnHeader(path, Slurp(FL_SOURCE_DIR "/" + path))) {
      BOOST_ERROR(finding.path + ": [" + finding.rule + "] " + finding.text);
    }
  }
  BOOST_TEST(with_header > 50);
}

BOOST_AUTO_TEST_CASE(every_test_source_is_in_a_program) {
  const auto built = Words(FL_BINARY_DIR "/test_sources.txt");
  for (const RuleFinding& finding : CheckUnbuilt(ListSources(FL_SOURCE_DIR), built)) {
    BOOST_ERROR(finding.path + ": [" + finding.rule + "] " + finding.text);
  }
}

// Each rule is seen to catch a planted violation, and to let the right form pass.

BOOST_AUTO_TEST_CASE(include_against_the_layers_is_found) {
  BOOST_TEST(Has(CheckIncludes("core/env/a.cpp", "#include \"core/exec/session.h\"\n"), "include"));
  BOOST_TEST(Has(CheckIncludes("core/session/a.cpp", "#include <Eigen/Core>\n"), "include"));
  BOOST_TEST(Has(CheckIncludes("core/exec/a.cpp", "#include \"sim/node.h\"\n"), "include"));
  BOOST_TEST(
      Has(CheckIncludes("core/exec/a.cpp", "#include \"core/testing/fake_env.h\"\n"), "include"));
  BOOST_TEST(!Has(CheckIncludes("core/exec/a_test.cpp", "#include \"core/testing/fake_env.h\"\n"),
                  "include"));
  BOOST_TEST(!Has(CheckIncludes("core/exec/a.cpp", "#include <vector>\n#include <Eigen/Core>\n"),
                  "include"));
}

BOOST_AUTO_TEST_CASE(other_header_before_the_own_one_is_found) {
  const std::string own = "#include \"sim/a.h\"\n";
  BOOST_TEST(Has(CheckOwnHeader("sim/a.cpp", "#include <vector>\n" + own), "own_header"));
  BOOST_TEST(Has(CheckOwnHeader("sim/a.cpp", "int x;\n"), "own_header"));
  BOOST_TEST(
      !Has(CheckOwnHeader("sim/a.cpp", "// Why.\n" + own + "#include <vector>\n"), "own_header"));
}

BOOST_AUTO_TEST_CASE(banned_name_is_found_outside_of_its_wrapper) {
  const std::string use = "auto t = std::chrono::steady_clock::now();\n";
  BOOST_TEST(Has(CheckBannedNames("core/exec/a.cpp", use), "banned"));
  BOOST_TEST(!Has(CheckBannedNames("core/os/a.cpp", use), "banned"));
  BOOST_TEST(Has(CheckBannedNames("sim/a.cpp", "std::unordered_map<int, int> m;\n"), "banned"));
  BOOST_TEST(Has(CheckBannedNames("sim/a.cpp", "try { F(); } catch (...) {}\n"), "banned"));
  BOOST_TEST(Has(CheckBannedNames("sim/a.cpp", "long t = time(nullptr);\n"), "banned"));
  BOOST_TEST(!Has(CheckBannedNames("sim/a.cpp", "Use(trace.time(3), Runtime(1));\n"), "banned"));
  BOOST_TEST(!Has(CheckBannedNames("sim/a.cpp", "// std::thread would be wrong\n"), "banned"));
}

BOOST_AUTO_TEST_CASE(mutable_static_is_found) {
  BOOST_TEST(Has(CheckStatics("sim/a.cpp", "  static int count = 0;\n"), "static"));
  BOOST_TEST(Has(CheckStatics("sim/a.cpp", "static std::map<int, int> m;\n"), "static"));
  BOOST_TEST(!Has(CheckStatics("sim/a.cpp", "static constexpr int kN = 3;\n"), "static"));
  BOOST_TEST(!Has(CheckStatics("sim/a.h", "  static Status Make(int x);\n"), "static"));
}

BOOST_AUTO_TEST_CASE(handler_that_acts_is_found) {
  BOOST_TEST(Has(CheckHandlers("core/session/a.cpp",
                               "try { F(); } catch (const Error& e) { session.Close(); }\n"),
                 "handler"));
  BOOST_TEST(!Has(CheckHandlers("core/session/a.cpp",
                                "try { F(); } catch (const Error& e) { kept = e.status(); }\n"),
                  "handler"));
}

BOOST_AUTO_TEST_CASE(size_over_the_limit_is_found) {
  BOOST_TEST(Has(CheckSizes("sim/a.cpp", std::string(101, 'x') + "\n"), "size"));
  std::string file;
  for (int i = 0; i < 801; ++i) file += "int x;\n";
  BOOST_TEST(Has(CheckSizes("sim/a.cpp", file), "size"));
  std::string function = "void F() {\n";
  for (int i = 0; i < 60; ++i) function += "  G();\n";
  BOOST_TEST(Has(CheckSizes("sim/a.cpp", function + "}\n"), "size"));
  BOOST_TEST(!Has(CheckSizes("sim/a.cpp", "void F() {\n  G();\n}\n"), "size"));
}

BOOST_AUTO_TEST_CASE(unbuilt_test_is_found) {
  BOOST_TEST(CheckUnbuilt({"sim/a_test.cpp", "sim/b_test.cpp"}, {"sim/a_test.cpp"}).size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline::testing
