// What several post-processors do: put a token before and behind a text, and trim offsets.
#pragma once

#include <string>

#include "tokenizer/json/fields.h"
#include "tokenizer/pipeline/post_processor.h"

namespace malmoi::tokenizer {

/// ["[SEP]", 102]
template <>
struct JsonValue<NamedId> {
  static Status read(const JsonNode& node, NamedId& value);
  static void write(std::string& out, const NamedId& value);
};

/// Moves offsets inward over the white space at a token's ends. A single space before the first token may be one that the
/// pre-tokenizer put there: it stays.
void trim_offsets(Sequence& sequence, bool add_prefix_space);

/// At most two tokens more for each sequence.
inline Volume volume_with_two(Volume before) { return {before.sequences, before.tokens + 2 * before.sequences}; }

/// `before` (where there is one) + sequence + `after`, of one type.
Sequence wrapped(const Sequence& sequence, const NamedId* before, const NamedId& after, int32_t type);

}  // namespace malmoi::tokenizer
