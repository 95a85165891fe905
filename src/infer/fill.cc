#include "infer/fill.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/ascii.h"
#include "infer/known_ids.h"
#include "infer/sampling.h"
#include "tokenizer/mask_id.h"

namespace malmoi::infer {
namespace {

Result<int32_t> id_of_word(const std::string& word, const tokenizer::Tokenizer& tokenizer) {
  std::vector<int32_t> pieces = tokenizer.encode(word, {.parse_special = false});
  // Vocabularies that mark where words begin have a word in the middle of a text with a space before it.
  if (pieces.size() != 1) pieces = tokenizer.encode(" " + word, {.parse_special = false});
  if (pieces.size() == 1) return pieces[0];
  std::vector<std::string> shown;
  for (int32_t id : pieces) shown.push_back(tokenizer.piece(id));
  return usage_error(fmt::format("the tokenizer cuts '{}' in {} pieces ({}), and a gap holds one", word, pieces.size(),
                                 fmt::join(shown, " ")),
                     "--words", "ask for a word of the vocabulary");
}

// The ids that may stand in a gap: all words, or those that were asked for.
Result<std::vector<int32_t>> candidates(const FillChoice& choice, const model::Model& model,
                                        const tokenizer::Tokenizer& tokenizer) {
  std::vector<int32_t> ids;
  for (const std::string& word : choice.words) {
    MALMOI_ASSIGN(const int32_t id, id_of_word(word, tokenizer));
    ids.push_back(id);
  }
  if (!choice.words.empty()) return ids;
  // Rows of the table beyond the tokenizer's ids round it up.
  const int64_t known = std::min<int64_t>(model.vocab_size(), tokenizer.vocab_size());
  for (int32_t id = 0; id < known; ++id) {
    if (!tokenizer.is_special(id)) ids.push_back(id);
  }
  return ids;
}

std::vector<chat::GapWord> most_probable(std::span<const float> logits, std::vector<int32_t> ids, size_t top,
                                         const tokenizer::Tokenizer& tokenizer) {
  auto logit = [&](int32_t id) { return static_cast<double>(logits[static_cast<size_t>(id)]); };
  const double whole = log_sum_exp(logits);
  const size_t wanted = std::min(top, ids.size());
  std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(wanted), ids.end(),
                    [&](int32_t a, int32_t b) { return logit(a) != logit(b) ? logit(a) > logit(b) : a < b; });
  std::vector<chat::GapWord> words;
  for (size_t i = 0; i < wanted; ++i) {
    std::string text(ascii_trim(tokenizer.decode({&ids[i], 1})));
    words.push_back({ids[i], std::move(text), std::exp(logit(ids[i]) - whole), tokenizer.token_bytes(ids[i])});
  }
  return words;
}

}  // namespace

Status check_fills(const model::Model& model) {
  if (model.task() == model::Task::kMaskedLm) return {};
  return usage_error("this " + model.model_type() + " model fills no gaps", "model",
                     "use one that was trained by masked_lm");
}

Result<TextWithGaps> read_gaps(const model::Model& model, const tokenizer::Tokenizer& tokenizer, std::string_view text,
                               const std::string& where, int64_t most) {
  MALMOI_TRY(check_fills(model));
  const auto mask = tokenizer::mask_id(tokenizer);
  if (!mask || *mask >= model.vocab_size())
    return invalid_data("the vocabulary has no mask token", "tokenizer", "use the tokenizer of the training");
  TextWithGaps gaps{.ids = tokenizer.encode(text, {.add_special = true, .parse_special = true}), .mask_id = *mask};
  if (std::ranges::find(gaps.ids, *mask) == gaps.ids.end())
    return usage_error("the text has no gap", where,
                       "write " + tokenizer.piece(*mask) + " where a word is to be found");
  if (static_cast<int64_t>(gaps.ids.size()) > most)
    return usage_error(fmt::format("the text has {} tokens; at most {} are read", gaps.ids.size(), most), where,
                       "shorten it");
  MALMOI_TRY(check_known(gaps.ids, model));
  return gaps;
}

Result<chat::FilledGaps> fill_gaps(Session& session, const tokenizer::Tokenizer& tokenizer, const TextWithGaps& text,
                                   const FillChoice& choice) {
  const std::vector<int32_t>& ids = text.ids;
  MALMOI_ASSIGN(const std::vector<int32_t> words, candidates(choice, session.model(), tokenizer));
  MALMOI_TRY(check_known(words, session.model()));
  // Logits of a whole vocabulary are large: those before the first gap are not made.
  const auto first = static_cast<size_t>(std::ranges::find(ids, text.mask_id) - ids.begin());
  session.forget();  // what a pass that threw has left
  session.add({.ids = ids}, static_cast<int64_t>(ids.size() - first));
  MALMOI_ASSIGN(const std::span<const float> logits, session.logits());
  const size_t width = logits.size() / (ids.size() - first);
  const size_t top = choice.words.empty() ? static_cast<size_t>(choice.top) : words.size();
  chat::FilledGaps filled{.mask = tokenizer.piece(text.mask_id), .gaps = {}, .text = {}};
  std::vector<int32_t> whole;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == text.mask_id) {
      filled.gaps.push_back(most_probable(logits.subspan((i - first) * width, width), words, top, tokenizer));
      if (!filled.gaps.back().empty()) whole.push_back(filled.gaps.back()[0].id);
    } else if (!tokenizer.is_special(ids[i])) {
      whole.push_back(ids[i]);
    }
  }
  filled.text = tokenizer.decode(whole, true);
  return filled;
}

}  // namespace malmoi::infer
