// Replaces what a pattern matches by a fixed text.
#include "tokenizer/json/component.h"
#include "tokenizer/json/pattern_json.h"
#include "tokenizer/pipeline/normalizer.h"

namespace malmoi::tokenizer {
namespace {

class Replace final : public Described<Replace, Normalizer> {
 public:
  static constexpr std::string_view kType = "Replace";
  static void fields(auto& self, auto& in) {
    in.required("pattern", self.pattern_);
    in.required("content", self.content_);
    in.check(self.content_.size() <= kLongestInserted, "\"content\" is longer than 4096 bytes");
  }
  void normalize(NormalizedText& text) const override { replace_all(text, *pattern_, content_); }

 private:
  std::shared_ptr<const Pattern> pattern_;
  std::string content_;
};

}  // namespace

extern const ComponentType<Normalizer> replace_normalizer = component_type<Replace, Normalizer>();

}  // namespace malmoi::tokenizer
