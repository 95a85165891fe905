// What GGUF files of Mamba and Mamba-2 say of parts that such models have not: llama.cpp asks every family for these keys.
#pragma once

#include <string>
#include <string_view>

#include "model/gguf_dialect.h"

namespace malmoi::model {

inline void describe_without_attention(std::string_view architecture, formats::GgufMetadata& metadata) {
  constexpr uint32_t kContext = 1 << 20;  // what its converter writes: the recurrence has no end
  const std::string prefix = std::string(architecture) + ".";
  metadata.set_u32(prefix + "context_length", kContext);
  metadata.set_u32(prefix + "feed_forward_length", 0);
  metadata.set_u32(prefix + "attention.head_count", 0);
}

}  // namespace malmoi::model
