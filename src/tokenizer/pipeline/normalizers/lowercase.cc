// Every character in lower case, without context.
#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/normalizer.h"
#include "tokenizer/pipeline/normalizers/characters.h"

namespace malmoi::tokenizer {
namespace {

class Lowercase final : public Described<Lowercase, Normalizer> {
 public:
  static constexpr std::string_view kType = "Lowercase";
  static void fields(auto&, auto&) {}
  void normalize(NormalizedText& text) const override { lower_case(text); }
};

}  // namespace

extern const ComponentType<Normalizer> lowercase_normalizer = component_type<Lowercase, Normalizer>();

}  // namespace malmoi::tokenizer
