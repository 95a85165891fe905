// Split patterns: the well-known ones as linear-time matchers of our own, any other by PCRE2-JIT with limits.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tokenizer/pipeline/text.h"

namespace malmoi::tokenizer {

/// How a regular expression is to be read where the libraries differ: `{1,3}+` is possessive in Rust and a repeated repeat in
/// Oniguruma, whose `^` and `$` also match at lines.
enum class Dialect { kOniguruma, kRust };

/// A compiled pattern. Immutable and thread-safe. Character classes are those of Unicode 16.0, as the reference
/// libraries have them.
class Pattern {
 public:
  virtual ~Pattern() = default;
  /// Appends the matches in `text` from left to right, not overlapping, as a regular expression engine finds them one
  /// after another; empty matches too. Linear in the text for the well-known patterns; others are cut off by a limit
  /// and match no further there. `text` is valid UTF-8 (other bytes count as characters of no class).
  virtual void find_all(std::string_view text, std::vector<Span>& matches) const = 0;
  const std::string& source() const { return source_; }
  /// A pattern given as plain text (tokenizer.json's {"String": ...}) rather than a regular expression.
  bool literal() const { return literal_; }

  /// A regular expression (Oniguruma's and fancy-regex's common syntax). Errors name the place in the pattern.
  static Result<std::shared_ptr<const Pattern>> compile(std::string_view regex, Dialect dialect = Dialect::kOniguruma);
  /// Plain text.
  static std::shared_ptr<const Pattern> text(std::string_view literal);

 protected:
  std::string source_;
  bool literal_ = false;
};

/// A pattern whose matches cover every text, one behind the other, each found from its beginning alone.
///
/// Worked example, gpt2: in "it's 10 km" the pieces end at 2 ("it"), 4 ("'s"), 7 (" 10") and 10 (" km"). A regular expression
/// engine tries "'s|'t|'re|... | ?\p{L}+|..." at each of these places, alternative by alternative. Here the class of the first
/// character says which of them can match (next_end: ' at 2 may be a contraction, the space at 4 belongs to the number behind
/// it), and one loop over the classes of those that follow finds where it ends.
class CoveringPattern : public Pattern {
 public:
  /// The end of the piece that begins at `begin`.
  virtual size_t next_end(std::string_view text, size_t begin) const = 0;
  void find_all(std::string_view text, std::vector<Span>& matches) const final;
};
/// The pattern itself where it is one; else null.
inline const CoveringPattern* covering(const Pattern* pattern) { return dynamic_cast<const CoveringPattern*>(pattern); }

struct NamedPattern {
  std::string_view name;
  std::string_view regex;
};
/// gpt2, cl100k, o200k, llama3, qwen2 ...: one line a pattern.
std::span<const NamedPattern> named_patterns();
/// The regular expression of a name of the table, or of the text itself where it is no such name.
std::string_view pattern_by_name(std::string_view name_or_regex);

}  // namespace malmoi::tokenizer
