// Numbers of things in words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace malmoi {

/// "1 document", "2 documents"; `noun` takes an s.
inline std::string counted(uint64_t n, std::string_view noun) {
  std::string out = std::to_string(n) + " ";
  out += noun;
  if (n != 1) out += 's';
  return out;
}

}  // namespace malmoi
