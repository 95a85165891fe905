#include "tokenizer/models/wordpiece.h"

#include "base/utf8.h"
#include "tokenizer/json/vocabulary_json.h"

namespace malmoi::tokenizer {
namespace {

class WordPiece final : public Model {
 public:
  explicit WordPiece(WordPieceOptions options) : options_(std::move(options)) {
    unk_ = options_.vocabulary.find_id(options_.unk_token);
    for (int32_t id = 0; id < options_.vocabulary.id_limit(); ++id)
      longest_ = std::max(longest_, options_.vocabulary.spelling(id).size());
  }

  // The longest piece first; a word that no sequence of pieces makes is one unknown token.
  void tokenize(std::string_view word, std::vector<Token>& tokens) const override {
    size_t before = tokens.size();
    if (count_code_points(word) > options_.max_input_chars_per_word || !find_pieces(word, tokens)) {
      tokens.resize(before);
      if (unk_ >= 0) tokens.push_back({unk_, 0, static_cast<uint32_t>(word.size())});
    }
  }
  const Vocabulary& vocabulary() const override { return options_.vocabulary; }
  std::optional<int32_t> unk_id() const override { return unk_ < 0 ? std::nullopt : std::optional<int32_t>(unk_); }
  std::string_view type() const override { return "WordPiece"; }
  Status write_json(std::string& out) const override { return write_fields(out, options_, "WordPiece"); }

 private:
  bool find_pieces(std::string_view word, std::vector<Token>& tokens) const {
    thread_local std::string buffer;
    for (size_t begin = 0; begin < word.size();) {
      buffer = begin > 0 ? options_.continuing_subword_prefix : std::string();
      size_t prefix = buffer.size();
      // No piece is longer than the longest of the vocabulary.
      size_t end = std::min(word.size(), begin + longest_);
      while (end > begin && end < word.size() && is_utf8_continuation(word[end])) --end;
      buffer += word.substr(begin, end - begin);
      int32_t id = -1;
      while (end > begin && (id = options_.vocabulary.find_id(buffer)) < 0) {
        do --end;
        while (end > begin && is_utf8_continuation(word[end]));
        buffer.resize(prefix + end - begin);
      }
      if (id < 0) return false;
      tokens.push_back({id, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
      begin = end;
    }
    return true;
  }

  WordPieceOptions options_;
  int32_t unk_ = -1;
  size_t longest_ = 0;
};

}  // namespace

Result<std::unique_ptr<Model>> make_wordpiece(WordPieceOptions options, std::string_view) {
  return std::unique_ptr<Model>(std::make_unique<WordPiece>(std::move(options)));
}

extern const ComponentType<Model> word_piece_model = {"WordPiece",
                                                      [](const JsonNode& node, int) -> Result<std::unique_ptr<Model>> {
                                                        WordPieceOptions options;
                                                        MALMOI_TRY(read_fields(node, options));
                                                        return make_wordpiece(std::move(options), node.where);
                                                      }};

}  // namespace malmoi::tokenizer
