#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace faultline {

// A callable without arguments, kept in place (or on the heap if it is large): what happens at a
// moment. Move-only captures are fine.
class TimedAction {
 public:
  static constexpr std::size_t kInlineBytes = 64;

  TimedAction() = default;
  ~TimedAction() { Reset(); }
  TimedAction(const TimedAction&) = delete;
  TimedAction& operator=(const TimedAction&) = delete;

  template <class F>
  void Set(F&& function) {
    Reset();
    using Decayed = std::decay_t<F>;
    if constexpr (sizeof(Decayed) <= kInlineBytes &&
                  alignof(Decayed) <= alignof(std::max_align_t)) {
      new (storage_) Decayed(std::forward<F>(function));
      invoke_ = [](void* storage) { (*static_cast<Decayed*>(storage))(); };
      destroy_ = [](void* storage) { static_cast<Decayed*>(storage)->~Decayed(); };
    } else {
      Set([boxed = std::make_unique<Decayed>(std::forward<F>(function))] { (*boxed)(); });
    }
  }
  void operator()() { invoke_(storage_); }
  void Reset() {
    if (destroy_ != nullptr) std::exchange(destroy_, nullptr)(storage_);
  }

 private:
  void (*invoke_)(void*) = nullptr;
  void (*destroy_)(void*) = nullptr;
  alignas(std::max_align_t) unsigned char storage_[kInlineBytes];
};

}  // namespace faultline
