#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace faultline {

// INVALID_ARGUMENT unless `address` is "host:port" with a port of 0..65535 (CL-12).
Status CheckAddress(std::string_view address);

// What sessions name to reach the server at `address`: "grpc://host:port".
std::string TargetOfAddress(std::string_view address);

// The address in a target. NOT_FOUND for another protocol than grpc (RF-33), INVALID_ARGUMENT for a
// malformed address.
Result<std::string> AddressOfTarget(std::string_view target);

}  // namespace faultline
