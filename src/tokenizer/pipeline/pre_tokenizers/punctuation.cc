// Cuts at marks of punctuation.
#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/pieces.h"
#include "tokenizer/pipeline/pre_tokenizer.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {
namespace {

class Punctuation final : public Described<Punctuation, PreTokenizer> {
 public:
  static constexpr std::string_view kType = "Punctuation";
  static void fields(auto& self, auto& in) { in.named("behavior", self.behavior_, kBehaviorNames); }
  void apply(Draft& draft) const override { split_by_class(draft, behavior_, kPunctuation); }

 private:
  SplitBehavior behavior_ = SplitBehavior::kIsolated;
};

}  // namespace

extern const ComponentType<PreTokenizer> punctuation_pre_tokenizer = component_type<Punctuation, PreTokenizer>();

}  // namespace malmoi::tokenizer
