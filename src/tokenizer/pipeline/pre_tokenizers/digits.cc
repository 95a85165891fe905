// Cuts at digits, one by one or in runs.
#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/pieces.h"
#include "tokenizer/pipeline/pre_tokenizer.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {
namespace {

class Digits final : public Described<Digits, PreTokenizer> {
 public:
  static constexpr std::string_view kType = "Digits";
  static void fields(auto& self, auto& in) { in.field("individual_digits", self.individual_); }
  void apply(Draft& draft) const override {
    split_by_class(draft, individual_ ? SplitBehavior::kIsolated : SplitBehavior::kContiguous, kDigit);
  }

 private:
  bool individual_ = false;
};

}  // namespace

extern const ComponentType<PreTokenizer> digits_pre_tokenizer = component_type<Digits, PreTokenizer>();

}  // namespace malmoi::tokenizer
