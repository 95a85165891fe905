// Tokens spelled in the byte alphabet back to bytes.
#include "base/utf8.h"
#include "tokenizer/json/component.h"
#include "tokenizer/models/byte_alphabet.h"
#include "tokenizer/pipeline/byte_level_fields.h"
#include "tokenizer/pipeline/decoder.h"

namespace malmoi::tokenizer {
namespace {

class ByteLevelDecoder final : public Described<ByteLevelDecoder, Decoder> {
 public:
  static constexpr std::string_view kType = "ByteLevel";
  static void fields(auto& self, auto& in) { byte_level_fields(self.options_, in); }
  bool spells_bytes() const override { return true; }
  void apply(std::vector<std::string>& tokens) const override {
    std::string bytes, all;
    for (const std::string& token : tokens) all += unspell_bytes(token, bytes) ? bytes : token;
    tokens.assign(1, replace_invalid_utf8(all));
  }

 private:
  ByteLevelFields options_;  // which decoding does not need
};

}  // namespace

extern const ComponentType<Decoder> byte_level_decoder = component_type<ByteLevelDecoder, Decoder>();

std::unique_ptr<Decoder> make_byte_level_decoder() { return std::make_unique<ByteLevelDecoder>(); }

}  // namespace malmoi::tokenizer
