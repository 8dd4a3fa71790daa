#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/env/file_system.h"

namespace faultline {

// The serialized MetaGraphDef that a file holds, in binary or, if it is none, in text form
// (CK-2202). IO_ERROR "does not exist" for a missing file and "Cannot parse file" for one that
// holds neither; other errors of the file as they are. May suspend.
Result<std::string> ReadMetaGraphFile(FileSystem& files, const std::string& path);

// The text form of a serialized MetaGraphDef. INVALID_ARGUMENT if it is none.
Result<std::string> MetaGraphText(std::string_view serialized);

}  // namespace faultline
