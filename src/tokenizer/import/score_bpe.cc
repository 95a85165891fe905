#include "tokenizer/import/score_bpe.h"

#include <algorithm>
#include <array>

#include "tokenizer/import/plain_score_bpe.h"
#include "tokenizer/import/prefix_matcher.h"
#include "tokenizer/models/marked_words.h"
#include "tokenizer/models/merge_table.h"
#include "tokenizer/models/merge_ways.h"
#include "tokenizer/models/word_cache.h"
#include "tokenizer/unicode/code_points.h"

namespace malmoi::tokenizer {
namespace {

// Where words may be cut before merging, because no piece reaches over.
enum class Boundary { kNone, kBeforeMark, kAfterMark };

class ScoreBpe final : public Model {
 public:
  explicit ScoreBpe(ScoreBpeOptions options) : options_(std::move(options)), number_(next_model_number()) {}
  Status prepare(std::string_view where);

  void tokenize(std::string_view piece, std::vector<Token>& tokens) const override;
  void encode(std::string_view piece, std::vector<int32_t>& ids) const override;
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  std::optional<int32_t> unk_id() const override { return options_.unk_id; }
  std::string_view type() const override { return "SentencePiece BPE"; }
  Status write_json(std::string& out) const override;

 private:
  void add_merges();
  void find_boundary();
  size_t word_end(std::string_view text, size_t begin) const;
  template <typename Word, typename Frozen>
  void each_part(std::string_view text, const Word& word, const Frozen& frozen) const;
  void first_symbols(std::string_view word, std::vector<Symbol>& symbols) const;
  void merge_word(std::string_view word, std::vector<Symbol>& symbols) const;
  template <typename Emit>
  void emit_symbols(std::string_view word, const std::vector<Symbol>& symbols, const Emit& emit) const;
  void encode_word(std::string_view word, size_t begin, std::vector<int32_t>& ids) const;

  ScoreBpeOptions options_;
  uint64_t number_;
  Vocabulary vocabulary_;  // every piece
  Vocabulary symbols_;     // what merging works on: pieces that take part, and single characters that are none
  MergeTable merges_;
  PrefixMatcher user_defined_;
  std::array<int32_t, 256> byte_ids_{};
  Boundary boundary_ = Boundary::kNone;
  std::unique_ptr<PlainScoreBpe> plain_;  // where there are unused pieces
};

Status ScoreBpe::prepare(std::string_view where) {
  const auto count = static_cast<int32_t>(options_.pieces.size());
  byte_ids_.fill(-1);
  size_t bytes = 0;
  for (const auto& piece : options_.pieces) bytes += piece.text.size();
  vocabulary_.reserve(options_.pieces.size(), bytes);
  for (int32_t id = 0; id < count; ++id) {
    const SentencePieceModel::Piece& piece = options_.pieces[id];
    if (vocabulary_.find(piece.text))
      return invalid_data("the piece \"" + piece.text + "\" stands twice", std::string(where), "get the file again");
    vocabulary_.add(piece.text, id);
    if (piece.kind == PieceKind::kByte || !options_.sentencepiece)
      if (int byte = byte_of_piece(piece.text); byte >= 0) byte_ids_[static_cast<size_t>(byte)] = id;
    if (!takes_part(piece, options_.sentencepiece)) continue;
    symbols_.add(piece.text, id);
    if (options_.sentencepiece && piece.kind == PieceKind::kUnused && !plain_)
      plain_ = std::make_unique<PlainScoreBpe>(options_);
    if (options_.sentencepiece && piece.kind == PieceKind::kUserDefined) user_defined_.add(piece.text, id);
  }
  add_merges();
  find_boundary();
  return {};
}

// Every way to make a piece of two symbols. Its rank is that of its score: equal scores share one, so that the leftmost
// goes first.
void ScoreBpe::add_merges() {
  const auto count = static_cast<int32_t>(options_.pieces.size());
  std::vector<float> scores;
  for (const auto& piece : options_.pieces)
    if (takes_part(piece, options_.sentencepiece)) scores.push_back(piece.score);
  std::sort(scores.begin(), scores.end(), std::greater<>());
  scores.erase(std::unique(scores.begin(), scores.end()), scores.end());
  int32_t extra = count;
  std::vector<MergeWay> ways;
  auto symbol = [&](std::string_view text, bool one_character) {
    int32_t id = symbols_.find_id(text);
    if (id < 0 && one_character) symbols_.add(text, id = extra++);
    const bool frozen = id >= 0 && id < count && options_.sentencepiece &&
                        options_.pieces[static_cast<size_t>(id)].kind == PieceKind::kUserDefined;
    return frozen ? -1 : id;
  };
  for (int32_t id = 0; id < count; ++id) {
    const SentencePieceModel::Piece& piece = options_.pieces[static_cast<size_t>(id)];
    if (!takes_part(piece, options_.sentencepiece)) continue;
    std::string_view text = piece.text;
    const auto rank = static_cast<uint32_t>(
        std::lower_bound(scores.begin(), scores.end(), piece.score, std::greater<>()) - scores.begin());
    const size_t first = code_point_at(text, 0).length();
    for (const CodePoint c : CodePoints(text, first)) {
      const int32_t left = symbol(text.substr(0, c.begin), c.begin == first);
      const int32_t right = left < 0 ? -1 : symbol(text.substr(c.begin), c.end == text.size());
      if (right >= 0) ways.push_back({left, right, rank, id});
    }
  }
  merges_ = table_of_ways(ways, [&](int32_t id, std::vector<Symbol>& symbols) {
    first_symbols(options_.pieces[static_cast<size_t>(id)].text, symbols);
  });
}

void ScoreBpe::find_boundary() {
  bool before = true, after = true;
  for (const auto& piece : options_.pieces) {
    if (!takes_part(piece, options_.sentencepiece)) continue;
    std::string_view text = piece.text;
    for (size_t at = text.find(kWordMark); at != std::string_view::npos; at = text.find(kWordMark, at + 1)) {
      const size_t end = at + kWordMark.size();
      if (at > 0 && !text.substr(0, at).ends_with(kWordMark)) before = false;
      if (end < text.size() && !text.substr(end).starts_with(kWordMark)) after = false;
    }
  }
  boundary_ = before ? Boundary::kBeforeMark : after ? Boundary::kAfterMark : Boundary::kNone;
}

// The end of the word that begins at `begin`: words are merged alone where no piece reaches over their ends.
size_t ScoreBpe::word_end(std::string_view text, size_t begin) const {
  if (boundary_ == Boundary::kNone) return text.size();
  if (boundary_ == Boundary::kBeforeMark) return marked_word_end(text, begin);
  const size_t mark = text.find(kWordMark, begin);
  return mark == std::string_view::npos ? text.size() : mark + leading_marks(text.substr(mark));
}

// Calls word(begin, end) and frozen(begin, end, id) for the parts of a text in order.
template <typename Word, typename Frozen>
void ScoreBpe::each_part(std::string_view text, const Word& word, const Frozen& frozen) const {
  auto words = [&](size_t begin, size_t end) {
    std::string_view run = text.substr(0, end);
    while (begin < end) {
      size_t next = word_end(run, begin);
      word(begin, next);
      begin = next;
    }
  };
  size_t done = 0;
  if (!user_defined_.empty()) {
    for (size_t at = 0; at < text.size();) {
      PrefixMatcher::Match match = user_defined_.longest(text.substr(at));
      if (match.length == 0) {
        at = code_point_at(text, at).end;
        continue;
      }
      words(done, at);
      frozen(at, at + match.length, match.value);
      done = at += match.length;
    }
  }
  words(done, text.size());
}

void ScoreBpe::first_symbols(std::string_view word, std::vector<Symbol>& symbols) const {
  symbols.clear();
  for (const CodePoint c : CodePoints(word))
    symbols.push_back({symbols_.find_id(c.in(word)), static_cast<uint32_t>(c.length())});
}

void ScoreBpe::merge_word(std::string_view word, std::vector<Symbol>& symbols) const {
  first_symbols(word, symbols);
  merge_all(merges_, symbols);
}

// Calls emit(id, begin, end) for the tokens of merged symbols; a symbol that is no piece becomes bytes or unknown.
template <typename Emit>
void ScoreBpe::emit_symbols(std::string_view word, const std::vector<Symbol>& symbols, const Emit& emit) const {
  const auto count = static_cast<int32_t>(options_.pieces.size());
  if (plain_) {
    auto unused = [&](const Symbol& s) {
      return s.id >= 0 && s.id < count && options_.pieces[static_cast<size_t>(s.id)].kind == PieceKind::kUnused;
    };
    // Unused pieces come apart as they were made, which only the plain way knows.
    if (std::any_of(symbols.begin(), symbols.end(), unused)) {
      for (const Token& token : plain_->run(word)) emit(token.id, token.begin, token.end);
      return;
    }
  }
  uint32_t at = 0;
  for (const Symbol& symbol : symbols) {
    const uint32_t end = at + symbol.length;
    std::string_view text = word.substr(at, symbol.length);
    int32_t id = symbol.id >= 0 && symbol.id < count ? symbol.id : vocabulary_.find_id(text);
    bool bytes = id < 0 && (options_.byte_fallback || !options_.sentencepiece);
    if (bytes)
      for (char c : text) bytes = bytes && byte_ids_[static_cast<unsigned char>(c)] >= 0;
    if (!bytes) {
      emit(id < 0 ? options_.unk_id : id, at, end);
    } else {
      for (uint32_t i = 0; i < symbol.length; ++i)
        emit(byte_ids_[static_cast<unsigned char>(text[i])], at + i, at + i + 1);
    }
    at = end;
  }
}

void ScoreBpe::tokenize(std::string_view piece, std::vector<Token>& tokens) const {
  const size_t begin = tokens.size();
  std::vector<Symbol> symbols;
  auto push = [&](int32_t id, size_t from, size_t to) {
    if (id == options_.unk_id && options_.sentencepiece && tokens.size() > begin && tokens.back().id == id) {
      tokens.back().end = static_cast<uint32_t>(to);
    } else {
      tokens.push_back({id, static_cast<uint32_t>(from), static_cast<uint32_t>(to)});
    }
  };
  each_part(
      piece,
      [&](size_t from, size_t to) {
        std::string_view word = piece.substr(from, to - from);
        merge_word(word, symbols);
        emit_symbols(word, symbols, [&](int32_t id, uint32_t b, uint32_t e) { push(id, from + b, from + e); });
      },
      [&](size_t from, size_t to, int32_t id) { push(id, from, to); });
}

void ScoreBpe::encode_word(std::string_view word, size_t begin, std::vector<int32_t>& ids) const {
  // A run of unknown characters is one token, over the ends of words too.
  auto push = [&](int32_t id) {
    if (id != options_.unk_id || !options_.sentencepiece || ids.size() == begin || ids.back() != id) ids.push_back(id);
  };
  auto merged = [&](std::string_view text, std::vector<int32_t>& out) {
    thread_local std::vector<Symbol> symbols;
    merge_word(text, symbols);
    emit_symbols(text, symbols, [&](int32_t id, uint32_t, uint32_t) { out.push_back(id); });
  };
  thread_local std::vector<int32_t> made;
  made.clear();
  if (word.size() <= WordKey::kMaxLength)
    thread_word_cache(number_).encode(WordKey(word, word.size()), word, made, merged);
  else merged(word, made);
  for (int32_t id : made) push(id);
}

void ScoreBpe::encode(std::string_view piece, std::vector<int32_t>& ids) const {
  const size_t begin = ids.size();
  each_part(
      piece, [&](size_t from, size_t to) { encode_word(piece.substr(from, to - from), begin, ids); },
      [&](size_t, size_t, int32_t id) { ids.push_back(id); });
}

Status ScoreBpe::write_json(std::string& out) const { return write_score_bpe_json(options_, out); }

}  // namespace

Result<std::unique_ptr<Model>> make_score_bpe(ScoreBpeOptions options, std::string_view where) {
  auto model = std::make_unique<ScoreBpe>(std::move(options));
  MALMOI_TRY(model->prepare(where));
  return std::unique_ptr<Model>(std::move(model));
}

}  // namespace malmoi::tokenizer
