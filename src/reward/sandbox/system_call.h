// Calls of the system without the library around them, which keeps errors where other threads of a shared memory have theirs.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <type_traits>

namespace malmoi::reward::system_call {

template <typename T>
[[gnu::always_inline]] inline long word_of(T value) {
  if constexpr (std::is_null_pointer_v<T>) return 0;
  else if constexpr (std::is_pointer_v<T>) return reinterpret_cast<long>(value);
  else return static_cast<long>(value);
}

/// What the system answers: a result, or minus the number of an error.
[[gnu::always_inline]] inline long answer(long number, long a, long b, long c, long d, long e) {
#if defined(__x86_64__)
  long result;
  register long fourth asm("r10") = d;
  register long fifth asm("r8") = e;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
               : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long which asm("x8") = number;
  register long first asm("x0") = a;
  register long second asm("x1") = b;
  register long third asm("x2") = c;
  register long fourth asm("x3") = d;
  register long fifth asm("x4") = e;
  asm volatile("svc 0" : "+r"(first) : "r"(which), "r"(second), "r"(third), "r"(fourth), "r"(fifth) : "memory");
  return first;
#else  // sandboxes are refused there (filter.h)
  const long result = ::syscall(number, a, b, c, d, e);
  return result < 0 ? -errno : result;
#endif
}

template <typename... Arguments>
[[gnu::always_inline]] inline long call(long number, Arguments... arguments) {
  static_assert(sizeof...(arguments) <= 5);
  long words[5] = {word_of(arguments)...};
  return answer(number, words[0], words[1], words[2], words[3], words[4]);
}

/// Keeps the first error of steps that follow each other: `steps(call(...)) && steps(call(...))`.
class Steps {
 public:
  bool operator()(long result) {
    if (result < 0 && error_ == 0) error_ = static_cast<int>(-result);
    return result >= 0;
  }
  /// A number of errno; 0: none failed.
  int error() const { return error_; }

 private:
  int error_ = 0;
};

}  // namespace malmoi::reward::system_call
