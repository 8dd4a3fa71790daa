#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace faultline {

// Which tasks a cluster has and where they listen: job name -> task index -> "host:port" (CL-1). A
// value. Public API: throws ValueError and TypeError. Never suspends.
class ClusterSpec {
 public:
  using TaskMap = std::map<int, std::string>;
  // The tasks of one job: addresses with the indices 0..n-1, or a map from index to address.
  using JobTasksSpec = std::variant<std::vector<std::string>, TaskMap>;
  using Dict = std::map<std::string, JobTasksSpec>;

  ClusterSpec() = default;
  // ValueError for a negative index.
  ClusterSpec(const Dict& jobs);
  // A job as {"ps", {"a:1", "b:2"}}.
  ClusterSpec(std::initializer_list<std::pair<std::string, std::vector<std::string>>> jobs);
  // From a serialized ClusterDef; TypeError if it is none.
  static ClusterSpec FromMessage(std::string_view serialized_cluster_def);

  // Sorted by name.
  std::vector<std::string> Jobs() const;
  // CL-2: ValueError for a job or an index that does not exist.
  int NumTasks(std::string_view job) const;
  std::vector<int> TaskIndices(std::string_view job) const;
  const std::string& TaskAddress(std::string_view job, int index) const;
  // CL-3: as long as the largest index + 1, with empty slots for missing indices.
  std::vector<std::optional<std::string>> JobTasks(std::string_view job) const;
  // CL-4: dense jobs as lists, sparse and empty ones as maps.
  Dict AsDict() const;
  // CL-4: a serialized ClusterDef with jobs by name and tasks by index. Equal specs, equal bytes.
  std::string SerializeMessage() const;

  // CL-5.
  explicit operator bool() const { return !jobs_.empty(); }
  friend bool operator==(const ClusterSpec&, const ClusterSpec&) = default;

 private:
  const TaskMap& FindJob(std::string_view job) const;

  std::map<std::string, TaskMap, std::less<>> jobs_;
};

}  // namespace faultline
