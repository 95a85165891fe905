// Cuts at one character, which is dropped; the type has two names.

#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/pieces.h"
#include "tokenizer/pipeline/pre_tokenizer.h"

namespace malmoi::tokenizer {
namespace {

class CharDelimiterSplit final : public Described<CharDelimiterSplit, PreTokenizer> {
 public:
  static constexpr std::string_view kType = "CharDelimiterSplit";
  static void fields(auto& self, auto& in) { in.character("delimiter", self.delimiter_); }
  Status ready(const JsonNode&) {
    pattern_ = Pattern::text(delimiter_);
    return {};
  }
  void apply(Draft& draft) const override { split_pieces(draft, SplitBehavior::kRemoved, false, *pattern_); }

 private:
  std::string delimiter_;
  std::shared_ptr<const Pattern> pattern_;
};

}  // namespace

extern const ComponentType<PreTokenizer> char_delimiter_pre_tokenizer =
    component_type<CharDelimiterSplit, PreTokenizer>();
extern const ComponentType<PreTokenizer> delimiter_pre_tokenizer = {"Delimiter", &CharDelimiterSplit::read};

}  // namespace malmoi::tokenizer
