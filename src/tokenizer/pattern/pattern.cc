#include "tokenizer/pattern/pattern.h"

#include "tokenizer/pattern/regex.h"
#include "tokenizer/pattern/split_matcher.h"
#include "tokenizer/unicode/code_points.h"

namespace malmoi::tokenizer {
namespace {

/// Plain text. The empty text matches between all characters, as a regular expression would.
class TextPattern final : public Pattern {
 public:
  explicit TextPattern(std::string_view literal) {
    source_ = literal;
    literal_ = true;
  }
  void find_all(std::string_view text, std::vector<Span>& matches) const override {
    if (source_.empty()) {
      for (const CodePoint c : CodePoints(text))
        matches.push_back({static_cast<uint32_t>(c.begin), static_cast<uint32_t>(c.begin)});
      auto end = static_cast<uint32_t>(text.size());
      matches.push_back({end, end});
      return;
    }
    for (size_t at = text.find(source_); at != std::string_view::npos; at = text.find(source_, at + source_.size()))
      matches.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(at + source_.size())});
  }
};

}  // namespace

void CoveringPattern::find_all(std::string_view text, std::vector<Span>& matches) const {
  for (size_t at = 0; at < text.size();) {
    const size_t end = next_end(text, at);
    matches.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(end)});
    at = end;
  }
}

Result<std::shared_ptr<const Pattern>> Pattern::compile(std::string_view regex, Dialect dialect) {
  if (auto known = well_known_pattern(regex, dialect)) return known;
  return compile_regex(regex, dialect);
}

std::shared_ptr<const Pattern> Pattern::text(std::string_view literal) {
  return std::make_shared<TextPattern>(literal);
}

}  // namespace malmoi::tokenizer
