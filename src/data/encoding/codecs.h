// The encodings that bytes are tried in, by what they are called and how they are read.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "data/encoding/common_characters.h"

namespace malmoi::data::internal {

struct Codec {
  std::string_view label;  // as documents have it
  const char* icu;         // ICU's converter
  Language language;
  double bits;             // what it costs to suppose it: minus the logarithm of how often it is met here
  std::string_view names;  // what it is declared by, in lower case, apart by spaces
};

/// Every encoding that is found without a declaration.
std::span<const Codec> codecs();

/// What a name that was declared stands for: an encoding of the table, or another one that ICU knows.
struct DeclaredCodec {
  const Codec* codec = nullptr;
  std::string other;      // ICU's name of one outside the table
  bool stateful = false;  // bytes of seven bits, shifted by escapes: ISO-2022, HZ, UTF-7
};

/// Nothing for UTF-8, UTF-16 (which show by themselves), ASCII and names that nobody knows.
std::optional<DeclaredCodec> find_declared(std::string_view name);

}  // namespace malmoi::data::internal
