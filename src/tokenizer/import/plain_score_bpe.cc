#include "tokenizer/import/plain_score_bpe.h"

#include <algorithm>
#include <map>
#include <queue>

#include "tokenizer/models/bpe.h"
#include "tokenizer/models/byte_alphabet.h"
#include "tokenizer/unicode/code_points.h"

namespace malmoi::tokenizer {
namespace {

// A symbol: a view of the text, linked to its neighbours.
struct PlainSymbol {
  std::string_view text;
  int previous, next;
  bool frozen;
};
struct PlainPair {
  float score;
  int left, right;
  size_t size;
  bool operator<(const PlainPair& other) const {
    return score != other.score ? score < other.score : left > other.left;
  }
};

}  // namespace

// The merging of one text.
class PlainRun {
 public:
  PlainRun(const PlainScoreBpe& model, std::string_view text) : model_(model), options_(model.options_), text_(text) {}

  std::vector<Token> run() {
    cut();
    for (size_t i = 1; i < symbols_.size(); ++i) offer(static_cast<int>(i) - 1, static_cast<int>(i));
    while (!agenda_.empty()) {
      PlainPair top = agenda_.top();
      agenda_.pop();
      PlainSymbol& left = symbols_[static_cast<size_t>(top.left)];
      PlainSymbol& right = symbols_[static_cast<size_t>(top.right)];
      if (left.text.empty() || right.text.empty() || left.text.size() + right.text.size() != top.size) continue;
      left.text = std::string_view(left.text.data(), top.size);
      left.next = right.next;
      if (right.next >= 0) symbols_[static_cast<size_t>(right.next)].previous = top.left;
      right.text = {};
      offer(left.previous, top.left);
      offer(top.left, left.next);
    }
    for (int i = symbols_.empty() ? -1 : 0; i >= 0; i = symbols_[static_cast<size_t>(i)].next)
      output(symbols_[static_cast<size_t>(i)].text);
    return std::move(tokens_);
  }

 private:
  void cut() {
    for (size_t at = 0; at < text_.size();) {
      size_t length = model_.user_defined_.longest(text_.substr(at)).length;
      const bool frozen = length > 0;
      if (!frozen) length = code_point_at(text_, at).length();
      const int index = static_cast<int>(symbols_.size());
      const size_t end = at + length;
      symbols_.push_back({text_.substr(at, length), index - 1, end == text_.size() ? -1 : index + 1, frozen});
      at = end;
    }
  }
  void offer(int left, int right) {
    if (left < 0 || right < 0) return;
    const PlainSymbol& l = symbols_[static_cast<size_t>(left)];
    const PlainSymbol& r = symbols_[static_cast<size_t>(right)];
    if (l.frozen || r.frozen) return;
    std::string_view text(l.text.data(), l.text.size() + r.text.size());
    auto found = model_.pieces_.find(text);
    if (found == model_.pieces_.end()) return;
    agenda_.push({options_.pieces[static_cast<size_t>(found->second)].score, left, right, text.size()});
    if (unused(found->second)) made_of_[text] = {l.text.size(), r.text.size()};
  }
  bool unused(int32_t id) const {
    return options_.sentencepiece && options_.pieces[static_cast<size_t>(id)].kind == PieceKind::kUnused;
  }
  void push(int32_t id, std::string_view text) {
    auto begin = static_cast<uint32_t>(text.data() - text_.data());
    auto end = static_cast<uint32_t>(begin + text.size());
    if (id == options_.unk_id && options_.sentencepiece && !tokens_.empty() && tokens_.back().id == id) {
      tokens_.back().end = end;
    } else {
      tokens_.push_back({id, begin, end});
    }
  }
  void output(std::string_view text) {
    auto reserved = model_.reserved_.find(text);
    auto found = model_.pieces_.find(text);
    int32_t id = reserved != model_.reserved_.end() ? reserved->second
                 : found != model_.pieces_.end()    ? found->second
                                                    : -1;
    if (id >= 0 && unused(id)) {
      if (auto made = made_of_.find(text); made != made_of_.end()) {
        output(text.substr(0, made->second.first));
        output(text.substr(made->second.first));
        return;
      }
    }
    if (id >= 0) return push(id, text);
    if ((options_.byte_fallback || !options_.sentencepiece) && output_bytes(text)) return;
    push(options_.unk_id, text);
  }
  bool output_bytes(std::string_view text) {
    std::vector<int32_t> bytes;
    for (char c : text) {
      const auto b = static_cast<unsigned char>(c);
      const auto& map = options_.sentencepiece ? model_.reserved_ : model_.pieces_;
      auto found = map.find(byte_token(b));
      if (found == map.end()) return false;
      bytes.push_back(found->second);
    }
    for (size_t i = 0; i < bytes.size(); ++i) {
      auto begin = static_cast<uint32_t>(text.data() - text_.data() + static_cast<ptrdiff_t>(i));
      tokens_.push_back({bytes[i], begin, begin + 1});
    }
    return true;
  }

  const PlainScoreBpe& model_;
  const ScoreBpeOptions& options_;
  std::string_view text_;
  std::vector<PlainSymbol> symbols_;
  std::priority_queue<PlainPair> agenda_;
  std::map<std::string_view, std::pair<size_t, size_t>> made_of_;  // sizes of the parts of unused pieces
  std::vector<Token> tokens_;
};

PlainScoreBpe::PlainScoreBpe(const ScoreBpeOptions& options) : options_(options) {
  for (size_t i = 0; i < options.pieces.size(); ++i) {
    const SentencePieceModel::Piece& piece = options.pieces[i];
    const auto id = static_cast<int32_t>(i);
    (takes_part(piece, options.sentencepiece) ? pieces_ : reserved_).emplace(piece.text, id);
    if (options.sentencepiece && piece.kind == PieceKind::kUserDefined) user_defined_.add(piece.text, id);
  }
}

std::vector<Token> PlainScoreBpe::run(std::string_view text) const { return PlainRun(*this, text).run(); }

Status write_score_bpe_json(const ScoreBpeOptions& options, std::string& out) {
  BpeOptions listed{.fuse_unk = true, .ignore_merges = options.cut_in_json};
  Vocabulary& vocabulary = listed.vocabulary;
  for (size_t i = 0; i < options.pieces.size(); ++i) {
    vocabulary.add(options.pieces[i].text, static_cast<int32_t>(i));
    listed.byte_fallback |= byte_of_piece(options.pieces[i].text) >= 0;
  }
  listed.unk_token = vocabulary.spelling(options.unk_id);
  // Every way to make a piece of two, by the score of what it makes.
  struct Way {
    float score;
    int32_t left, right;
  };
  std::vector<Way> ways;
  for (const SentencePieceModel::Piece& piece : options.pieces) {
    if (!takes_part(piece, options.sentencepiece) || piece.kind == PieceKind::kUserDefined) continue;
    const std::string_view text = piece.text;
    for (const CodePoint c : CodePoints(text)) {
      const int32_t left = vocabulary.find_id(text.substr(0, c.end)), right = vocabulary.find_id(text.substr(c.end));
      if (c.end < text.size() && left >= 0 && right >= 0) ways.push_back({piece.score, left, right});
    }
  }
  std::stable_sort(ways.begin(), ways.end(), [](const Way& a, const Way& b) {
    return a.score != b.score ? a.score > b.score : std::pair(a.left, a.right) < std::pair(b.left, b.right);
  });
  for (const Way& way : ways) listed.merges.emplace_back(way.left, way.right);
  return write_bpe_json(listed, out);
}

}  // namespace malmoi::tokenizer
