#include "tokenizer/models/unigram.h"

#include <algorithm>
#include <limits>

#include "base/utf8.h"
#include "tokenizer/json_text.h"
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
    size_t first = tokens.size();
    for (auto end = static_cast<uint32_t>(piece.size()); end > 0;) {
      const Place<Score>& place = places[end];
      // Neighbours that are unknown become one token.
      if (is_unknown(place.id) && tokens.size() > first && is_unknown(tokens.back().id) && tokens.back().begin == end)
        tokens.back().begin = place.begin;
      else tokens.push_back({place.id, place.begin, end});
      end = place.begin;
    }
    std::reverse(tokens.begin() + static_cast<ptrdiff_t>(first), tokens.end());
    resolve(piece, tokens, first);
  }

  void encode(std::string_view piece, std::vector<int32_t>& ids) const override {
    if (piece.size() > WordKey::kMaxLength) return Model::encode(piece, ids);
    thread_word_cache(number_).encode(
        WordKey(piece, piece.size()), piece, ids,
        [this](std::string_view word, std::vector<int32_t>& out) { Model::encode(word, out); });
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
      scores_[i] = static_cast<Score>(options_.scores[i]);
      if (!usable(i) || user_defined(i)) continue;
      least = std::min(least, scores_[i]);
      most = std::max(most, scores_[i]);
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
        Score score = here + scores_[static_cast<size_t>(id)];
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
