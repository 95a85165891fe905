// Numbers of a GGUF file as they lie in its bytes.
#pragma once

#include <cstring>

#include "formats/gguf.h"

namespace malmoi::formats {

template <typename T>
T load(const char* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

/// Bytes of a number type; 0 for strings and arrays.
size_t fixed_size(GgufType type);

}  // namespace malmoi::formats
