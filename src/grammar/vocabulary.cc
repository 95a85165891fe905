#include "grammar/vocabulary.h"

#include <utility>

namespace malmoi::grammar {

// A longer token (none is known) is never allowed: depths are 16 bits.
constexpr size_t kLongestToken = 0xFFFF;

std::shared_ptr<const Vocabulary> Vocabulary::make(const tokenizer::Tokenizer& tokenizer) {
  auto made = std::shared_ptr<Vocabulary>(new Vocabulary);
  const int32_t size = tokenizer.vocab_size();
  for (int32_t id = 0; id < size; ++id) {
    made->offsets_.push_back(made->text_.size());
    if (tokenizer.is_special(id) || id == tokenizer.unk_id()) continue;
    const std::string bytes = tokenizer.token_bytes(id);
    if (bytes.size() <= kLongestToken) made->text_ += bytes;
  }
  made->offsets_.push_back(made->text_.size());
  std::vector<std::pair<std::string_view, int32_t>> texts;
  for (int32_t id = 0; id < size; ++id)
    if (!made->bytes(id).empty()) texts.emplace_back(made->bytes(id), id);
  made->trie_ = Trie(std::move(texts));
  return made;
}

std::string_view Vocabulary::bytes(int32_t id) const {
  if (id < 0 || id >= size()) return {};
  const size_t begin = offsets_[static_cast<size_t>(id)], end = offsets_[static_cast<size_t>(id) + 1];
  return std::string_view(text_).substr(begin, end - begin);
}

}  // namespace malmoi::grammar
