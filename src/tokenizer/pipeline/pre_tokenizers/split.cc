// Cuts by any pattern.
#include "tokenizer/json/component.h"
#include "tokenizer/json/pattern_json.h"
#include "tokenizer/pipeline/fast_path.h"
#include "tokenizer/pipeline/pieces.h"
#include "tokenizer/pipeline/pre_tokenizer.h"

namespace malmoi::tokenizer {
namespace {

class Split final : public Described<Split, PreTokenizer>, public PatternCut {
 public:
  static constexpr std::string_view kType = "Split";
  static void fields(auto& self, auto& in) {
    in.required("pattern", self.pattern_);
    in.named("behavior", self.behavior_, kBehaviorNames);
    in.field("invert", self.invert_);
  }
  Split() = default;
  explicit Split(std::shared_ptr<const Pattern> pattern) : pattern_(std::move(pattern)) {}
  void apply(Draft& draft) const override { split_pieces(draft, behavior_, invert_, *pattern_); }
  const CoveringPattern* only_pattern() const override {
    return behavior_ == SplitBehavior::kIsolated ? covering(pattern_.get()) : nullptr;
  }

 private:
  std::shared_ptr<const Pattern> pattern_;
  SplitBehavior behavior_ = SplitBehavior::kIsolated;
  bool invert_ = false;
};

}  // namespace

extern const ComponentType<PreTokenizer> split_pre_tokenizer = component_type<Split, PreTokenizer>();

std::unique_ptr<PreTokenizer> make_split(std::shared_ptr<const Pattern> pattern) {
  return std::make_unique<Split>(std::move(pattern));
}

}  // namespace malmoi::tokenizer
