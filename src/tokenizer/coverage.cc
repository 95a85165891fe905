#include "tokenizer/coverage.h"

#include <algorithm>

#include "base/utf8.h"
#include "tokenizer/parts.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::tokenizer {
namespace {

constexpr size_t kExamples = 5;  // characters that a message names

// Goes through a text's characters beside the offsets of its tokens.
class Walk {
 public:
  Walk(const Tokenizer& tokenizer, std::string_view text, Coverage& out)
      : text_(text),
        // Only where a text is cut into words or normalised is white space left out that a decoder puts back.
        skips_space_(tokenizer.parts().pre_tokenizer || tokenizer.parts().normalizer),
        out_(out) {}

  /// Bytes of the text up to code point `begin` (white space) and on to `end`; what is left out between counts as unknown.
  uint32_t take(uint32_t begin, uint32_t end, bool known) {
    uint32_t bytes = skip(begin);
    while (at_ < end && offset_ < text_.size()) {
      if (!known) note();
      bytes += next();
    }
    return bytes;
  }
  /// Bytes of the text from where `piece` stands next.
  uint32_t take(std::string_view piece) {
    while (offset_ < text_.size() && !text_.substr(offset_).starts_with(piece)) {
      note();
      next();
    }
    const size_t begin = offset_;
    while (offset_ < text_.size() && offset_ < begin + piece.size()) next();
    return static_cast<uint32_t>(offset_ - begin);
  }
  /// Bytes of the white space up to code point `begin`.
  uint32_t skip(uint32_t begin) {
    uint32_t bytes = 0;
    while (at_ < begin && offset_ < text_.size()) {
      const bool space = skips_space_ && is_space(decode_utf8(text_, offset_).code_point);
      if (!space) note();
      const uint32_t length = next();
      if (space) bytes += length;
    }
    return bytes;
  }

 private:
  uint32_t next() {
    const uint32_t length = decode_utf8(text_, offset_).length;
    offset_ += length;
    ++at_;
    return length;
  }
  void note() {
    const std::string_view character = text_.substr(offset_, decode_utf8(text_, offset_).length);
    if (++out_.unknown <= kExamples) out_.examples += character;
  }

  std::string_view text_;
  bool skips_space_;
  Coverage& out_;
  size_t offset_ = 0;  // bytes
  uint32_t at_ = 0;    // code points
};

}  // namespace

bool spells_every_byte(const Tokenizer& tokenizer) {
  const Decoder* decoder = tokenizer.parts().decoder.get();
  if (!decoder) return false;
  const bool byte_tokens = decoder->has_byte_tokens() && tokenizer.id_of("<0x00>") && tokenizer.id_of("<0xFF>");
  return decoder->spells_bytes() || byte_tokens;
}

Coverage cover(const Tokenizer& tokenizer, std::string_view text, bool parse_special) {
  Coverage out;
  Encoding encoding = tokenizer.encode_full(text, {.add_special = false, .parse_special = parse_special});
  Walk walk(tokenizer, text, out);
  // Offsets pass over what a model without an unknown token leaves out of a word (the reference's way), so there the pieces
  // themselves are looked for: they stand in the text as they are.
  const Tokenizer::Parts& parts = tokenizer.parts();
  const bool literal = !parts.unk && !parts.normalizer && !parts.pre_tokenizer && !parts.splitter;
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    if (literal) {
      out.bytes.push_back(walk.take(tokenizer.piece(encoding.ids[i])));
      continue;
    }
    const auto [begin, end] = encoding.offsets[i];
    out.bytes.push_back(walk.take(begin, end, encoding.ids[i] != tokenizer.unk_id()));
  }
  out.characters = count_code_points(text);
  const uint32_t behind = parts.truncation ? 0 : walk.skip(UINT32_MAX);
  if (!out.bytes.empty()) out.bytes.back() += behind;
  out.ids = std::move(encoding.ids);
  return out;
}

}  // namespace malmoi::tokenizer
