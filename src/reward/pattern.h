// Regular expressions of Perl's kind over answers, whose search always ends.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace malmoi::reward {

struct PatternOptions {
  bool ignore_case = false;
  bool whole = false;  // the text from its beginning to its end, not a part of it
};

/// A compiled expression (PCRE2: characters are Unicode's, `.` stops at line ends but for `(?s)`). Immutable; for any thread.
class Pattern {
 public:
  /// Errors name the offset in the expression.
  static Result<Pattern> compile(std::string_view expression, const PatternOptions& options);

  enum class Found : uint8_t { kNo, kYes, kTooCostly };
  /// Whether it is found. Ill-formed UTF-8 counts as U+FFFD. At most `seconds`, and PCRE2's limits on steps, depth and memory: beyond
  /// them it is too costly to say.
  Found find(std::string_view text, double seconds = 1) const;

 private:
  Pattern(std::shared_ptr<const void> code, bool whole) : code_(std::move(code)), whole_(whole) {}
  std::shared_ptr<const void> code_;  // pcre2_code
  bool whole_;
};

}  // namespace malmoi::reward
