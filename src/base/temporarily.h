// A value in the place of another for as long as a scope lasts.
#pragma once

#include <type_traits>
#include <utility>

namespace malmoi {

/// While it lives, `place` holds `value`; then what it held before.
template <typename T>
class [[nodiscard]] Temporarily {
 public:
  Temporarily(T& place, std::type_identity_t<T> value)
      : place_(place), before_(std::exchange(place, std::move(value))) {}
  ~Temporarily() { place_ = std::move(before_); }
  Temporarily(const Temporarily&) = delete;
  Temporarily& operator=(const Temporarily&) = delete;

 private:
  T& place_;
  T before_;
};

}  // namespace malmoi
