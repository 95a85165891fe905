// <0xNN> tokens become bytes; a run of them that is not UTF-8 becomes one U+FFFD a byte.
#include "base/utf8.h"
#include "tokenizer/json/component.h"
#include "tokenizer/models/byte_alphabet.h"
#include "tokenizer/pipeline/decoder.h"

namespace malmoi::tokenizer {
namespace {

class ByteFallbackDecoder final : public Described<ByteFallbackDecoder, Decoder> {
 public:
  static constexpr std::string_view kType = "ByteFallback";
  static void fields(auto&, auto&) {}
  bool has_byte_tokens() const override { return true; }
  void apply(std::vector<std::string>& tokens) const override {
    std::vector<std::string> out;
    std::string run;
    auto flush = [&] {
      if (run.empty()) return;
      if (is_valid_utf8(run)) out.push_back(run);
      else out.insert(out.end(), run.size(), "\xEF\xBF\xBD");
      run.clear();
    };
    for (std::string& token : tokens) {
      if (const int byte = byte_of_token(token); byte >= 0) {
        run += static_cast<char>(byte);
        continue;
      }
      flush();
      out.push_back(std::move(token));
    }
    flush();
    tokens = std::move(out);
  }
};

}  // namespace

extern const ComponentType<Decoder> byte_fallback_decoder = component_type<ByteFallbackDecoder, Decoder>();

}  // namespace malmoi::tokenizer
