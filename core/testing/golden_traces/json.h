#pragma once

#include <nlohmann/json.hpp>

namespace faultline::testing {

using Json = nlohmann::json;

}  // namespace faultline::testing
