#include "infer/answer_rules.h"

#include <algorithm>
#include <limits>
#include <string>

namespace malmoi::infer {
namespace {

constexpr float kForbidden = -std::numeric_limits<float>::infinity();

using Ids = std::span<const int32_t>;

void forbid(Ids ids, std::span<float> scores) {
  for (int32_t id : ids) {
    if (id >= 0 && static_cast<size_t>(id) < scores.size()) scores[static_cast<size_t>(id)] = kForbidden;
  }
}

void force(Ids ids, std::span<float> scores) {
  std::fill(scores.begin(), scores.end(), kForbidden);
  for (int32_t id : ids) {
    if (static_cast<size_t>(id) < scores.size()) scores[static_cast<size_t>(id)] = 0;
  }
}

bool ends_with(Ids text, Ids ending) {
  return ending.size() <= text.size() &&
         std::equal(ending.begin(), ending.end(), text.end() - static_cast<std::ptrdiff_t>(ending.size()));
}

// The tokens that stand in `seen` behind the last n - 1 of `text`.
void forbid_repeats(int64_t n, Ids text, Ids seen, std::span<float> scores) {
  const auto before = static_cast<size_t>(n - 1);
  if (n <= 0 || text.size() < before) return;
  const Ids last = text.last(before);
  for (size_t i = 0; i + before < seen.size(); ++i) {
    if (std::equal(last.begin(), last.end(), seen.begin() + static_cast<std::ptrdiff_t>(i)))
      forbid(seen.subspan(i + before, 1), scores);
  }
}

void forbid_bad_words(const AnswerRules& rules, const AnswerSoFar& so_far, std::span<float> scores) {
  for (const std::vector<int32_t>& word : rules.bad_words) {
    const Ids before = Ids(word).first(word.size() - 1);
    const bool is_end =
        before.empty() && std::find(so_far.ends.begin(), so_far.ends.end(), word[0]) != so_far.ends.end();
    if (!is_end && ends_with(so_far.text, before)) forbid(Ids(word).last(1), scores);
  }
}

Status check_ids(Ids ids, const char* field, int64_t vocab_size) {
  for (int32_t id : ids) {
    if (id < 0 || id >= vocab_size)
      return usage_error("token " + std::to_string(id) + " is outside the vocabulary of " + std::to_string(vocab_size),
                         field, "use ids of the model's own tokenizer");
  }
  return {};
}

}  // namespace

Status AnswerRules::check(int64_t vocab_size) const {
  if (!(encoder_repetition_penalty > 0))
    return usage_error("is not above 0", "encoder_repetition_penalty", "use 1 for none");
  for (auto [value, field] : {std::pair{no_repeat_ngram_size, "no_repeat_ngram_size"},
                              {encoder_no_repeat_ngram_size, "encoder_no_repeat_ngram_size"},
                              {min_length, "min_length"},
                              {min_new_tokens, "min_new_tokens"}}) {
    if (value < 0) return usage_error("is negative", field, "use 0 for none");
  }
  for (const std::vector<int32_t>& word : bad_words) {
    if (word.empty()) return usage_error("an entry is empty", "bad_words_ids", "leave it out");
    MALMOI_TRY(check_ids(word, "bad_words_ids", vocab_size));
  }
  if (forced_bos_token_id >= 0) MALMOI_TRY(check_ids({&forced_bos_token_id, 1}, "forced_bos_token_id", vocab_size));
  MALMOI_TRY(check_ids(forced_eos_token_ids, "forced_eos_token_id", vocab_size));
  MALMOI_TRY(check_ids(suppress_tokens, "suppress_tokens", vocab_size));
  return check_ids(begin_suppress_tokens, "begin_suppress_tokens", vocab_size);
}

void apply_rules(const AnswerRules& rules, const AnswerSoFar& so_far, std::span<float> scores) {
  const auto length = static_cast<int64_t>(so_far.text.size());
  if (rules.encoder_repetition_penalty != 1)
    penalise_repetition(1 / rules.encoder_repetition_penalty, so_far.source, scores);
  // Of a text shorter than n there is nothing to repeat.
  if (length >= rules.no_repeat_ngram_size)
    forbid_repeats(rules.no_repeat_ngram_size, so_far.text, so_far.text, scores);
  forbid_repeats(rules.encoder_no_repeat_ngram_size, so_far.text, so_far.source, scores);
  forbid_bad_words(rules, so_far, scores);
  if (length < rules.min_length || length - so_far.prompt < rules.min_new_tokens) forbid(so_far.ends, scores);
  const bool forces_first = rules.forced_bos_token_id >= 0;
  if (forces_first && length == 1) force({&rules.forced_bos_token_id, 1}, scores);
  const bool is_last = length == so_far.prompt + so_far.max_tokens - 1;
  if (is_last && !rules.forced_eos_token_ids.empty()) force(rules.forced_eos_token_ids, scores);
  forbid(rules.suppress_tokens, scores);
  // The first token that is chosen freely.
  const int64_t first = so_far.prompt + (forces_first && so_far.prompt == 1 ? 1 : 0);
  if (length == first) forbid(rules.begin_suppress_tokens, scores);
}

void penalise_repetition(double r, std::span<const int32_t> text, std::span<float> scores) {
  std::vector<int32_t> ids(text.begin(), text.end());
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  for (int32_t id : ids) {
    if (id < 0 || static_cast<size_t>(id) >= scores.size()) continue;
    float& score = scores[static_cast<size_t>(id)];
    score = score < 0 ? score * static_cast<float>(r) : score / static_cast<float>(r);
  }
}

}  // namespace malmoi::infer
