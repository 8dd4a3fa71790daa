#pragma once

#include <map>
#include <string>

namespace faultline::testing {

// The exported graphs of a folder, read once.
class GraphStore {
 public:
  explicit GraphStore(std::string folder) : folder_(std::move(folder)) {}
  // Bytes of `<folder>/<name>.meta`. BadCase if there is no such file.
  const std::string& MetaGraph(const std::string& name);

 private:
  std::string folder_;
  std::map<std::string, std::string> read_;
};

}  // namespace faultline::testing
