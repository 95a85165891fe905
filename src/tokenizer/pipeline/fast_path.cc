#include "tokenizer/pipeline/fast_path.h"

#include "tokenizer/parts.h"
#include "tokenizer/pipeline/word_normalizer.h"

namespace malmoi::tokenizer {
namespace {

class CutPath final : public FastPath {
 public:
  CutPath(const Normalizer* normalizer, const CoveringPattern& pattern, const Model& model)
      : normalizer_(normalizer), pattern_(pattern), model_(model), cuts_(dynamic_cast<const CutEncoder*>(&model)) {}
  bool encode(const Section& section, std::vector<int32_t>& ids) const override {
    if (!normalizer_) {
      encode_text(section.text, ids);
      return true;
    }
    NormalizedText normal = NormalizedText::of(section.text, 0, false);
    normal.first = section.first;
    normal.after_special = section.after_special;
    normalizer_->normalize(normal);
    encode_text(normal.text, ids);
    return true;
  }

 private:
  void encode_text(std::string_view text, std::vector<int32_t>& ids) const {
    if (cuts_) return cuts_->encode_cut(text, pattern_, ids);
    for (size_t at = 0; at < text.size();) {
      const size_t end = pattern_.next_end(text, at);
      model_.encode(text.substr(at, end - at), ids);
      at = end;
    }
  }

  const Normalizer* normalizer_;  // null: none
  const CoveringPattern& pattern_;
  const Model& model_;
  const CutEncoder* cuts_;  // the model, where it is one
};

class WordPath final : public FastPath {
 public:
  WordPath(const WordNormalizer& words, const WordEncoder& model) : words_(words), model_(model) {}
  bool encode(const Section& section, std::vector<int32_t>& ids) const override {
    return model_.encode_by_words(section.text, words_, ids);
  }

 private:
  const WordNormalizer& words_;
  const WordEncoder& model_;
};

}  // namespace

const CoveringPattern* only_pattern(const PreTokenizer* pre_tokenizer) {
  const auto* cut = dynamic_cast<const PatternCut*>(pre_tokenizer);
  return cut ? cut->only_pattern() : nullptr;
}

std::unique_ptr<FastPath> choose_fast_path(const Tokenizer::Parts& parts) {
  if (parts.added.any_normalized()) return nullptr;  // added tokens are looked for in the normalised text
  if (const CoveringPattern* pattern = only_pattern(parts.pre_tokenizer.get())) {
    if (parts.pre_tokenizer->ends_in_bytes() && !parts.model->takes_bytes()) return nullptr;
    return std::make_unique<CutPath>(parts.normalizer.get(), *pattern, *parts.model);
  }
  const auto* words = dynamic_cast<const WordNormalizer*>(parts.normalizer.get());
  const auto* model = dynamic_cast<const WordEncoder*>(parts.model.get());
  if (!words || !words->usable() || !model || parts.pre_tokenizer) return nullptr;
  return std::make_unique<WordPath>(*words, *model);
}

}  // namespace malmoi::tokenizer
