// More tokens for a tokenizer that is there: its tokenizer.json with entries after the last.
#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.h"
#include "tokenizer/export/export.h"
#include "tokenizer/json/fields.h"
#include "tokenizer/parts.h"
#include "tokenizer/special_ids.h"

namespace malmoi::tokenizer {

Result<Tokenizer> with_added_tokens(const Tokenizer& tokenizer, std::span<const std::string> tokens, bool special) {
  std::string entries;
  int32_t id = tokenizer.vocab_size();
  std::vector<std::string> seen;
  for (const std::string& token : tokens) {
    if (token.empty() || !is_valid_utf8(token))
      return usage_error("a token to be added is empty or not UTF-8", "added tokens", "give it some text");
    if (tokenizer.id_of(token) || std::find(seen.begin(), seen.end(), token) != seen.end())
      return usage_error(fmt::format("the token \"{}\" is there already", token), "added tokens", "leave it out");
    seen.push_back(token);
    MALMOI_TRY(write_fields(entries, AddedToken{.id = id++, .content = token, .special = special}));
    entries += ',';
  }
  MALMOI_ASSIGN(std::string json, to_tokenizer_json(tokenizer.parts()));
  // `added_tokens` comes before anything whose text is not ours; the reader sorts its entries by id.
  constexpr std::string_view kKey = "\"added_tokens\":[";
  size_t at = json.find(kKey);
  if (at == std::string::npos) return internal_error("tokenizer.json without added tokens", "added tokens");
  at += kKey.size();
  if (json[at] == ']' && !entries.empty()) entries.pop_back();
  json.insert(at, entries);
  return Tokenizer::from_json(json, "tokenizer with added tokens", tokenizer_config_json(tokenizer));
}

}  // namespace malmoi::tokenizer
