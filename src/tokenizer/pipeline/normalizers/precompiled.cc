// SentencePiece's character map, grapheme by grapheme as Hugging Face reads it.
#include "base/base64.h"
#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/charsmap.h"
#include "tokenizer/pipeline/normalizer.h"
#include "tokenizer/unicode/code_points.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {

/// In base64.
template <>
struct JsonValue<Charsmap> {
  static Status read(const JsonNode& node, Charsmap& map) {
    MALMOI_ASSIGN(std::string_view text, node.string());
    std::string blob;
    if (!decode_base64(text, blob)) return node.error("is not base64");
    MALMOI_ASSIGN(map, Charsmap::parse(blob, node.where));
    return {};
  }
  static void write(std::string& out, const Charsmap& map) { append_json_string(out, encode_base64(map.blob())); }
};

namespace {

// What `replacement` has more or fewer characters than what it replaces falls on its last ones.
void put_replacement(Rewriter& rewriter, std::string_view old, std::string_view replacement) {
  const auto old_count = static_cast<int>(count_code_points(old));
  const auto count = static_cast<int>(count_code_points(replacement));
  if (count == 0) return rewriter.swallow(old_count);
  int index = 0;
  for (const CodePoint c : CodePoints(replacement)) {
    ++index;
    if (index > old_count) rewriter.put(c.value, 1);
    else rewriter.put(c.value, index == count && count < old_count ? count - old_count : 0);
  }
}

class Precompiled final : public Described<Precompiled, Normalizer> {
 public:
  static constexpr std::string_view kType = "Precompiled";
  static void fields(auto& self, auto& in) { in.required("precompiled_charsmap", self.map_); }
  void normalize(NormalizedText& text) const override {
    const std::string& old = text.text;  // stays until finish
    Rewriter rewriter(text, 0);
    for (size_t at = 0; at < old.size();) {
      const size_t end = grapheme_end(old, at);
      put_grapheme(rewriter, std::string_view(old).substr(at, end - at));
      at = end;
    }
    rewriter.finish();
  }

 private:
  void put_grapheme(Rewriter& rewriter, std::string_view grapheme) const {
    constexpr size_t kShortest = 6;  // graphemes of fewer bytes are looked up whole
    if (grapheme.size() < kShortest) {
      if (auto match = map_.shortest(grapheme)) {
        // The replacement of the shortest prefix stands for the whole.
        return put_replacement(rewriter, grapheme, match->replacement);
      }
    }
    for (const CodePoint c : CodePoints(grapheme)) {
      const std::string_view letter = c.in(grapheme);
      if (auto match = map_.shortest(letter)) put_replacement(rewriter, letter, match->replacement);
      else rewriter.put(c.value, 0);
    }
  }

  Charsmap map_;
};

}  // namespace

extern const ComponentType<Normalizer> precompiled_normalizer = component_type<Precompiled, Normalizer>();

}  // namespace malmoi::tokenizer
