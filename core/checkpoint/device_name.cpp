#include "core/checkpoint/device_name.h"

namespace faultline {
namespace {

struct Device {
  std::string job;
  std::string replica;
  std::string task;
  std::string type;
  std::string index;
};

std::string UpperCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

// "CPU:0" or "CPU".
void SetUnit(std::string_view text, Device* device) {
  const std::size_t colon = text.find(':');
  device->type = UpperCase(text.substr(0, colon));
  device->index = colon == std::string_view::npos ? "*" : std::string(text.substr(colon + 1));
}

Device Parse(std::string_view text) {
  Device device;
  while (!text.empty()) {
    if (text.front() == '/') text.remove_prefix(1);
    const std::string_view part = text.substr(0, text.find('/'));
    text.remove_prefix(part.size());
    const std::size_t colon = part.find(':');
    const std::string_view key = part.substr(0, colon);
    const std::string_view value =
        colon == std::string_view::npos ? std::string_view() : part.substr(colon + 1);
    if (key == "job") device.job = value;
    if (key == "replica") device.replica = value;
    if (key == "task") device.task = value;
    if (key == "device") SetUnit(value, &device);
    if (const std::string unit = UpperCase(key); unit == "CPU" || unit == "GPU") {
      SetUnit(part, &device);
    }
  }
  return device;
}

std::string Print(const Device& device) {
  std::string text;
  if (!device.job.empty()) text += "/job:" + device.job;
  if (!device.replica.empty()) text += "/replica:" + device.replica;
  if (!device.task.empty()) text += "/task:" + device.task;
  if (!device.type.empty()) text += "/device:" + device.type + ":" + device.index;
  return text;
}

}  // namespace

std::string CanonicalDevice(std::string_view device) { return Print(Parse(device)); }

std::string CpuOfDevice(std::string_view device) {
  Device parsed = Parse(device);
  parsed.type = "CPU";
  parsed.index = "0";
  return Print(parsed);
}

}  // namespace faultline
