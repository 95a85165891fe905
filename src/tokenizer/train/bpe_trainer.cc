// Byte-pair encoding over bytes or characters, and WordPiece's vocabulary, which Hugging Face's trainer makes the same way.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/utf8.h"
#include "tokenizer/models/bpe.h"
#include "tokenizer/models/byte_alphabet.h"
#include "tokenizer/train/bpe_merges.h"
#include "tokenizer/train/trained.h"
#include "tokenizer/unicode/code_points.h"

namespace malmoi::tokenizer {
namespace {

Status check_room(const BpeCorpus& corpus, const TrainContext& context) {
  if (corpus.pieces.size() <= static_cast<size_t>(context.options.vocab_size)) return {};
  return usage_error(
      fmt::format("a vocabulary of {} has no room for {} special tokens and {} symbols", context.options.vocab_size,
                  context.specials.size(), corpus.pieces.size() - context.specials.size()),
      "vocab_size", "raise the vocabulary size, or limit the alphabet");
}

Result<Trained> merge_words(BpeCorpus& corpus, const TrainContext& context, const std::string& prefix) {
  context.report.alphabet = corpus.pieces.size() - context.specials.size();
  MALMOI_TRY(check_room(corpus, context));
  BpeMergeOptions options{.vocab_size = static_cast<size_t>(context.options.vocab_size),
                          .min_frequency = context.options.min_frequency,
                          .continuing_prefix = prefix};
  if (context.options.max_piece_length) options.max_piece_length = context.options.max_piece_length;
  const double total = context.options.vocab_size;
  MALMOI_ASSIGN(std::vector<BpeMerge> merges, learn_merges(corpus, options, [&](size_t pieces) {
                  show_progress(context.job, static_cast<double>(pieces) / total,
                                fmt::format("merging: {} pieces", pieces));
                  return !context.job.stop.requested();
                }));
  Trained trained;
  trained.pieces = std::move(corpus.pieces);
  for (const BpeMerge& m : merges) trained.merges.emplace_back(m.left, m.right);
  return trained;
}

// The pieces of the 256 bytes in the order asked for, and the symbol of each byte.
std::array<uint32_t, 256> add_byte_alphabet(BpeCorpus& corpus, ByteOrder order) {
  std::vector<std::pair<std::string, int>> bytes;
  for (int b = 0; b < 256; ++b) bytes.emplace_back(spell_bytes(std::string(1, static_cast<char>(b))), b);
  if (order == ByteOrder::kPrintable) std::sort(bytes.begin(), bytes.end());
  std::array<uint32_t, 256> symbol_of{};
  for (const auto& [piece, byte] : bytes) {
    auto known = std::find(corpus.pieces.begin(), corpus.pieces.end(), piece);  // a special token of one character
    symbol_of[byte] = static_cast<uint32_t>(known - corpus.pieces.begin());
    if (known == corpus.pieces.end()) corpus.pieces.push_back(piece);
  }
  return symbol_of;
}

Result<Trained> learn_byte_level(WordList& words, const TrainContext& context) {
  if (context.options.limit_alphabet || context.options.character_coverage)
    return usage_error("a byte-level vocabulary has an alphabet of the 256 bytes, which cannot be limited",
                       "limit_alphabet", "leave it out, or train over characters");
  BpeCorpus corpus;
  corpus.pieces = context.specials;
  const std::array<uint32_t, 256> symbol_of = add_byte_alphabet(corpus, context.options.byte_order);
  corpus.cells.reserve(words.bytes.size() + words.size() + 1);
  corpus.word_of.reserve(words.bytes.size() + words.size() + 1);
  for (size_t i = 0; i < words.size(); ++i) {
    corpus.begin_word(words.counts[i]);
    for (char c : words.word(i)) corpus.push(symbol_of[static_cast<unsigned char>(c)]);
    corpus.end_word();
  }
  words = {};
  return merge_words(corpus, context, "");
}

// Symbols of characters: at the beginning of a word as they are, after it with the prefix (which may be empty).
class CharacterSymbols {
 public:
  CharacterSymbols(BpeCorpus& corpus, const WordList& words, const TrainOptions& options, const std::string& prefix)
      : corpus_(corpus) {
    const std::vector<char32_t> alphabet = choose_alphabet(count_characters(words), options, 1.0);
    for (const std::string& piece : corpus.pieces) ids_.emplace(piece, static_cast<uint32_t>(ids_.size()));
    for (char32_t c : alphabet) first_[c] = add(c, "");
    if (prefix.empty()) {
      later_ = first_;
      return;
    }
    const std::unordered_set<char32_t> inside = characters_inside(words);
    for (char32_t c : alphabet)
      if (inside.contains(c)) later_[c] = add(c, prefix);
  }
  // The symbol, or nothing for a character outside the alphabet.
  std::optional<uint32_t> find(char32_t c, bool first) const {
    const auto& map = first ? first_ : later_;
    auto it = map.find(c);
    return it == map.end() ? std::nullopt : std::optional<uint32_t>(it->second);
  }

 private:
  // The characters that occur after the first place of a word.
  static std::unordered_set<char32_t> characters_inside(const WordList& words) {
    std::unordered_set<char32_t> inside;
    for (size_t i = 0; i < words.size(); ++i) {
      for (const CodePoint c : CodePoints(words.word(i)))
        if (c.begin > 0) inside.insert(c.value);
    }
    return inside;
  }
  uint32_t add(char32_t c, std::string text) {
    append_utf8(text, c);
    auto [it, fresh] = ids_.try_emplace(text, static_cast<uint32_t>(corpus_.pieces.size()));
    if (fresh) corpus_.pieces.push_back(text);
    return it->second;
  }
  BpeCorpus& corpus_;
  std::unordered_map<std::string, uint32_t> ids_;
  std::unordered_map<char32_t, uint32_t> first_, later_;
};

// Words of characters; a word is cut where a character has no piece.
void add_words(BpeCorpus& corpus, const WordList& words, const CharacterSymbols& symbols) {
  for (size_t i = 0; i < words.size(); ++i) {
    corpus.begin_word(words.counts[i]);
    for (const CodePoint c : CodePoints(words.word(i))) {
      if (auto symbol = symbols.find(c.value, c.begin == 0)) {
        corpus.push(*symbol);
      } else {
        corpus.end_word();
        corpus.begin_word(words.counts[i]);
      }
    }
    corpus.end_word();
  }
}

}  // namespace

Result<Trained> learn_bpe(WordList& words, const TrainContext& context) {
  if (context.options.byte_level) return learn_byte_level(words, context);
  BpeCorpus corpus;
  corpus.pieces = context.specials;
  if (context.options.byte_fallback)
    for (int b = 0; b < 256; ++b) corpus.pieces.push_back(byte_token(b));
  CharacterSymbols symbols(corpus, words, context.options, "");
  add_words(corpus, words, symbols);
  return merge_words(corpus, context, "");
}

Result<Trained> learn_wordpiece(WordList& words, const TrainContext& context) {
  BpeCorpus corpus;
  corpus.pieces = context.specials;
  CharacterSymbols symbols(corpus, words, context.options, "##");
  add_words(corpus, words, symbols);
  return merge_words(corpus, context, "##");
}

}  // namespace malmoi::tokenizer
