// Drops the marks that stand over letters.
#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/normalizer.h"
#include "tokenizer/pipeline/normalizers/characters.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {
namespace {

class StripAccents final : public Described<StripAccents, Normalizer> {
 public:
  static constexpr std::string_view kType = "StripAccents";
  static void fields(auto&, auto&) {}
  void normalize(NormalizedText& text) const override {
    keep_characters(text, [](char32_t c) { return (classes_of(c) & kAccent) == 0; });
  }
};

}  // namespace

extern const ComponentType<Normalizer> strip_accents_normalizer = component_type<StripAccents, Normalizer>();

}  // namespace malmoi::tokenizer
