// Joins all tokens into one.

#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/decoder.h"

namespace malmoi::tokenizer {
namespace {

class FuseDecoder final : public Described<FuseDecoder, Decoder> {
 public:
  static constexpr std::string_view kType = "Fuse";
  static void fields(auto&, auto&) {}
  void apply(std::vector<std::string>& tokens) const override {
    std::string all;
    for (const std::string& token : tokens) all += token;
    tokens.assign(1, std::move(all));
  }
};

}  // namespace

extern const ComponentType<Decoder> fuse_decoder = component_type<FuseDecoder, Decoder>();

}  // namespace malmoi::tokenizer
