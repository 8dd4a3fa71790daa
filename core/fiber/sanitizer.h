#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace faultline::internal {

// What AddressSanitizer wants to know of stacks; nothing in builds without it.
#if defined(__SANITIZE_ADDRESS__)
#define FL_NO_ASAN __attribute__((no_sanitize_address, noinline))
inline void UnpoisonStack(void* base, std::size_t size) {
  __asan_unpoison_memory_region(base, size);
}
// Just before a switch. `fake_stack` null: the stack left behind is never entered again.
inline void StartSwitch(void** fake_stack, const void* base, std::size_t size) {
  __sanitizer_start_switch_fiber(fake_stack, base, size);
}
// Just after a switch; tells the stack that was left.
inline void FinishSwitch(void* fake_stack, const void** old_base, std::size_t* old_size) {
  __sanitizer_finish_switch_fiber(fake_stack, old_base, old_size);
}
#else
#define FL_NO_ASAN
inline void UnpoisonStack(void*, std::size_t) {}
inline void StartSwitch(void**, const void*, std::size_t) {}
inline void FinishSwitch(void*, const void**, std::size_t*) {}
#endif

}  // namespace faultline::internal
