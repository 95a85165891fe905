// Decoders: tokens back to text.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokenizer/json/component_type.h"

namespace malmoi::tokenizer {

/// One step over the spelled tokens, as Hugging Face's decode_chain: the result is the concatenation of what the last
/// step leaves. Immutable and thread-safe. Strings may hold bytes that are not UTF-8; the caller replaces them at the end.
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual void apply(std::vector<std::string>& tokens) const = 0;
  virtual Status write_json(std::string& out) const = 0;

  static constexpr std::string_view kKind = "decoder", kSteps = "decoders";
  static std::span<const ComponentType<Decoder>* const> types();

  /// Tokens are spelled in the byte alphabet.
  virtual bool spells_bytes() const { return false; }
  /// <0xNN> tokens are bytes.
  virtual bool has_byte_tokens() const { return false; }
};

/// A decoder that works on ids rather than on spelled tokens (SentencePiece, llama.cpp). Where Parts has one, it alone
/// decides; it is given only ids that exist.
class IdDecoder {
 public:
  virtual ~IdDecoder() = default;
  /// The text, possibly with bytes that are not UTF-8 (replaced by the caller). `skip_special`: special tokens leave no
  /// text; what else their place means is the library's own rule.
  virtual std::string decode(std::span<const int32_t> ids, bool skip_special) const = 0;
  /// The bytes that one token stands for in the middle of a text.
  virtual std::string token_bytes(int32_t id) const = 0;
};

std::unique_ptr<Decoder> make_byte_level_decoder();

}  // namespace malmoi::tokenizer
