// One pre-tokenizer after another.
#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/fast_path.h"
#include "tokenizer/pipeline/pieces.h"
#include "tokenizer/pipeline/pre_tokenizer.h"

namespace malmoi::tokenizer {
namespace {

class PreTokenizerSequence final : public StepSequence<PreTokenizerSequence, PreTokenizer>, public PatternCut {
 public:
  PreTokenizerSequence() = default;
  explicit PreTokenizerSequence(std::vector<std::unique_ptr<PreTokenizer>> steps) : StepSequence(std::move(steps)) {
    spell_out_early();
  }
  Status ready(const JsonNode&) {
    spell_out_early();
    return {};
  }
  void apply(Draft& draft) const override {
    for (const auto& step : steps_) step->apply(draft);
  }
  bool needs_source() const override {
    return any_step([](const PreTokenizer& step) { return step.needs_source(); });
  }
  bool ends_in_bytes() const override { return !steps_.empty() && steps_.back()->ends_in_bytes(); }
  void spell_out() override {
    if (!steps_.empty()) steps_.back()->spell_out();
  }
  // That of the one step, or of the one before a step that does nothing but spell.
  const CoveringPattern* only_pattern() const override {
    if (steps_.size() == 1) return tokenizer::only_pattern(steps_[0].get());
    if (steps_.size() != 2 || !steps_[1]->ends_in_bytes()) return nullptr;
    const auto* last = dynamic_cast<const PatternCut*>(steps_[1].get());
    return last && last->only_spells() ? tokenizer::only_pattern(steps_[0].get()) : nullptr;
  }

 private:
  // What stands behind a step must see the byte alphabet.
  void spell_out_early() {
    for (size_t i = 0; i + 1 < steps_.size(); ++i) steps_[i]->spell_out();
  }
};

}  // namespace

extern const ComponentType<PreTokenizer> sequence_pre_tokenizer = component_type<PreTokenizerSequence, PreTokenizer>();

std::unique_ptr<PreTokenizer> make_sequence(std::vector<std::unique_ptr<PreTokenizer>> steps) {
  return std::make_unique<PreTokenizerSequence>(std::move(steps));
}

}  // namespace malmoi::tokenizer
