#include "core/cluster/cluster_spec.h"

#include <utility>

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "core/base/error.h"
#include "core/cluster/cluster.pb.h"

namespace faultline {
namespace {

ClusterSpec::TaskMap ToTaskMap(const std::string& job, const ClusterSpec::JobTasksSpec& tasks) {
  if (const auto* map = std::get_if<ClusterSpec::TaskMap>(&tasks)) {
    if (!map->empty() && map->begin()->first < 0) {
      throw ValueError(fmt::format("job {}: task index {} is negative", job, map->begin()->first));
    }
    return *map;
  }
  ClusterSpec::TaskMap out;
  int index = 0;
  for (const std::string& address : std::get<std::vector<std::string>>(tasks)) {
    out.emplace(index++, address);
  }
  return out;
}

bool Dense(const ClusterSpec::TaskMap& tasks) {
  return !tasks.empty() && tasks.rbegin()->first == static_cast<int>(tasks.size()) - 1;
}

}  // namespace

ClusterSpec::ClusterSpec(const Dict& jobs) {
  for (const auto& [name, tasks] : jobs) jobs_.emplace(name, ToTaskMap(name, tasks));
}

ClusterSpec::ClusterSpec(
    std::initializer_list<std::pair<std::string, std::vector<std::string>>> jobs) {
  for (const auto& [name, addresses] : jobs) {
    if (!jobs_.emplace(name, ToTaskMap(name, addresses)).second) {
      throw ValueError(fmt::format("job {} is given twice", name));
    }
  }
}

ClusterSpec ClusterSpec::FromMessage(std::string_view serialized_cluster_def) {
  v1::cluster::ClusterDef message;
  if (!message.ParseFromArray(serialized_cluster_def.data(),
                              static_cast<int>(serialized_cluster_def.size()))) {
    throw TypeError("a cluster spec needs a serialized ClusterDef");
  }
  Dict jobs;
  for (const auto& job : message.job()) {
    jobs[job.name()] = TaskMap(job.tasks().begin(), job.tasks().end());
  }
  return ClusterSpec(jobs);
}

std::vector<std::string> ClusterSpec::Jobs() const {
  std::vector<std::string> names;
  for (const auto& [name, tasks] : jobs_) names.push_back(name);
  return names;
}

const ClusterSpec::TaskMap& ClusterSpec::FindJob(std::string_view job) const {
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) throw ValueError(fmt::format("no job {} in the cluster", job));
  return found->second;
}

int ClusterSpec::NumTasks(std::string_view job) const {
  return static_cast<int>(FindJob(job).size());
}

std::vector<int> ClusterSpec::TaskIndices(std::string_view job) const {
  std::vector<int> indices;
  for (const auto& [index, address] : FindJob(job)) indices.push_back(index);
  return indices;
}

const std::string& ClusterSpec::TaskAddress(std::string_view job, int index) const {
  const TaskMap& tasks = FindJob(job);
  const auto found = tasks.find(index);
  if (found == tasks.end()) throw ValueError(fmt::format("no task {} in job {}", index, job));
  return found->second;
}

std::vector<std::optional<std::string>> ClusterSpec::JobTasks(std::string_view job) const {
  const TaskMap& tasks = FindJob(job);
  std::vector<std::optional<std::string>> out;
  for (const auto& [index, address] : tasks) {
    out.resize(static_cast<std::size_t>(index));
    out.emplace_back(address);
  }
  return out;
}

ClusterSpec::Dict ClusterSpec::AsDict() const {
  Dict out;
  for (const auto& [name, tasks] : jobs_) {
    if (!Dense(tasks)) {
      out[name] = tasks;
      continue;
    }
    std::vector<std::string> addresses;
    for (const auto& [index, address] : tasks) addresses.push_back(address);
    out[name] = std::move(addresses);
  }
  return out;
}

std::string ClusterSpec::SerializeMessage() const {
  v1::cluster::ClusterDef message;
  for (const auto& [name, tasks] : jobs_) {
    auto* job = message.add_job();
    job->set_name(name);
    for (const auto& [index, address] : tasks) (*job->mutable_tasks())[index] = address;
  }
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

}  // namespace faultline
