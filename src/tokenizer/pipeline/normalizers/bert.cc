// BERT's normalisation: control characters, spaces around Chinese characters, accents, case.
#include <optional>

#include "base/ascii.h"
#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/normalizer.h"
#include "tokenizer/pipeline/normalizers/characters.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {
namespace {

class BertNormalizer final : public Described<BertNormalizer, Normalizer> {
 public:
  static constexpr std::string_view kType = "BertNormalizer";
  static void fields(auto& self, auto& in) {
    in.field("clean_text", self.clean_text_);
    in.field("handle_chinese_chars", self.handle_chinese_);
    in.field("strip_accents", self.strip_accents_);
    in.field("lowercase", self.lowercase_);
  }
  void normalize(NormalizedText& text) const override {
    if (clean_text_) clean(text);
    if (handle_chinese_) space_chinese(text);
    if (strip_accents_.value_or(lowercase_)) {
      apply_form(text, NormalForm::kNfd);
      keep_characters(text, [](char32_t c) { return (classes_of(c) & kBertAccent) == 0; });
    }
    if (lowercase_) lower_case(text);
  }

 private:
  static void clean(NormalizedText& text) {
    keep_characters(text, [](char32_t c) { return (classes_of(c) & kBertControl) == 0; });
    for (const CodePoint c : CodePoints(text.text))
      if (c.value != U' ' && is_space(c.value))
        return map_characters(text, [](char32_t each) { return is_space(each) ? U' ' : each; });
  }
  static void space_chinese(NormalizedText& text) {
    if (is_ascii(text.text)) return;
    Rewriter rewriter(text, 0);
    for (const CodePoint c : CodePoints(text.text)) {  // the old text stays until finish
      if ((classes_of(c.value) & kBertChinese) == 0) {
        rewriter.put(c.value, 0);
        continue;
      }
      rewriter.put(U' ', 0);
      rewriter.put(c.value, 1);
      rewriter.put(U' ', 1);
    }
    rewriter.finish();
  }

  bool clean_text_ = true, handle_chinese_ = true, lowercase_ = true;
  std::optional<bool> strip_accents_;  // none: as lowercase
};

}  // namespace

extern const ComponentType<Normalizer> bert_normalizer = component_type<BertNormalizer, Normalizer>();

}  // namespace malmoi::tokenizer
