#include "tokenizer/models/unigram.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "base/utf8.h"
#include "tokenizer/json_text.h"
#include "tokenizer/models/marked_words.h"
#include "tokenizer/models/trie.h"
#include "tokenizer/models/word_cache.h"

namespace malmoi::tokenizer {
namespace {

constexpr double kUnknownPenalty = 10;

// The best way to reach one place of the text.
template <typename Score>
struct Place {
  Score score = 0;
  int32_t id = -1;
  uint32_t begin = UINT32_MAX;
};

template <typename Score>
class Unigram final : public Model {
 public:
  explicit Unigram(UnigramOptions options) : options_(std::move(options)), number_(next_model_number()) {
    size_t bytes = 0;
    for (const std::string& piece : options_.pieces) bytes += piece.size();
    vocabulary_.reserve(options_.pieces.size(), bytes);
    for (size_t i = 0; i < options_.pieces.size(); ++i) vocabulary_.add(options_.pieces[i], static_cast<int32_t>(i));
    rate_pieces();
    // Where a piece stands twice, its last id counts.
    std::vector<std::pair<std::string_view, int32_t>> keys;
    for (size_t i = 0; i < options_.pieces.size(); ++i)
      if (usable(i) && !options_.pieces[i].empty() &&
          vocabulary_.find_id(options_.pieces[i]) == static_cast<int32_t>(i))
        keys.emplace_back(options_.pieces[i], static_cast<int32_t>(i));
    words_apart_ = std::all_of(keys.begin(), keys.end(), [](const auto& key) { return within_a_word(key.first); });
    trie_ = Trie(std::move(keys));
    static constexpr char kHex[] = "0123456789ABCDEF";
    for (int b = 0; b < 256; ++b) {
      const char name[] = {'<', '0', 'x', kHex[b >> 4], kHex[b & 15], '>'};
      byte_ids_[static_cast<size_t>(b)] = vocabulary_.find_id({name, sizeof name});
    }
  }

  void tokenize(std::string_view piece, std::vector<Token>& tokens) const override {
    thread_local std::vector<Place<Score>> places;
    places.assign(piece.size() + 1, {});
    find_best(piece, places);
    const size_t first = tokens.size();
    collect(places, tokens);
    resolve(piece, tokens, first);
  }

  void encode(std::string_view piece, std::vector<int32_t>& ids) const override {
    if (!words_apart_) return encode_whole(piece, ids);
    const size_t before = ids.size();
    if (encode_by_words(piece, ids)) return;
    ids.resize(before);
    Model::encode(piece, ids);
  }

  const Vocabulary& vocabulary() const override { return vocabulary_; }
  std::optional<int32_t> unk_id() const override { return options_.unk_id; }
  std::string_view type() const override { return "Unigram"; }
  Status write_json(std::string& out) const override {
    out += R"({"type":"Unigram","unk_id":)";
    out += options_.unk_id ? std::to_string(*options_.unk_id) : "null";
    out += ",\"vocab\":[";
    for (size_t i = 0; i < options_.pieces.size(); ++i) {
      out += i ? ",[" : "[";
      append_json_string(out, options_.pieces[i]);
      out += "," + json_number(options_.scores[i]) + "]";
    }
    out += ']';
    append_json_member(out, "byte_fallback", options_.byte_fallback);
    out += '}';
    return {};
  }

 private:
  // Scores in the precision of the library. User-defined pieces win over all that lies within them.
  void rate_pieces() {
    Score least = std::numeric_limits<Score>::max(), most = std::numeric_limits<Score>::lowest();
    auto user_defined = [&](size_t i) { return !options_.user_defined.empty() && options_.user_defined[i]; };
    scores_.resize(options_.pieces.size());
    for (size_t i = 0; i < scores_.size(); ++i) {
      const auto score = static_cast<Score>(options_.scores[i]);
      scores_[i] = score;
      if (!usable(i) || user_defined(i)) continue;
      least = std::min(least, score);
      most = std::max(most, score);
    }
    for (size_t i = 0; i < scores_.size(); ++i)
      if (user_defined(i)) scores_[i] = static_cast<Score>(static_cast<Score>(options_.pieces[i].size()) * most - 0.1);
    unknown_score_ = static_cast<Score>(least - static_cast<Score>(kUnknownPenalty));
  }
  bool usable(size_t i) const { return options_.usable.empty() || options_.usable[i]; }
  bool is_unknown(int32_t id) const { return id == options_.unk_id.value_or(-1); }

  // Viterbi from left to right; the first of equal ways stays. Characters that no piece begins with are unknown.
  void find_best(std::string_view text, std::vector<Place<Score>>& places) const {
    const int32_t unknown = options_.unk_id.value_or(-1);
    for (uint32_t begin = 0; begin < text.size();) {
      const Score here = places[begin].score;
      uint32_t length = decode_utf8(text, begin).length;
      bool single = false;
      trie_.prefixes(text.substr(begin), [&](size_t n, int32_t id) {
        Place<Score>& to = places[begin + n];
        const Score score = here + scores_[static_cast<size_t>(id)];
        if (to.begin == UINT32_MAX || score > to.score) to = {score, id, begin};
        single = single || n == length;
      });
      if (!single) {
        Place<Score>& to = places[begin + length];
        Score score = here + unknown_score_;
        if (to.begin == UINT32_MAX || score > to.score) to = {score, unknown, begin};
      }
      begin += length;
    }
  }

  // The tokens of the best way, from left to right. Neighbours that are unknown become one token.
  void collect(const std::vector<Place<Score>>& places, std::vector<Token>& tokens) const {
    const size_t first = tokens.size();
    for (auto end = static_cast<uint32_t>(places.size() - 1); end > 0;) {
      const Place<Score>& place = places[end];
      if (is_unknown(place.id) && tokens.size() > first && is_unknown(tokens.back().id) && tokens.back().begin == end)
        tokens.back().begin = place.begin;
      else tokens.push_back({place.id, place.begin, end});
      end = place.begin;
    }
    std::reverse(tokens.begin() + static_cast<ptrdiff_t>(first), tokens.end());
  }

  void encode_whole(std::string_view piece, std::vector<int32_t>& ids) const {
    auto encode_word = [this](std::string_view word, std::vector<int32_t>& out) { Model::encode(word, out); };
    if (piece.size() > WordKey::kMaxLength) return encode_word(piece, ids);
    thread_word_cache(number_).encode(WordKey(piece, piece.size()), piece, ids, encode_word);
  }

  // Where no piece reaches from one word into the next, words are cut alone, and cut alike wherever they stand: but for
  // sums that are rounded, which may decide otherwise between ways that are nearly equal. So a word is cached with the
  // margin by which its best way wins; where the sum up to it is too large for that margin, it is cut anew. False where
  // unknown characters meet over the end of a word.
  bool encode_by_words(std::string_view piece, std::vector<int32_t>& ids) const {
    WordCache& cache = thread_word_cache(number_);
    thread_local std::vector<int32_t> made;
    Score total = 0;
    bool unknown = false, apart = true;
    auto visit = [&](std::string_view word, const WordKey* key) {
      if (!apart) return;
      if (key) {
        made.clear();
        cache.encode(*key, word, made, [this](std::string_view w, std::vector<int32_t>& out) { appraise(w, out); });
        const auto margin = std::bit_cast<float>(made.back());
        made.pop_back();
        if (margin > rounding(word, total)) {
          for (int32_t id : made) {
            total += scores_[static_cast<size_t>(id)];
            ids.push_back(id);
          }
          unknown = false;
          return;
        }
      }
      apart = encode_anew(word, total, unknown, ids);
    };
    each_word(
        cache, piece, [&](size_t begin) { return marked_word_end(piece, begin); }, visit);
    return apart;
  }

  // How much rounding can move the difference of two ways through a word, at most.
  static double rounding(std::string_view word, double total) {
    return 4 * static_cast<double>(word.size()) * std::numeric_limits<Score>::epsilon() * std::abs(total);
  }

  // The ids of a word from an unrounded search, then the bits of the margin over the second best way; a negative margin
  // alone where a character is unknown.
  void appraise(std::string_view word, std::vector<int32_t>& out) const {
    constexpr double kNever = -std::numeric_limits<double>::infinity();
    struct Best {
      double first = kNever, second = kNever;
      int32_t id = -1;
      uint32_t begin = 0;
    };
    std::array<Best, WordKey::kMaxLength + 1> best;
    best[0].first = 0;
    for (uint32_t begin = 0; begin < word.size();) {
      const uint32_t length = decode_utf8(word, begin).length;
      const Best& here = best[begin];
      auto offer = [&](size_t n, int32_t id, double score) {
        Best& to = best[begin + n];
        if (here.first + score > to.first) {
          to.second = std::max(to.first, here.second + score);
          to.first = here.first + score;
          to.id = id;
          to.begin = begin;
        } else {
          to.second = std::max(to.second, here.first + score);
        }
      };
      bool single = false;
      trie_.prefixes(word.substr(begin), [&](size_t n, int32_t id) {
        offer(n, id, scores_[static_cast<size_t>(id)]);
        single = single || n == length;
      });
      if (!single) offer(length, -1, unknown_score_);
      begin += length;
    }
    const size_t first = out.size();
    double margin = best[word.size()].first - best[word.size()].second;
    margin -= rounding(word, 100 + std::abs(best[word.size()].first));
    for (size_t end = word.size(); end > 0; end = best[end].begin) {
      out.push_back(best[end].id);
      if (best[end].id < 0 || is_unknown(best[end].id)) margin = -1;
    }
    if (margin < 0) out.resize(first);
    std::reverse(out.begin() + static_cast<ptrdiff_t>(first), out.end());
    out.push_back(std::bit_cast<int32_t>(static_cast<float>(margin)));
  }

  // As a part of the whole text, whose score up to here is `total`.
  bool encode_anew(std::string_view word, Score& total, bool& unknown, std::vector<int32_t>& ids) const {
    thread_local std::vector<Place<Score>> places;
    thread_local std::vector<Token> tokens;
    places.assign(word.size() + 1, {});
    places[0].score = total;
    find_best(word, places);
    total = places.back().score;
    tokens.clear();
    collect(places, tokens);
    auto is_none = [this](const Token& token) { return token.id < 0 || is_unknown(token.id); };
    if (unknown && is_none(tokens.front())) return false;
    unknown = is_none(tokens.back());
    resolve(word, tokens, 0);
    for (const Token& token : tokens) ids.push_back(token.id);
    return true;
  }

  // Unknown tokens whose text happens to be in the vocabulary, or whose bytes are, become those.
  void resolve(std::string_view piece, std::vector<Token>& tokens, size_t first) const {
    bool any = false;
    for (size_t i = first; i < tokens.size(); ++i) any = any || is_unknown(tokens[i].id) || tokens[i].id < 0;
    if (!any) return;
    std::vector<Token> out;
    for (size_t i = first; i < tokens.size(); ++i) {
      const Token& token = tokens[i];
      std::string_view text = piece.substr(token.begin, token.end - token.begin);
      if (!is_unknown(token.id) && token.id >= 0) out.push_back(token);
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
  uint64_t number_;
  Vocabulary vocabulary_;
  std::vector<Score> scores_;
  Score unknown_score_ = 0;
  Trie trie_;
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
