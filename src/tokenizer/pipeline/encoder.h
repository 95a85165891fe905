// The path of a text to ids: sections, normalisation, pieces, model; and what is put around.
#pragma once

#include <string_view>
#include <vector>

#include "tokenizer/parts.h"

namespace malmoi::tokenizer {

/// The ids of a text without anything around it. `text` is valid UTF-8 of less than 4 GiB.
void encode_ids(const Tokenizer::Parts& parts, std::string_view text, bool parse_special, std::vector<int32_t>& ids);
/// The same with offsets (code points), types and masks. `type`: 0, or 1 for the second text of a pair. Stops early where
/// truncation will cut the rest anyway.
Sequence encode_sequence(const Tokenizer::Parts& parts, std::string_view text, bool parse_special, int32_t type);
/// Truncates, puts special tokens around, joins and pads one or two sequences.
Encoding finish_encoding(const Tokenizer::Parts& parts, std::vector<Sequence> sequences, bool add_special);
/// The text as the pre-tokenizer leaves it.
void prepare_draft(const Tokenizer::Parts& parts, std::string_view text, bool parse_special, Draft& draft);

}  // namespace malmoi::tokenizer
