// NFC, NFD, NFKC and NFKD: the four normal forms of Unicode.
#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/normalizer.h"
#include "tokenizer/pipeline/normalizers/characters.h"

namespace malmoi::tokenizer {
namespace {

constexpr std::string_view kFormNames[] = {"NFC", "NFD", "NFKC", "NFKD"};

template <NormalForm form>
class UnicodeForm final : public Described<UnicodeForm<form>, Normalizer> {
 public:
  static constexpr std::string_view kType = kFormNames[static_cast<size_t>(form)];
  static void fields(auto&, auto&) {}
  void normalize(NormalizedText& text) const override { apply_form(text, form); }
};

}  // namespace

extern const ComponentType<Normalizer> nfc_normalizer = component_type<UnicodeForm<NormalForm::kNfc>, Normalizer>();
extern const ComponentType<Normalizer> nfd_normalizer = component_type<UnicodeForm<NormalForm::kNfd>, Normalizer>();
extern const ComponentType<Normalizer> nfkc_normalizer = component_type<UnicodeForm<NormalForm::kNfkc>, Normalizer>();
extern const ComponentType<Normalizer> nfkd_normalizer = component_type<UnicodeForm<NormalForm::kNfkd>, Normalizer>();

}  // namespace malmoi::tokenizer
