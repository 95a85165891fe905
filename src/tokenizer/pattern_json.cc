#include "tokenizer/pattern_json.h"

#include "tokenizer/json_text.h"

namespace malmoi::tokenizer {

Result<std::shared_ptr<const Pattern>> pattern_from_json(const JsonNode& component) {
  MALMOI_ASSIGN(JsonNode node, component.at("pattern"));
  if (auto literal = node.find("String")) {
    MALMOI_ASSIGN(std::string_view text, literal->string());
    return Pattern::text(text);
  }
  MALMOI_ASSIGN(JsonNode regex, node.at("Regex"));
  MALMOI_ASSIGN(std::string_view text, regex.string());
  Result<std::shared_ptr<const Pattern>> pattern = Pattern::compile(text);
  if (pattern.ok()) return pattern;
  Error error = std::move(pattern).error();
  error.where = regex.where + ": " + error.where;
  return error;
}

void append_pattern_json(std::string& out, const Pattern& pattern) {
  out += pattern.literal() ? R"(,"pattern":{"String":)" : R"(,"pattern":{"Regex":)";
  append_json_string(out, pattern.source());
  out += '}';
}

void replace_all(NormalizedText& text, const Pattern& pattern, std::string_view content) {
  if (text.text.empty()) return;
  std::vector<Span> matches;
  pattern.find_all(text.text, matches);
  if (matches.empty()) return;
  std::string out;
  std::vector<Span> source;
  uint32_t done = 0;
  auto keep_until = [&](uint32_t end) {
    out.append(text.text, done, end - done);
    if (text.tracked) source.insert(source.end(), text.source.begin() + done, text.source.begin() + end);
    done = end;
  };
  for (Span match : matches) {
    keep_until(match.begin);
    out += content;
    Span from = match.end == 0 || !text.tracked ? Span{text.origin, text.origin} : text.source[match.end - 1];
    if (text.tracked) source.insert(source.end(), content.size(), from);
    done = match.end;
  }
  keep_until(static_cast<uint32_t>(text.text.size()));
  text.text = std::move(out);
  text.source = std::move(source);
}

}  // namespace malmoi::tokenizer
