// Which tokens begin, end, pad and stand for the unknown: from tokenizer_config.json, else by their usual names.
#pragma once

#include <string>
#include <string_view>

#include "tokenizer/parts.h"

namespace malmoi::tokenizer {

/// Sets what the text of a tokenizer_config.json names, and keeps the text.
Status read_tokenizer_config(Tokenizer::Parts& parts, std::string config, std::string where);
/// Sets what is not set yet by the usual names of such tokens, looked for among the special tokens.
void guess_special_ids(Tokenizer::Parts& parts);
/// The text of a tokenizer_config.json with which AutoTokenizer opens the tokenizer.json beside it.
std::string tokenizer_config_json(const Tokenizer& tokenizer);

}  // namespace malmoi::tokenizer
