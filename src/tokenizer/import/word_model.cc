#include "tokenizer/import/word_model.h"

#include <array>

#include "tokenizer/models/marked_words.h"

namespace malmoi::tokenizer {
namespace {

class SentencePieceWords final : public Model {
 public:
  explicit SentencePieceWords(const SentencePieceModel& model)
      : unk_(model.unk_id()), byte_fallback_(model.byte_fallback), suffix_(model.treat_whitespace_as_suffix) {
    byte_ids_.fill(-1);
    for (size_t i = 0; i < model.pieces.size(); ++i) {
      const SentencePieceModel::Piece& piece = model.pieces[i];
      vocabulary_.add(piece.text, static_cast<int32_t>(i));
      if (piece.kind == PieceKind::kByte)
        byte_ids_[static_cast<size_t>(byte_of_piece(piece.text))] = static_cast<int32_t>(i);
    }
  }

  void tokenize(std::string_view piece, std::vector<Token>& tokens) const override {
    const size_t first = tokens.size();
    for (size_t begin = 0; begin < piece.size();) {
      const size_t end = word_end(piece, begin);
      std::string_view word = piece.substr(begin, end - begin);
      int32_t id = vocabulary_.find_id(word);
      if (id < 0 && byte_fallback_) {
        for (size_t i = begin; i < end; ++i)
          tokens.push_back({byte_id(piece[i]), static_cast<uint32_t>(i), static_cast<uint32_t>(i + 1)});
      } else if (id < 0 && tokens.size() > first && tokens.back().id == unk_) {
        tokens.back().end = static_cast<uint32_t>(end);  // a run of unknown words is one token
      } else {
        tokens.push_back({id < 0 ? unk_ : id, static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
      }
      begin = end;
    }
  }
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  std::optional<int32_t> unk_id() const override { return unk_; }
  std::string_view type() const override { return "SentencePiece word"; }
  Status write_json(std::string&) const override {
    return unsupported("a SentencePiece word model has no counterpart in tokenizer.json", "model",
                       "keep the .model file, which opens here and in SentencePiece");
  }

 private:
  int32_t byte_id(char c) const {
    int32_t id = byte_ids_[static_cast<unsigned char>(c)];
    return id < 0 ? unk_ : id;
  }
  size_t word_end(std::string_view text, size_t begin) const {
    if (!suffix_) return std::min(text.find(kWordMark, begin + 1), text.size());
    size_t at = text.find(kWordMark, begin);
    return at == std::string_view::npos ? text.size() : at + kWordMark.size();
  }

  Vocabulary vocabulary_;
  std::array<int32_t, 256> byte_ids_{};
  int32_t unk_;
  bool byte_fallback_, suffix_;
};

}  // namespace

Result<std::unique_ptr<Model>> make_sentencepiece_words(const SentencePieceModel& model, std::string_view /*where*/) {
  return std::unique_ptr<Model>(new SentencePieceWords(model));
}

}  // namespace malmoi::tokenizer
