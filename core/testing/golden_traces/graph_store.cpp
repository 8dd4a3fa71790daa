#include "core/testing/golden_traces/graph_store.h"

#include <fstream>
#include <sstream>

#include "core/testing/golden_traces/params.h"

namespace faultline::testing {

const std::string& GraphStore::MetaGraph(const std::string& name) {
  const auto found = read_.find(name);
  if (found != read_.end()) return found->second;
  const std::string path = folder_ + "/" + name + ".meta";
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (!file || bytes.str().empty()) throw BadCase("graph " + name + ": no file " + path);
  return read_[name] = bytes.str();
}

}  // namespace faultline::testing
