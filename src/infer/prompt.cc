#include "infer/prompt.h"

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

}  // namespace malmoi::infer
