#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/base/result.h"

namespace faultline::scenarios {

// Files that programs read, by their path below the data folder: "digits/digits.csv". Only read, so
// simulations of several threads may share one.
using DataFiles = std::map<std::string, std::string>;

// All files below `root`, a folder of this machine. NOT_FOUND names it.
Result<std::shared_ptr<const DataFiles>> LoadDataFiles(const std::string& root);

// The data folder of this source tree.
std::string DefaultDataRoot();

}  // namespace faultline::scenarios
