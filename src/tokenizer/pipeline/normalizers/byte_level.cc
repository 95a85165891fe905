// Every byte as its printable stand-in in the byte alphabet.
#include "tokenizer/json/component.h"
#include "tokenizer/models/byte_alphabet.h"
#include "tokenizer/pipeline/normalizer.h"

namespace malmoi::tokenizer {
namespace {

class ByteLevelNormalizer final : public Described<ByteLevelNormalizer, Normalizer> {
 public:
  static constexpr std::string_view kType = "ByteLevel";
  static void fields(auto&, auto&) {}
  void normalize(NormalizedText& text) const override { spell_text(text); }
};

}  // namespace

extern const ComponentType<Normalizer> byte_level_normalizer = component_type<ByteLevelNormalizer, Normalizer>();

}  // namespace malmoi::tokenizer
