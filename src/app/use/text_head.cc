#include "app/use/text_head.h"

#include <utility>

#include "base/counted.h"
#include "infer/known_ids.h"

namespace malmoi::app {
namespace {

Status check_not_empty(const train::EncodedText& text) {
  if (!text.ids.empty()) return {};
  return invalid_data("the text is empty, and the tokenizer puts nothing around it", "classify", "give a text");
}

}  // namespace

void warn_of_cut(uint64_t texts, const Job& job) {
  if (texts > 0) job.warn(counted(texts, "text") + " longer than the model's context, cut at the end");
}

Result<TextHead> TextHead::of(LoadedModel loaded) {
  TextHead head;
  head.loaded_ = std::move(loaded);
  MALMOI_ASSIGN(head.session_, infer::Session::create(*head.loaded_.model, {.row_invariant = false}));
  return head;
}

Result<std::vector<train::EncodedText>> TextHead::encode(const std::vector<TextPair>& texts) const {
  std::vector<train::EncodedText> encoded;
  for (const TextPair& text : texts) {
    encoded.push_back(
        train::encode_text(text.text, text.pair ? &*text.pair : nullptr, tokenizer(), model().max_positions()));
    MALMOI_TRY(check_not_empty(encoded.back()));
  }
  return encoded;
}

Result<std::vector<train::EncodedText>> TextHead::encode_windows(const TextPair& text, int64_t overlap) const {
  if (!text.pair) return encode({text});
  auto windows = train::encode_windows(text.text, *text.pair, tokenizer(), model().max_positions(), overlap);
  MALMOI_TRY(check_not_empty(windows[0]));
  return windows;
}

Result<std::vector<std::span<const float>>> TextHead::logits(std::span<const train::EncodedText> texts) {
  std::vector<std::span<const float>> each;
  if (texts.empty()) return each;
  for (const train::EncodedText& text : texts) MALMOI_TRY(infer::check_known(text.ids, model()));
  auto rows = [&](const train::EncodedText& text) { return model().head->row_for_each_run ? 1 : text.ids.size(); };
  for (const train::EncodedText& text : texts)
    session_->add({.ids = text.ids, .token_types = text.type_ids}, static_cast<int64_t>(rows(text)));
  MALMOI_ASSIGN(std::span<const float> all, session_->logits());
  const auto width = static_cast<size_t>(model().outputs());
  size_t begin = 0;
  for (const train::EncodedText& text : texts) {
    each.push_back(all.subspan(begin, rows(text) * width));
    begin += each.back().size();
  }
  return each;
}

}  // namespace malmoi::app
