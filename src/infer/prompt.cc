#include "infer/prompt.h"

#include <optional>

#include "tokenizer/document_marks.h"

namespace malmoi::infer {

std::vector<int32_t> prompt_ids(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                                std::span<const int32_t> ends, std::string_view text, bool parse_special) {
  const bool goes_on = model.task() == model::Task::kCausalLm;
  std::vector<int32_t> ids = goes_on ? tokenizer::begin_document(tokenizer, text, parse_special)
                                     : tokenizer.encode(text, {.add_special = true, .parse_special = parse_special});
  if (ids.empty() && !ends.empty()) ids.push_back(ends[0]);
  return ids;
}

std::vector<int32_t> chat_ids(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                              std::span<const int32_t> ends, const chat::RenderedChat& chat) {
  const std::string_view prompt = chat.prompt;
  std::vector<int32_t> ids;
  bool first = true;
  auto add = [&](size_t begin, size_t end, bool literal) {
    if (begin == end && !(first && prompt.empty())) return;
    const std::string_view part = prompt.substr(begin, end - begin);
    std::vector<int32_t> more = first ? prompt_ids(model, tokenizer, ends, part, !literal)
                                      : tokenizer.encode(part, {.add_special = false, .parse_special = !literal});
    ids.insert(ids.end(), more.begin(), more.end());
    first = false;
  };
  size_t at = 0;
  for (auto [begin, end] : chat.literal) {
    add(at, begin, false);
    add(begin, end, true);
    at = end;
  }
  add(at, prompt.size(), false);
  return ids;
}

std::vector<int32_t> end_of_turn_ids(const tokenizer::Tokenizer& tokenizer, const chat::RenderedChat& chat) {
  std::vector<int32_t> ids;
  for (const std::string& token : chat.end_of_turn) {
    if (std::optional<int32_t> id = tokenizer.id_of(token)) ids.push_back(*id);
  }
  return ids;
}

std::vector<int32_t> mark_ids(const tokenizer::Tokenizer& tokenizer, const chat::AnswerFamily& family) {
  std::vector<int32_t> ids;
  for (std::string_view mark : family.marks) {
    const std::optional<int32_t> id = tokenizer.id_of(mark);
    if (id && tokenizer.is_special(*id)) ids.push_back(*id);
  }
  return ids;
}

}  // namespace malmoi::infer
