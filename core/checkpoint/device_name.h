#pragma once

#include <string>
#include <string_view>

namespace faultline {

// A device as TensorFlow writes it in full: "/cpu:0" is "/device:CPU:0" (CK-1305). Parts that are
// not understood are left out.
std::string CanonicalDevice(std::string_view device);
// The first processor of the same job, replica and task: where files are written.
std::string CpuOfDevice(std::string_view device);

}  // namespace faultline
