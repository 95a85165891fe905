// Word and character level: the most frequent words or characters are the vocabulary.
#include <algorithm>
#include <numeric>

#include "base/utf8.h"
#include "tokenizer/train/trained.h"

namespace malmoi::tokenizer {

Result<Trained> learn_word_level(WordList& words, const TrainContext& context) {
  std::vector<uint32_t> order(words.size());
  std::iota(order.begin(), order.end(), 0);
  // Most frequent first, then by bytes, as Hugging Face's trainer.
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return words.counts[a] != words.counts[b] ? words.counts[a] > words.counts[b] : words.word(a) < words.word(b);
  });
  Trained trained{.pieces = context.specials};
  for (uint32_t i : order) {
    if (trained.pieces.size() >= static_cast<size_t>(context.options.vocab_size)) break;
    if (words.counts[i] < context.options.min_frequency) break;
    std::string word(words.word(i));
    if (std::find(context.specials.begin(), context.specials.end(), word) == context.specials.end())
      trained.pieces.push_back(std::move(word));
  }
  return trained;
}

Result<Trained> learn_char_level(WordList& words, const TrainContext& context) {
  std::vector<std::pair<char32_t, uint64_t>> counted = count_characters(words);
  std::erase_if(counted, [&](const auto& entry) { return entry.second < context.options.min_frequency; });
  TrainOptions options = context.options;
  const auto room =
      static_cast<uint32_t>(std::max<int64_t>(0, options.vocab_size - static_cast<int64_t>(context.specials.size())));
  options.limit_alphabet = std::min(options.limit_alphabet.value_or(UINT32_MAX), room);
  Trained trained{.pieces = context.specials};
  for (char32_t c : choose_alphabet(std::move(counted), options, 1.0)) {
    std::string piece;
    append_utf8(piece, c);
    if (std::find(context.specials.begin(), context.specials.end(), piece) == context.specials.end())
      trained.pieces.push_back(std::move(piece));
  }
  context.report.alphabet = trained.pieces.size() - context.specials.size();
  return trained;
}

}  // namespace malmoi::tokenizer
