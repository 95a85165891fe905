#include "reward/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>

#include "base/log.h"
#include "base/shown.h"
#include "base/utf8.h"

namespace malmoi::reward {
namespace {

constexpr uint32_t kMostSteps = 200'000;  // from one place of the text
constexpr uint32_t kMostDepth = 100'000;
constexpr uint32_t kMostKilobytes = 64 << 10;
constexpr size_t kPlacesAtOnce = 64;  // between two looks at the clock
constexpr size_t kLongestPattern = size_t{64} << 10;

struct ContextEnd {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
  void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
};

std::string pcre_message(int code) {
  char buffer[200];
  pcre2_get_error_message(code, reinterpret_cast<PCRE2_UCHAR*>(buffer), sizeof buffer);
  return buffer;
}

}  // namespace

Result<Pattern> Pattern::compile(std::string_view expression, const PatternOptions& options) {
  if (expression.size() > kLongestPattern || !is_valid_utf8(expression))
    return usage_error("is no text in UTF-8 of at most 64 KiB", "", "shorten it");
  const std::unique_ptr<pcre2_compile_context, ContextEnd> context(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  pcre2_set_parens_nest_limit(context.get(), 100);
  uint32_t flags = PCRE2_UTF | PCRE2_UCP | PCRE2_USE_OFFSET_LIMIT | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY;
  if (options.ignore_case) flags |= PCRE2_CASELESS;
  if (options.whole) flags |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(), flags, &error,
                                   &offset, context.get());
  if (!code)
    return usage_error(pcre_message(error) + " at offset " + std::to_string(offset) + " of '" +
                           show_controls(expression.substr(0, 80)) + "'",
                       "", "correct the expression");
  auto free = [](const void* p) { pcre2_code_free(static_cast<pcre2_code*>(const_cast<void*>(p))); };
  return Pattern(std::shared_ptr<const void>(code, free), options.whole);
}

// The interpreter, not the just-in-time compiler: its limits count steps of the search itself.
Pattern::Found Pattern::find(std::string_view text, double seconds) const {
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  const std::unique_ptr<pcre2_match_data, ContextEnd> data(pcre2_match_data_create(1, nullptr));
  const std::unique_ptr<pcre2_match_context, ContextEnd> context(pcre2_match_context_create(nullptr));
  if (!data || !context) return Found::kTooCostly;
  pcre2_set_match_limit(context.get(), kMostSteps);
  pcre2_set_depth_limit(context.get(), kMostDepth);
  pcre2_set_heap_limit(context.get(), kMostKilobytes);
  const std::string valid = is_valid_utf8(text) ? std::string() : replace_invalid_utf8(text);
  if (!valid.empty()) text = valid;
  const double end_at = monotonic_seconds() + seconds;
  for (size_t from = 0;;) {
    size_t to = whole_ ? 0 : std::min(from + kPlacesAtOnce, text.size());
    while (!whole_ && to < text.size() && is_utf8_continuation(text[to])) ++to;
    pcre2_set_offset_limit(context.get(), to);
    const int found = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                                  PCRE2_NO_UTF_CHECK, data.get(), context.get());
    if (found >= 0) return Found::kYes;
    if (found != PCRE2_ERROR_NOMATCH || monotonic_seconds() > end_at) return Found::kTooCostly;
    if (whole_ || to == text.size()) return Found::kNo;
    from = to;
  }
}

}  // namespace malmoi::reward
