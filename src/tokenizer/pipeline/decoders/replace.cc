// Replaces what a pattern matches in each token.
#include "tokenizer/json/component.h"
#include "tokenizer/json/pattern_json.h"
#include "tokenizer/pipeline/decoder.h"

namespace malmoi::tokenizer {
namespace {

class ReplaceDecoder final : public Described<ReplaceDecoder, Decoder> {
 public:
  static constexpr std::string_view kType = "Replace";
  static void fields(auto& self, auto& in) {
    in.required("pattern", self.pattern_);
    in.required("content", self.content_);
  }
  void apply(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) {
      NormalizedText text = NormalizedText::of(token, 0, false);
      replace_all(text, *pattern_, content_);
      token = std::move(text.text);
    }
  }

 private:
  std::shared_ptr<const Pattern> pattern_;
  std::string content_;
};

}  // namespace

extern const ComponentType<Decoder> replace_decoder = component_type<ReplaceDecoder, Decoder>();

}  // namespace malmoi::tokenizer
