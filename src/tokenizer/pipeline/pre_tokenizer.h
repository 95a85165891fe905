// Pre-tokenizers: what cuts a text into the pieces that a model sees.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
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
  /// Set where all it does is to cut by one pattern, isolated, and (perhaps) spell bytes: the fast path.
  virtual const Pattern* only_pattern() const { return nullptr; }
};

/// What becomes of the matches of a pattern; the names of tokenizer.json.
enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

/// Split by a pattern (`invert`: the matches are what is kept).
std::unique_ptr<PreTokenizer> make_split(std::shared_ptr<const Pattern> pattern, SplitBehavior behavior, bool invert);
/// ByteLevel. `use_regex` cuts by the GPT-2 pattern first.
std::unique_ptr<PreTokenizer> make_byte_level(bool add_prefix_space, bool trim_offsets, bool use_regex);
std::unique_ptr<PreTokenizer> make_digits(bool individual);
std::unique_ptr<PreTokenizer> make_sequence(std::vector<std::unique_ptr<PreTokenizer>> steps);

/// Spells the raw bytes of a draft in the byte alphabet, for models that do not take bytes.
void spell_draft(Draft& draft);

/// From the JSON of the component, as in tokenizer.json. `where` names it in errors.
Result<std::unique_ptr<PreTokenizer>> pre_tokenizer_from_json(std::string_view json, std::string_view where);

}  // namespace malmoi::tokenizer
