// Puts a fixed text before every text.

#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/normalizer.h"

namespace malmoi::tokenizer {
namespace {

class Prepend final : public Described<Prepend, Normalizer> {
 public:
  static constexpr std::string_view kType = "Prepend";
  static void fields(auto& self, auto& in) {
    in.required("prepend", self.prefix_);
    in.check(self.prefix_.size() <= kLongestInserted, "\"prepend\" is longer than 4096 bytes");
  }
  void normalize(NormalizedText& text) const override { text.prepend(prefix_); }

 private:
  std::string prefix_;
};

}  // namespace

extern const ComponentType<Normalizer> prepend_normalizer = component_type<Prepend, Normalizer>();

}  // namespace malmoi::tokenizer
