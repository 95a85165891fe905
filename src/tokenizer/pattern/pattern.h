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
  /// Well-known patterns that match everything: the end of the piece that begins at `begin`; 0 where not available.
  virtual size_t next_end(std::string_view /*text*/, size_t /*begin*/) const { return 0; }
  virtual bool covers_everything() const { return false; }

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

struct NamedPattern {
  std::string_view name;
  std::string_view regex;
};
/// gpt2, cl100k, o200k, llama3, qwen2 ...: one line a pattern.
std::span<const NamedPattern> named_patterns();
/// The regular expression of a name of the table, or of the text itself where it is no such name.
std::string_view pattern_by_name(std::string_view name_or_regex);

}  // namespace malmoi::tokenizer
