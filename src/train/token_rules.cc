#include "train/token_rules.h"

#include <algorithm>
#include <string>

#include "tokenizer/mask_id.h"

namespace malmoi::train {
namespace {

constexpr std::string_view kContinues = "##";  // of WordPiece: the word goes on

// Pieces of words are marked where they go on (WordPiece) or where they begin (a space, in all others).
bool marks_continuation(const tokenizer::Tokenizer& tokenizer) {
  constexpr int32_t kFew = 16;  // a vocabulary of words may hold a text of two number signs
  int32_t found = 0;
  for (int32_t id = 0; id < tokenizer.vocab_size() && found < kFew; ++id)
    found += tokenizer.piece(id).starts_with(kContinues) && tokenizer.piece(id) != kContinues;
  return found == kFew;
}

void read_surroundings(const tokenizer::Tokenizer& tokenizer, TokenRules& rules) {
  const auto whole = tokenizer.encode_full("a", {.add_special = true, .parse_special = false});
  const auto& special = whole.special_tokens_mask;
  const auto first = std::find(special.begin(), special.end(), 0),
             last = std::find(special.rbegin(), special.rend(), 0).base();
  rules.before.assign(whole.ids.begin(), whole.ids.begin() + (first - special.begin()));
  if (first != special.end()) rules.behind.assign(whole.ids.begin() + (last - special.begin()), whole.ids.end());
}

}  // namespace

TokenRules token_rules(const tokenizer::Tokenizer* tokenizer, int64_t vocab_size) {
  TokenRules rules{.vocab_size = static_cast<int32_t>(vocab_size)};
  rules.is_special.assign(static_cast<size_t>(vocab_size), false);
  rules.begins_word.assign(static_cast<size_t>(vocab_size), true);
  if (!tokenizer) return rules;
  rules.mask_id = tokenizer::mask_id(*tokenizer);
  while (auto id = tokenizer->id_of("<extra_id_" + std::to_string(rules.sentinels.size()) + ">"))
    rules.sentinels.push_back(*id);
  rules.end_id = tokenizer->eos_id();
  const bool by_continuation = marks_continuation(*tokenizer);
  for (int32_t id = 0; id < rules.vocab_size; ++id) {
    const auto at = static_cast<size_t>(id);
    const bool unused = id >= tokenizer->vocab_size();  // rows that round the table up
    rules.is_special[at] = unused || tokenizer->is_special(id);
    if (unused) continue;
    rules.begins_word[at] =
        by_continuation ? !tokenizer->piece(id).starts_with(kContinues) : tokenizer->token_bytes(id).starts_with(' ');
  }
  read_surroundings(*tokenizer, rules);
  return rules;
}

}  // namespace malmoi::train
