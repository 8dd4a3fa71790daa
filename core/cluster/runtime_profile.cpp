#include "core/cluster/runtime_profile.h"

namespace faultline {

RuntimeProfile RuntimeProfile::Classic() {
  RuntimeProfile profile;
  profile.name = "classic";
  return profile;
}

RuntimeProfile RuntimeProfile::Retry() {
  RuntimeProfile profile;
  profile.name = "retry";
  profile.master_retries = 10;
  profile.request_ids = true;
  return profile;
}

bool FindRuntimeProfile(std::string_view name, RuntimeProfile* profile) {
  for (const RuntimeProfile& known : {RuntimeProfile::Classic(), RuntimeProfile::Retry()}) {
    if (known.name != name) continue;
    *profile = known;
    return true;
  }
  return false;
}

}  // namespace faultline
