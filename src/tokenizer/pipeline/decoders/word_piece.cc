// WordPiece: pieces that go on join the word before them, others begin a new one behind a space.
#include "tokenizer/json/component.h"
#include "tokenizer/pipeline/decoder.h"
#include "tokenizer/pipeline/decoders/text_edit.h"

namespace malmoi::tokenizer {
namespace {

class WordPieceDecoder final : public Described<WordPieceDecoder, Decoder> {
 public:
  static constexpr std::string_view kType = "WordPiece";
  static void fields(auto& self, auto& in) {
    in.field("prefix", self.prefix_);
    in.field("cleanup", self.cleanup_);
  }
  void apply(std::vector<std::string>& tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) {
      if (i > 0) {
        if (tokens[i].starts_with(prefix_)) tokens[i].erase(0, prefix_.size());
        else tokens[i].insert(tokens[i].begin(), ' ');
      }
      if (cleanup_) clean_up(tokens[i]);
    }
  }

 private:
  std::string prefix_ = "##";
  bool cleanup_ = true;
};

}  // namespace

extern const ComponentType<Decoder> word_piece_decoder = component_type<WordPieceDecoder, Decoder>();

}  // namespace malmoi::tokenizer
