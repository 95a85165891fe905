#include "tokenizer/json/pattern_json.h"

#include <algorithm>

namespace malmoi::tokenizer {

using PatternPointer = std::shared_ptr<const Pattern>;

Status JsonValue<PatternPointer>::read(const JsonNode& node, PatternPointer& pattern) {
  if (auto literal = node.find("String")) {
    MALMOI_ASSIGN(std::string_view text, literal->string());
    pattern = Pattern::text(text);
    return {};
  }
  MALMOI_ASSIGN(JsonNode regex, node.at("Regex"));
  MALMOI_ASSIGN(std::string_view text, regex.string());
  Result<PatternPointer> compiled = Pattern::compile(text);
  if (!compiled.ok()) {
    Error error = std::move(compiled).error();
    error.where = regex.where + ": " + error.where;
    return error;
  }
  pattern = *std::move(compiled);
  return {};
}

void JsonValue<PatternPointer>::write(std::string& out, const PatternPointer& pattern) {
  out += pattern->literal() ? R"({"String":)" : R"({"Regex":)";
  append_json_string(out, pattern->source());
  out += '}';
}

namespace {

std::string with_replaced(std::string_view text, char old, std::string_view content) {
  const auto times = static_cast<size_t>(std::count(text.begin(), text.end(), old));
  std::string out(text.size() - times + times * content.size(), '\0');
  char* to = out.data();
  for (size_t at = 0; at < text.size();) {
    for (; at < text.size() && text[at] == old; ++at)
      for (char c : content) *to++ = c;
    const size_t end = std::min(text.find(old, at), text.size());
    to = std::copy(text.begin() + static_cast<ptrdiff_t>(at), text.begin() + static_cast<ptrdiff_t>(end), to);
    at = end;
  }
  return out;
}

}  // namespace

void replace_all(NormalizedText& text, const Pattern& pattern, std::string_view content) {
  if (text.text.empty()) return;
  if (!text.tracked && pattern.literal() && pattern.source().size() == 1) {
    text.text = with_replaced(text.text, pattern.source()[0], content);
    return;
  }
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
