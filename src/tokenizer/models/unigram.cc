#include "tokenizer/models/unigram.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>

#include "base/utf8.h"
#include "tokenizer/models/byte_alphabet.h"
#include "tokenizer/models/marked_words.h"
#include "tokenizer/models/unigram_left.h"
#include "tokenizer/models/unigram_search.h"
#include "tokenizer/models/word_cache.h"
#include "tokenizer/pipeline/fast_path.h"
#include "tokenizer/pipeline/word_normalizer.h"

namespace malmoi::tokenizer {
namespace {

template <typename Score>
class Unigram final : public Model, public WordEncoder {
 public:
  explicit Unigram(UnigramOptions options)
      : options_(std::move(options)), number_(next_model_number()), raw_number_(next_model_number()) {
    size_t bytes = 0;
    for (const std::string& piece : options_.pieces) bytes += piece.size();
    vocabulary_.reserve(options_.pieces.size(), bytes);
    for (size_t i = 0; i < options_.pieces.size(); ++i) vocabulary_.add(options_.pieces[i], static_cast<int32_t>(i));
    for (int b = 0; b < 256; ++b) byte_ids_[static_cast<size_t>(b)] = vocabulary_.find_id(byte_token(b));
    make_search();
  }

  void tokenize(std::string_view piece, std::vector<Token>& tokens) const override {
    const size_t first = tokens.size();
    search_->cut(piece, 0, tokens);
    resolve(piece, tokens, first);
  }

  void encode(std::string_view piece, std::vector<int32_t>& ids) const override {
    if (!words_apart_) return encode_whole(piece, ids);
    const size_t before = ids.size();
    if (piece.size() <= WordKey::kMaxLength ? encode_short(piece, ids) : encode_by_marks(piece, ids)) return;
    ids.resize(before);
    Model::encode(piece, ids);
  }

  bool encode_by_words(std::string_view text, const WordNormalizer& words, std::vector<int32_t>& ids) const override {
    const size_t before = ids.size();
    if (words_apart_ && encode_raw_words(text, words, ids)) return true;
    ids.resize(before);
    return false;
  }

  const Vocabulary& vocabulary() const override { return vocabulary_; }
  std::optional<int32_t> unk_id() const override { return options_.unk_id; }
  std::string_view type() const override { return "Unigram"; }
  Status write_json(std::string& out) const override { return write_unigram_json(with_losing_scores(), out); }

 private:
  // In a file all pieces compete: those that do not here score less than the best way through their text without them.
  UnigramOptions with_losing_scores() const {
    UnigramOptions written = options_;
    std::vector<Token> unused;
    for (size_t i = 0; i < options_.usable.size(); ++i) {
      if (options_.usable[i] || options_.pieces[i].empty() || !is_valid_utf8(options_.pieces[i])) continue;
      unused.clear();
      written.scores[i] = static_cast<double>(search_->cut(options_.pieces[i], 0, unused)) - 1;
    }
    return written;
  }
  // Scores in the precision of the library.
  void make_search() {
    Score least = std::numeric_limits<Score>::max();
    auto usable = [&](size_t i) { return options_.usable.empty() || options_.usable[i]; };
    std::vector<Score> scores(options_.scores.begin(), options_.scores.end());
    for (size_t i = 0; i < scores.size(); ++i)
      if (usable(i)) least = std::min(least, scores[i]);
    // Where a piece stands twice, its last id counts.
    std::vector<std::pair<std::string_view, int32_t>> keys;
    for (size_t i = 0; i < options_.pieces.size(); ++i)
      if (usable(i) && !options_.pieces[i].empty() &&
          vocabulary_.find_id(options_.pieces[i]) == static_cast<int32_t>(i))
        keys.emplace_back(options_.pieces[i], static_cast<int32_t>(i));
    words_apart_ = std::all_of(keys.begin(), keys.end(), [](const auto& key) { return within_a_word(key.first); });
    const auto unknown_score = static_cast<Score>(least - static_cast<Score>(kUnknownPenalty));
    added_ = scores;
    search_.emplace(std::move(keys), std::move(scores), unknown_score, options_.unk_id.value_or(-1));
    let_unknown_add(unknown_score, usable);
  }

  // What an unknown character adds to the score is added by the unknown token or by the first of its bytes, where those
  // tokens come from nothing else.
  template <typename Usable>
  void let_unknown_add(Score unknown_score, const Usable& usable) {
    if (!options_.single_precision || !options_.unk_id || usable(static_cast<size_t>(*options_.unk_id))) return;
    for (const int32_t id : byte_ids_)
      if (id >= 0 && usable(static_cast<size_t>(id))) return;
    unknown_add_ = true;
    added_[static_cast<size_t>(*options_.unk_id)] = unknown_score;
    for (size_t byte = 0; byte < byte_ids_.size(); ++byte)
      if (byte_ids_[byte] >= 0)
        added_[static_cast<size_t>(byte_ids_[byte])] =
            is_utf8_continuation(static_cast<char>(byte)) ? 0 : unknown_score;
  }

  void encode_whole(std::string_view piece, std::vector<int32_t>& ids) const {
    auto encode_word = [this](std::string_view word, std::vector<int32_t>& out) { Model::encode(word, out); };
    if (piece.size() > WordKey::kMaxLength) return encode_word(piece, ids);
    thread_word_cache(number_).encode(WordKey(piece, piece.size()), piece, ids, encode_word);
  }

  // Where no piece reaches from one word into the next, words are cut alone, and cut alike wherever they stand: but for
  // sums that are rounded, which may decide otherwise between ways that are nearly equal, and for unknown characters that
  // meet over the beginning of a word. So a word is remembered with the score before it up to which the first cannot be, and
  // where the second cannot.

  uint8_t appraise(std::string_view word, std::vector<int32_t>& ids) const {
    thread_local std::vector<Token> tokens;
    tokens.clear();
    const float reach = search_->appraise(word, tokens);
    if (tokens.empty() || search_->is_unknown(tokens.front().id)) return 0;
    const bool sum_fails =
        std::any_of(tokens.begin(), tokens.end(), [&](const Token& token) { return !adds_its_own(word, token); });
    const auto note = WordNote::of(reach, sum_fails);
    resolve(word, tokens, 0);
    for (const Token& token : tokens) ids.push_back(token.id);
    return note.bits();
  }

  // Whether what a token becomes adds to the score, by `added_`, what the token did.
  bool adds_its_own(std::string_view word, const Token& token) const {
    if (!search_->is_unknown(token.id)) return true;
    const std::string_view text = word.substr(token.begin, token.end - token.begin);
    return unknown_add_ && ((options_.byte_fallback && has_bytes(text)) || utf8_length(text[0]) == text.size());
  }

  // A word as it stands in the text, after one space.
  uint8_t appraise_raw(std::string_view raw, const WordNormalizer& words, std::vector<int32_t>& ids) const {
    thread_local std::string word;
    word = kWordMark;
    const bool alone = words.normalize_word(raw, word) && !word.ends_with(kWordMark) && within_a_word(word);
    return alone && count_code_points(word) <= letters_at_most(raw) ? appraise(word, ids) : 0;
  }

  // From memory, where it holds here.
  template <typename Appraise>
  static bool recall(WordCache& cache, const WordKey& key, std::string_view word, Left<Score>& left, IdSink& ids,
                     Appraise&& appraise_word) {
    const size_t before = ids.size();
    const WordNote note(cache.encode(key, word, ids, appraise_word));
    if (!left.within(note.reach(), before)) {
      ids.cut(before);
      return false;
    }
    if (note.unknown()) left.pass_unknown(word, before);
    left.pass();
    return true;
  }

  // As a part of the whole text. False where unknown characters may meet over the beginning of the word.
  bool cut_anew(std::string_view word, Left<Score>& left, IdSink& ids) const {
    thread_local std::vector<Token> tokens;
    tokens.clear();
    const Score before = left.total(ids.size());
    const Score total = search_->cut(word, before, tokens);
    if (search_->is_unknown(tokens.front().id) && left.begun()) return false;
    resolve(word, tokens, 0);
    for (const Token& token : tokens) ids.push_back(token.id);
    left.set(total);
    return true;
  }
  bool cut_each_anew(std::string_view words, Left<Score>& left, IdSink& ids) const {
    for (size_t at = 0; at < words.size();) {
      const size_t end = marked_word_end(words, at);
      if (!cut_anew(words.substr(at, end - at), left, ids)) return false;
      at = end;
    }
    return true;
  }
  Score score_behind(std::string_view word, Score total) const {
    thread_local std::vector<Token> unused;
    unused.clear();
    return search_->cut(word, total, unused);
  }

  // A text no longer than words that are remembered, of one word mostly.
  bool encode_short(std::string_view text, std::vector<int32_t>& ids) const {
    auto appraise_text = [this](std::string_view t, std::vector<int32_t>& out) { return appraise(t, out); };
    const WordKey key(text, text.size());
    return WordNote(thread_word_cache(number_).encode(key, text, ids, appraise_text)).reach() >= 0;
  }

  // A text whose spaces are marks already.
  bool encode_by_marks(std::string_view text, std::vector<int32_t>& all) const {
    IdSink ids(all);
    WordCache& cache = thread_word_cache(number_);
    Left<Score> left(added_, search_->worst(), ids,
                     [this](std::string_view word, Score total) { return score_behind(word, total); });
    bool apart = true;
    auto appraise_word = [this](std::string_view word, std::vector<int32_t>& out) { return appraise(word, out); };
    auto visit = [&](std::string_view word, const WordKey* key) {
      if (!apart || (key && recall(cache, *key, word, left, ids, appraise_word))) return;
      apart = cut_anew(word, left, ids);
    };
    each_word(
        cache, text, [&](size_t at) { return text.substr(at, marked_word_end(text, at) - at); }, visit);
    return apart;
  }

  // A text as it was given. Of the spaces before a word the first ends the word before; others belong to the word, or are
  // skipped where they are merged.
  bool encode_raw_words(std::string_view text, const WordNormalizer& words, std::vector<int32_t>& all) const {
    if (text.empty()) return true;  // no mark before nothing
    IdSink ids(all);
    WordCache& cache = thread_word_cache(raw_number_);
    auto score_behind_raw = [&](std::string_view word, Score total) {
      std::string marked(kWordMark);
      words.normalize_word(word, marked);
      return score_behind(marked, total);
    };
    // By reference: a function that holds a pointer alone is made without memory of its own.
    Left<Score> left(added_, search_->worst(), ids, std::ref(score_behind_raw));
    const bool merges = words.merges_spaces();
    bool apart = true;
    size_t marks = words.marks_first();  // that stand before the word at hand already
    const char* end = text.data();       // of the word before
    auto appraise_word = [&](std::string_view word, std::vector<int32_t>& out) {
      return appraise_raw(word, words, out);
    };
    auto visit = [&](std::string_view word, const WordKey* key) {
      if (!apart) return;
      if (!merges) marks += static_cast<size_t>(word.data() - end);
      end = word.data() + word.size();
      if (word.empty()) return;
      if (marks == 1 && key && recall(cache, *key, word, left, ids, appraise_word)) {
        marks = merges;
        return;
      }
      std::string anew = repeated_mark(marks);
      const size_t bare = anew.size();
      apart = words.normalize_word(word, anew);
      if (!apart || (merges && anew.size() == bare)) return;
      marks = merges;
      for (; anew.ends_with(kWordMark); anew.resize(anew.size() - kWordMark.size())) ++marks;
      apart = cut_each_anew(anew, left, ids);
    };
    auto next_word = [&](size_t at) {
      size_t begin = at;
      if (begin > 0 || !words.marks_first()) begin += words.is_space(text[begin]);
      at = begin;
      while (at < text.size() && words.is_space(text[at])) ++at;
      if (merges) begin = at;
      return text.substr(begin, words.word_end(text, at) - begin);
    };
    each_word(cache, text, next_word, visit);
    return apart && (merges || cut_each_anew(repeated_mark(marks), left, ids));
  }

  static std::string repeated_mark(size_t n) {
    std::string out;
    for (; n > 0; --n) out += kWordMark;
    return out;
  }
  // Unknown tokens whose text happens to be in the vocabulary, or whose bytes are, become those.
  void resolve(std::string_view piece, std::vector<Token>& tokens, size_t first) const {
    bool any = false;
    for (size_t i = first; i < tokens.size(); ++i) any = any || search_->is_unknown(tokens[i].id);
    if (!any) return;
    std::vector<Token> out;
    for (size_t i = first; i < tokens.size(); ++i) {
      const Token& token = tokens[i];
      std::string_view text = piece.substr(token.begin, token.end - token.begin);
      if (!search_->is_unknown(token.id)) out.push_back(token);
      else if (int32_t id = options_.single_precision ? -1 : vocabulary_.find_id(text); id >= 0)
        out.push_back({id, token.begin, token.end});
      else if (options_.byte_fallback && has_bytes(text))
        for (char c : text) out.push_back({byte_ids_[static_cast<unsigned char>(c)], token.begin, token.end});
      else if (options_.unk_id) out.push_back({*options_.unk_id, token.begin, token.end});
    }
    tokens.resize(first);
    tokens.insert(tokens.end(), out.begin(), out.end());
  }
  bool has_bytes(std::string_view text) const {
    return std::all_of(text.begin(), text.end(), [&](char c) { return byte_ids_[static_cast<unsigned char>(c)] >= 0; });
  }

  UnigramOptions options_;
  uint64_t number_, raw_number_;  // of the caches: by marked words, by words as given
  Vocabulary vocabulary_;
  std::optional<UnigramSearch<Score>> search_;
  std::vector<Score> added_;  // what an id adds to the score of a text
  bool unknown_add_ = false;  // so do the unknown token and byte tokens
  bool words_apart_ = false;  // no piece reaches from one word into the next
  std::array<int32_t, 256> byte_ids_{};
};

}  // namespace

Result<std::unique_ptr<Model>> make_unigram(UnigramOptions options, std::string_view where) {
  if (options.pieces.size() != options.scores.size() || options.pieces.empty())
    return invalid_data("a unigram vocabulary of " + std::to_string(options.pieces.size()) + " pieces and " +
                            std::to_string(options.scores.size()) + " scores",
                        std::string(where));
  if (options.single_precision) return std::unique_ptr<Model>(std::make_unique<Unigram<float>>(std::move(options)));
  return std::unique_ptr<Model>(std::make_unique<Unigram<double>>(std::move(options)));
}

}  // namespace malmoi::tokenizer
