// The control characters that are dropped and the spaces that become one, by the rules of neural translation.
#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/normalizer.h"
#include "tokenizer/pipeline/normalizers/characters.h"

namespace malmoi::tokenizer {
namespace {

bool is_dropped(char32_t c) {
  return (c >= 1 && c <= 8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
}

bool becomes_space(char32_t c) {
  constexpr char32_t kReplacement = 0xFFFD;
  return c == 9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 || (c >= 0x200B && c <= 0x200F) || c == 0x2028 ||
         c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == kReplacement;
}

class Nmt final : public Described<Nmt, Normalizer> {
 public:
  static constexpr std::string_view kType = "Nmt";
  static void fields(auto&, auto&) {}
  void normalize(NormalizedText& text) const override {
    keep_characters(text, [](char32_t c) { return !is_dropped(c); });
    map_characters(text, [](char32_t c) { return becomes_space(c) ? U' ' : c; });
  }
};

}  // namespace

extern const ComponentType<Normalizer> nmt_normalizer = component_type<Nmt, Normalizer>();

}  // namespace malmoi::tokenizer
