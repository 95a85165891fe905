// Metaspace: a visible character for the space, shared by the pre-tokenizer and the decoder of that name.
#pragma once

#include <string>

#include "tokenizer/json/json_read.h"

namespace malmoi::tokenizer {

struct Metaspace {
  enum class Prepend { kFirst, kNever, kAlways };
  std::string replacement = "▁";
  Prepend scheme = Prepend::kAlways;
};

Result<Metaspace> metaspace_from_json(const JsonNode& node);
void append_metaspace_json(std::string& out, const Metaspace& metaspace, bool split);

}  // namespace malmoi::tokenizer
