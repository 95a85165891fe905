#include "tokenizer/export/json_check.h"

#include <fmt/format.h>

#include <optional>

#include "base/json.h"
#include "base/utf8.h"
#include "tokenizer/import/sentencepiece_normalizer.h"
#include "tokenizer/models/byte_alphabet.h"
#include "tokenizer/models/marked_words.h"
#include "tokenizer/parts.h"
#include "tokenizer/unicode/code_points.h"
#include "tokenizer/unicode/normalization.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {
namespace {

constexpr std::string_view kShapes[] = {
    "",
    " ",
    "  ",
    "a",
    "  a  b  ",
    "\ta\n b\r\n ",
    "\r",
    "\n",
    "\u00a0a\u00a0b",
    "\u3000a\u3000",
    "▁a",
    "a▁▁b",
    "\u200b",
    "e\u0301e\u0301",
    "ﬁ",
    "Ａｂｃ１２３",
    "①㍿½",
    "한국어 문장입니다.",
    "\u1112\u1161\u11ab\u1100\u116e\u11a8",
    "日本語のテキスト",
    "👍🏽 👨‍👩‍👧",
    "Ελληνικά",
    "x = {1: 2}\n\n    return",
};
// Marks out of their order, and the names of byte tokens.
constexpr std::string_view kRareShapes[] = {"a \u0301", "e\u0302\u0323", "q\u0307\u0323", "<0x41><0x0A>"};

class Comparison {
 public:
  Comparison(const Tokenizer& ours, const Tokenizer& written) : ours_(ours), written_(written) {}
  // Alone, within a word, and between spaces.
  void compare_in_places(const std::string& text) {
    compare(text);
    compare("a" + text + "b");
    compare("a " + text + "  " + text + " ");
  }
  void compare(const std::string& text) {
    if (!different_ && ours_.encode(text) != written_.encode(text)) different_ = text;
  }
  const std::optional<std::string>& different() const { return different_; }
  Error error() const {
    return unsupported(
        fmt::format("tokenizer.json cannot hold this tokenizer: it would cut {} into \"{}\" and not \"{}\"",
                    dump_json(Json(*different_)), pieces_of(written_), pieces_of(ours_)),
        "export", "keep the original file, which opens here too, or ask for the --nearest");
  }

 private:
  std::string pieces_of(const Tokenizer& tokenizer) const {
    std::string out;
    for (int32_t id : tokenizer.encode(*different_)) out += (out.empty() ? "" : "|") + ours_.piece(id);
    return out;
  }
  const Tokenizer& ours_;
  const Tokenizer& written_;
  std::optional<std::string> different_;
};

void compare_pieces(const Tokenizer::Parts& parts, Comparison& comparison) {
  std::string before;
  const Vocabulary& vocabulary = parts.model->vocabulary();
  for (int32_t id = 0; id < vocabulary.id_limit() && !comparison.different(); ++id) {
    const std::string text = marks_to_spaces(vocabulary.spelling(id));
    const AddedToken* added = parts.added.by_id(id);
    // Special tokens are found in the text by both; names of bytes are no text.
    if (!vocabulary.has(id) || (added && added->special) || byte_of_token(text) >= 0) continue;
    comparison.compare_in_places(text);
    comparison.compare(before + text);
    comparison.compare(text + text + " " + text);
    before = text;
  }
}

// Keys that texts have: characters, what composition makes one of, ASCII, and letters of Korean side by side. Others (compatibility
// characters with marks or jamo behind them) are looked up otherwise there, grapheme by grapheme.
bool is_usual(const std::string& key) {
  if (classes_of(code_point_at(key, 0).value) & kMark) return false;
  if (count_code_points(key) == 1 || normal_characters(key, NormalForm::kNfc).size() == 1) return true;
  for (const CodePoint c : CodePoints(key))
    if (c.value >= 0x80 && (c.value < 0x3131 || c.value > 0x3163)) return false;
  return true;
}

}  // namespace

Result<std::string> check_exact_json(const Tokenizer& tokenizer) {
  const Tokenizer::Parts& parts = tokenizer.parts();
  MALMOI_ASSIGN(std::string json, to_tokenizer_json(parts));
  MALMOI_ASSIGN(Tokenizer written, Tokenizer::from_json(json, "tokenizer.json as it would be written"));
  Comparison all(tokenizer, written), rare(tokenizer, written);
  for (std::string_view shape : kShapes) all.compare_in_places(std::string(shape));
  for (std::string_view shape : kRareShapes) rare.compare_in_places(std::string(shape));
  compare_pieces(parts, all);
  if (const auto* rules = dynamic_cast<const SentencePieceNormalizer*>(parts.normalizer.get()))
    for (const std::string& key : rules->charsmap().keys()) {
      // A text of which nothing is left gets no mark there.
      const bool dropped = rules->charsmap().longest(key)->replacement.empty();
      Comparison& comparison = is_usual(key) && !dropped ? all : rare;
      if (!comparison.different()) comparison.compare_in_places(key);
    }
  if (all.different()) return all.error();
  return rare.different().value_or("");
}

}  // namespace malmoi::tokenizer
