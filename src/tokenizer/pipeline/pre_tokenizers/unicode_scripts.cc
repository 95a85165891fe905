// Cuts where the script changes.
#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/pieces.h"
#include "tokenizer/pipeline/pre_tokenizer.h"
#include "tokenizer/unicode/code_points.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {
namespace {

// A character of any script (a space) joins what precedes it; what precedes the first character of a script is dropped, as in
// the reference.
class UnicodeScripts final : public Described<UnicodeScripts, PreTokenizer> {
 public:
  static constexpr std::string_view kType = "UnicodeScripts";
  static void fields(auto&, auto&) {}
  void apply(Draft& draft) const override {
    cut_pieces(draft, [](std::string_view text, std::vector<Span>& spans) {
      int last = 0;
      uint32_t begin = UINT32_MAX;
      for (const CodePoint c : CodePoints(text)) {
        const int script = script_of(c.value);
        if (script == 0 || script == last) continue;
        const auto at = static_cast<uint32_t>(c.begin);
        if (begin != UINT32_MAX) spans.push_back({begin, at});
        begin = at;
        last = script;
      }
      if (begin != UINT32_MAX) spans.push_back({begin, static_cast<uint32_t>(text.size())});
    });
  }
};

}  // namespace

extern const ComponentType<PreTokenizer> unicode_scripts_pre_tokenizer = component_type<UnicodeScripts, PreTokenizer>();

}  // namespace malmoi::tokenizer
