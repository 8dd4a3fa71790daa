#include "core/os/stop_signal.h"

#include <cerrno>
#include <string>

#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/assert.h"

namespace faultline {

StopSignal::StopSignal() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  const int blocked = ::pthread_sigmask(SIG_BLOCK, &signals, &old_mask_);
  FL_ASSERT(blocked == 0, "pthread_sigmask: {}", blocked);
  descriptor_ = ::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  FL_ASSERT(descriptor_ >= 0, "signalfd: errno {}", errno);
}

StopSignal::~StopSignal() { Restore(); }

int StopSignal::Check() {
  if (descriptor_ < 0) return received_;
  signalfd_siginfo info;
  if (::read(descriptor_, &info, sizeof(info)) != sizeof(info)) return 0;
  received_ = static_cast<int>(info.ssi_signo);
  Restore();
  token_.Cancel(Status(Code::kCancelled, "interrupted by signal " + std::to_string(received_)));
  return received_;
}

void StopSignal::Restore() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  descriptor_ = -1;
  ::pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
}

}  // namespace faultline
