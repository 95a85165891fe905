// Pre-tokenizers: what cuts a text into the pieces that a model sees.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokenizer/json/component_type.h"
#include "tokenizer/pattern/pattern.h"
#include "tokenizer/pipeline/text.h"

namespace malmoi::tokenizer {

/// One step. Immutable and thread-safe. Cuts (and may rewrite) the pieces of a draft whose `token` is -1; pieces that
/// become empty are dropped.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  virtual void apply(Draft& draft) const = 0;
  virtual Status write_json(std::string& out) const = 0;
  /// Whether it must know where pieces come from even if the caller wants no offsets.
  virtual bool needs_source() const { return false; }
  /// Whether it ends by spelling bytes in the byte alphabet (ByteLevel last). `apply` then leaves raw bytes and sets
  /// draft.raw_bytes; models over the byte alphabet take them as they are.
  virtual bool ends_in_bytes() const { return false; }
  /// Told that another step follows, which must see the byte alphabet rather than raw bytes.
  virtual void spell_out() {}

  static constexpr std::string_view kKind = "pre-tokenizer", kSteps = "pretokenizers";
  static std::span<const ComponentType<PreTokenizer>* const> types();
};

/// Split by a pattern, each match a piece.
std::unique_ptr<PreTokenizer> make_split(std::shared_ptr<const Pattern> pattern);
/// ByteLevel that does nothing but spell.
std::unique_ptr<PreTokenizer> make_byte_spelling();
std::unique_ptr<PreTokenizer> make_sequence(std::vector<std::unique_ptr<PreTokenizer>> steps);

/// Spells the raw bytes of a draft in the byte alphabet, for models that do not take bytes.
void spell_draft(Draft& draft);

}  // namespace malmoi::tokenizer
