// Cuts at white space, which is dropped.
#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/pieces.h"
#include "tokenizer/pipeline/pre_tokenizer.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {
namespace {

class WhitespaceSplit final : public Described<WhitespaceSplit, PreTokenizer> {
 public:
  static constexpr std::string_view kType = "WhitespaceSplit";
  static void fields(auto&, auto&) {}
  void apply(Draft& draft) const override { split_by_class(draft, SplitBehavior::kRemoved, kSpace); }
};

}  // namespace

extern const ComponentType<PreTokenizer> whitespace_split_pre_tokenizer =
    component_type<WhitespaceSplit, PreTokenizer>();

}  // namespace malmoi::tokenizer
