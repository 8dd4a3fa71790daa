#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/env/env.h"
#include "core/summary/record_file.h"

namespace faultline {

// One events file with its name and first record (CK-2104 .. CK-2106, CK-2113): what TensorFlow's
// lower events writer does. Calls may suspend.
class EventsFile {
 public:
  // `prefix` is a directory and the start of a name. The Env must outlive it.
  EventsFile(Env& env, std::string prefix, std::string suffix);

  // Makes the file now, if there is none or the present one has vanished; its name is then fixed.
  Status Init();
  // Makes the file if needed.
  Result<std::string> FileName();
  // A serialized event. Errors of writing are ignored (CK-2113); makes the file first.
  Status Write(std::string_view event);
  // UNKNOWN if the file has been deleted, whose outstanding events are then lost. Without
  // outstanding events it does nothing.
  Status Flush();
  Status Close();

 private:
  Status FileStillExists();

  Env& env_;
  std::string prefix_;
  std::string suffix_;
  std::string path_;
  std::unique_ptr<RecordWriter> writer_;
  int outstanding_ = 0;
};

}  // namespace faultline
