#pragma once

#include <csignal>

#include "core/env/cancel.h"

namespace faultline {

// SIGINT and SIGTERM as a request that fibers can see. While one of these lives the two signals are
// held back and read from a descriptor, so that no handler runs and nothing has to be
// async-signal-safe. Once one has been received the next ends the process as usual.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  // Takes a signal in, if one has come, and cancels the token. Returns the signal, 0 if none came.
  int Check();
  // The signal taken in so far, 0 if none.
  int received() const { return received_; }
  // Cancelled (CANCELLED "interrupted by signal N") by Check: for waits and loops that should end.
  CancelToken& token() { return token_; }
  // Readable when a signal has come; -1 once one has been taken in.
  int descriptor() const { return descriptor_; }

 private:
  void Restore();

  CancelToken token_;
  int received_ = 0;
  int descriptor_ = -1;
  sigset_t old_mask_;
};

}  // namespace faultline
