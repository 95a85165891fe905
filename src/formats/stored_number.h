// Little-endian numbers as they lie in the bytes of a file.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace malmoi::formats {

/// The number at `offset`, which the caller has checked.
template <typename T>
T number(std::string_view bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

}  // namespace malmoi::formats
