#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"

namespace faultline {

// Status of a system call on `path` that failed with `error` (an errno value): the code of CK-105,
// with message "<path>; <description>".
Status FileError(std::string_view path, int error);
// The code alone.
Code CodeOfErrno(int error);

}  // namespace faultline
