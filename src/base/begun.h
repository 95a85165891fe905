// Of a text that comes in pieces: how much of its end may be the beginning of something.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace malmoi {

/// The length of the longest end of `text` with which `marker` begins, short of all of it.
inline size_t begun(std::string_view text, std::string_view marker) {
  size_t length = std::min(text.size(), marker.empty() ? 0 : marker.size() - 1);
  while (length > 0 && !text.ends_with(marker.substr(0, length))) --length;
  return length;
}

}  // namespace malmoi
