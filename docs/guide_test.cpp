// The user guide says what the code does: its examples are those that are compiled, and every
// argument of the published pages is on it.

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace faultline {
namespace {

std::string ReadText(const std::string& file) {
  std::ifstream in(std::string(FL_SOURCE_DIR) + "/docs/" + file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  BOOST_REQUIRE_MESSAGE(in.good() && !text.str().empty(), file << " cannot be read");
  return text.str();
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string Trimmed(const std::string& line) {
  const std::size_t first = line.find_first_not_of(' ');
  return first == std::string::npos ? "" : line.substr(first);
}

// Without the indentation of the first line.
std::string Dedented(const std::vector<std::string>& lines) {
  const std::size_t indent = lines.empty() ? 0 : lines[0].find_first_not_of(' ');
  std::string text;
  for (const std::string& line : lines) {
    text += line.size() > indent ? line.substr(indent) : Trimmed(line);
    text += '\n';
  }
  return text;
}

using Examples = std::map<std::string, std::string>;

// What stands between a line that begins with `begin`, whose rest is the name, and a line `end`.
Examples Between(const std::string& text, std::string_view begin, std::string_view end) {
  Examples examples;
  std::string name;
  std::vector<std::string> lines;
  for (const std::string& line : Lines(text)) {
    const std::string trimmed = Trimmed(line);
    if (trimmed.starts_with(begin)) {
      BOOST_TEST(name.empty(), name << " has no end");
      name = trimmed.substr(begin.size());
      lines.clear();
    } else if (!name.empty() && trimmed == end) {
      BOOST_TEST(examples.emplace(name, Dedented(lines)).second, name << " is there twice");
      name.clear();
    } else if (!name.empty()) {
      lines.push_back(line);
    }
  }
  BOOST_TEST(name.empty(), name << " has no end");
  return examples;
}

Examples OnThePage() { return Between(ReadText("from_tensorflow.md"), "```cpp ", "```"); }

Examples Compiled() {
  Examples all = Between(ReadText("from_tensorflow_test.cpp"), "// example ", "// end");
  all.merge(Between(ReadText("own_program_test.cpp"), "// example ", "// end"));
  return all;
}

BOOST_AUTO_TEST_SUITE(guide)

BOOST_AUTO_TEST_CASE(every_example_on_the_page_is_compiled_and_run) {
  const Examples page = OnThePage();
  const Examples code = Compiled();
  BOOST_TEST(page.size() >= 12U);
  for (const auto& [name, text] : page) {
    const auto found = code.find(name);
    BOOST_REQUIRE_MESSAGE(found != code.end(), name << " is not compiled");
    BOOST_TEST(found->second == text, name);
  }
  for (const auto& [name, text] : code) BOOST_TEST(page.contains(name), name << " is not shown");
  // No block of code escapes.
  const std::string whole = ReadText("from_tensorflow.md");
  std::size_t fences = 0;
  for (const std::string& line : Lines(whole)) fences += Trimmed(line).starts_with("```");
  BOOST_TEST(fences == 2 * page.size());
}

BOOST_AUTO_TEST_CASE(every_argument_of_the_published_pages_is_on_the_page) {
  const std::string page = ReadText("from_tensorflow.md");
  const std::string_view arguments[] = {"local_init_op",
                                        "ready_op",
                                        "ready_for_local_init_op",
                                        "graph",
                                        "recovery_wait_secs",
                                        "local_init_run_options",
                                        "local_init_feed_dict",
                                        "master",
                                        "init_op",
                                        "saver",
                                        "checkpoint_dir",
                                        "checkpoint_filename_with_path",
                                        "wait_for_checkpoint",
                                        "max_wait_secs",
                                        "config",
                                        "init_feed_dict",
                                        "init_fn",
                                        "session_creator",
                                        "hooks",
                                        "stop_grace_period_secs",
                                        "fetches",
                                        "feed_dict",
                                        "options",
                                        "run_metadata",
                                        "is_chief",
                                        "scaffold",
                                        "chief_only_hooks",
                                        "save_checkpoint_secs",
                                        "save_summaries_steps",
                                        "save_summaries_secs",
                                        "log_step_count_steps",
                                        "save_checkpoint_steps",
                                        "summary_dir",
                                        "save_graph_def"};
  for (const std::string_view argument : arguments) {
    BOOST_TEST(page.find("`" + std::string(argument) + "`") != std::string::npos, argument);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
