// The visible character of Metaspace back to spaces; the one that was put before the text goes.
#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/decoder.h"
#include "tokenizer/pipeline/decoders/text_edit.h"
#include "tokenizer/pipeline/metaspace.h"

namespace malmoi::tokenizer {
namespace {

class MetaspaceDecoder final : public Described<MetaspaceDecoder, Decoder> {
 public:
  static constexpr std::string_view kType = "Metaspace";
  static void fields(auto& self, auto& in) { metaspace_fields(self.metaspace_, in); }
  void apply(std::vector<std::string>& tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) {
      const bool drop = i == 0 && metaspace_.scheme != Metaspace::Prepend::kNever;
      replace_text(tokens[i], metaspace_.replacement, drop ? "" : " ");
    }
  }

 private:
  Metaspace metaspace_;
};

}  // namespace

extern const ComponentType<Decoder> metaspace_decoder = component_type<MetaspaceDecoder, Decoder>();

}  // namespace malmoi::tokenizer
