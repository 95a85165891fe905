// Pieces of so many characters.
#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/pieces.h"
#include "tokenizer/pipeline/pre_tokenizer.h"
#include "tokenizer/unicode/code_points.h"

namespace malmoi::tokenizer {
namespace {

class FixedLength final : public Described<FixedLength, PreTokenizer> {
 public:
  static constexpr std::string_view kType = "FixedLength";
  static void fields(auto& self, auto& in) {
    in.field("length", self.length_);
    in.check(self.length_ >= 1, "\"length\" must be at least 1");
  }
  void apply(Draft& draft) const override {
    cut_pieces(draft, [&](std::string_view text, std::vector<Span>& spans) {
      size_t begin = 0, count = 0;
      for (const CodePoint c : CodePoints(text)) {
        if (++count < length_ && c.end < text.size()) continue;
        spans.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(c.end)});
        begin = c.end;
        count = 0;
      }
    });
  }

 private:
  size_t length_ = 5;
};

}  // namespace

extern const ComponentType<PreTokenizer> fixed_length_pre_tokenizer = component_type<FixedLength, PreTokenizer>();

}  // namespace malmoi::tokenizer
