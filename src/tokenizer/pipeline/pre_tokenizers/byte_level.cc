// ByteLevel: cuts by GPT-2's pattern and spells bytes in the byte alphabet.
#include "tokenizer/json/component.h"
#include "tokenizer/models/byte_alphabet.h"
#include "tokenizer/pipeline/byte_level_fields.h"
#include "tokenizer/pipeline/fast_path.h"
#include "tokenizer/pipeline/pieces.h"
#include "tokenizer/pipeline/pre_tokenizer.h"

namespace malmoi::tokenizer {
namespace {

const std::shared_ptr<const Pattern>& gpt2_pattern() {
  static const std::shared_ptr<const Pattern> pattern = *Pattern::compile(pattern_by_name("gpt2"));
  return pattern;
}

class ByteLevel final : public Described<ByteLevel, PreTokenizer>, public PatternCut {
 public:
  static constexpr std::string_view kType = "ByteLevel";
  static void fields(auto& self, auto& in) { byte_level_fields(self.options_, in); }
  ByteLevel() = default;
  explicit ByteLevel(ByteLevelFields options) : options_(options) {}
  void apply(Draft& draft) const override {
    if (options_.add_prefix_space)
      rewrite_pieces(draft, [](NormalizedText& text) {
        if (!text.text.starts_with(' ')) text.prepend(" ");
      });
    if (options_.use_regex) split_pieces(draft, SplitBehavior::kIsolated, false, *gpt2_pattern());
    if (spell_out_) spell_draft(draft);
    else draft.raw_bytes = true;
  }
  bool ends_in_bytes() const override { return !spell_out_; }
  void spell_out() override { spell_out_ = true; }
  const CoveringPattern* only_pattern() const override {
    return options_.use_regex && leaves_bytes() ? covering(gpt2_pattern().get()) : nullptr;
  }
  bool only_spells() const override { return !options_.use_regex && leaves_bytes(); }

 private:
  bool leaves_bytes() const { return !options_.add_prefix_space && !spell_out_; }

  ByteLevelFields options_;
  bool spell_out_ = false;
};

}  // namespace

extern const ComponentType<PreTokenizer> byte_level_pre_tokenizer = component_type<ByteLevel, PreTokenizer>();

std::unique_ptr<PreTokenizer> make_byte_spelling() {
  return std::make_unique<ByteLevel>(ByteLevelFields{.add_prefix_space = false, .use_regex = false});
}

void spell_draft(Draft& draft) {
  rewrite_pieces(draft, spell_text);
  draft.raw_bytes = false;
}

}  // namespace malmoi::tokenizer
