#include "tokenizer/import/llama_bert.h"

#include "base/utf8.h"
#include "tokenizer/models/marked_words.h"
#include "tokenizer/unicode/code_points.h"
#include "tokenizer/unicode/normalization.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {
namespace {

class LlamaWordPiece final : public Model {
 public:
  explicit LlamaWordPiece(GgufVocab vocab) : vocabulary_(std::move(vocab.ids)), unk_(vocab.unk) {
    for (const GgufToken& token : vocab.tokens) longest_ = std::max(longest_, token.text.size());
  }
  void tokenize(std::string_view piece, std::vector<Token>& tokens) const override {
    const std::string word = std::string(kWordMark) + std::string(piece);
    const size_t first = tokens.size();
    // Where the mark lies, offsets are those of the word's beginning.
    auto offset = [](size_t at) { return static_cast<uint32_t>(at < kWordMark.size() ? 0 : at - kWordMark.size()); };
    for (size_t at = 0; at < word.size();) {
      size_t length = std::min(word.size() - at, longest_ + 1);
      int32_t id = -1;
      while (length > 0 && (id = vocabulary_.find_id(std::string_view(word).substr(at, length))) < 0) --length;
      if (id < 0) {
        tokens.resize(first);
        break;
      }
      tokens.push_back({id, offset(at), offset(at + length)});
      at += length;
    }
    if (tokens.size() == first) tokens.push_back({unk_, 0, static_cast<uint32_t>(piece.size())});
  }
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  std::optional<int32_t> unk_id() const override { return unk_; }
  std::string_view type() const override { return "llama.cpp WordPiece"; }
  Status write_json(std::string&) const override {
    return unsupported("llama.cpp's reading of a BERT vocabulary has no counterpart in tokenizer.json", "model",
                       "import the file without --compat llama.cpp");
  }

 private:
  Vocabulary vocabulary_;
  size_t longest_ = 0;
  int32_t unk_;
};

char32_t first_of_decomposition(char32_t c) {
  if (c < 0xC0) return c;
  std::string text;
  append_utf8(text, c);
  std::vector<NormalChar> parts = normal_characters(text, NormalForm::kNfd);
  return parts.empty() ? c : parts[0].code_point;
}

}  // namespace

void LlamaBertNormalizer::normalize(NormalizedText& text) const {
  const std::string old = std::move(text.text);
  std::vector<Span> old_source = std::move(text.source), source;
  std::string out;
  auto put = [&](std::string_view bytes, size_t at, size_t end) {
    out += bytes;
    if (text.tracked) source.insert(source.end(), bytes.size(), Span{old_source[at].begin, old_source[end - 1].end});
  };
  bool in_word = false, alone = false;  // alone: what was put last ends its word
  for (const CodePoint decoded : CodePoints(old)) {
    const size_t at = decoded.begin, end = decoded.end;
    const char32_t c = strip_accents_ ? first_of_decomposition(decoded.value) : decoded.value;
    const uint32_t flags = classes_of(c);
    if (flags & kSpace) {
      in_word = false;
    } else if (c != 0 && c != 0xFFFD && !(flags & kBertControl) && !(strip_accents_ && (flags & kMark))) {
      const bool single = (flags & (kPunct | kBertChinese)) || (c < 0x7F && (flags & kSymbol));
      if ((!in_word || single || alone) && !out.empty()) put(" ", at, end);
      std::string bytes;
      append_utf8(bytes, lowercase_ ? to_lower(c).first : c);
      put(bytes, at, end);
      in_word = true;
      alone = single;
    }
  }
  text.text = std::move(out);
  text.source = std::move(source);
}

Status LlamaBertNormalizer::write_json(std::string&) const {
  return unsupported("llama.cpp's reading of BERT's normalisation has no counterpart in tokenizer.json", "normalizer",
                     "import the file without --compat llama.cpp");
}

std::unique_ptr<Model> make_llama_wordpiece(GgufVocab vocab) {
  return std::make_unique<LlamaWordPiece>(std::move(vocab));
}

}  // namespace malmoi::tokenizer
