// Words and runs of other characters: \w+|[^\w\s]+ with Rust's \w; what lies between is dropped.
#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/pieces.h"
#include "tokenizer/pipeline/pre_tokenizer.h"
#include "tokenizer/unicode/code_points.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {
namespace {

enum class CharKind { kSpace, kWord, kOther };

CharKind char_kind(char32_t c) {
  return classes_of(c) & kRustWord ? CharKind::kWord : is_space(c) ? CharKind::kSpace : CharKind::kOther;
}

class Whitespace final : public Described<Whitespace, PreTokenizer> {
 public:
  static constexpr std::string_view kType = "Whitespace";
  static void fields(auto&, auto&) {}
  void apply(Draft& draft) const override {
    cut_pieces(draft, [](std::string_view text, std::vector<Span>& spans) {
      CharKind before = CharKind::kSpace;
      for (const CodePoint c : CodePoints(text)) {
        const CharKind kind = char_kind(c.value);
        const auto begin = static_cast<uint32_t>(c.begin), end = static_cast<uint32_t>(c.end);
        if (kind != CharKind::kSpace && kind == before) spans.back().end = end;
        else if (kind != CharKind::kSpace) spans.push_back({begin, end});
        before = kind;
      }
    });
  }
};

}  // namespace

extern const ComponentType<PreTokenizer> whitespace_pre_tokenizer = component_type<Whitespace, PreTokenizer>();

}  // namespace malmoi::tokenizer
