#include "reward/answer_text.h"

#include <algorithm>
#include <cctype>

#include "base/ascii.h"
#include "base/utf8.h"
#include "tokenizer/unicode/code_points.h"
#include "tokenizer/unicode/normalization.h"
#include "tokenizer/unicode/unicode.h"

namespace malmoi::reward {
namespace {

constexpr size_t kNone = std::string_view::npos;

// What stands in the braces that open before `begin`.
std::optional<std::string_view> in_braces(std::string_view text, size_t begin) {
  int depth = 1;
  for (size_t i = begin; i < text.size(); ++i) {
    if (text[i] == '\\') ++i;  // an escaped brace is none
    else if (text[i] == '{') ++depth;
    else if (text[i] == '}' && --depth == 0) return text.substr(begin, i - begin);
  }
  return {};
}

struct Marked {
  size_t at = 0;
  std::string_view text;
};

// One that was cut off is none, and nor is what stands before it.
std::optional<Marked> last_boxed(std::string_view text) {
  constexpr std::string_view kOpen = "\\boxed{";
  const size_t at = text.rfind(kOpen);
  if (at == kNone) return {};
  const auto inside = in_braces(text, at + kOpen.size());
  if (!inside) return {};
  return Marked{at, *inside};
}

std::optional<Marked> last_hashed(std::string_view text) {
  const size_t at = text.rfind("####");
  if (at == kNone) return {};
  return Marked{at, text.substr(at + 4, std::min(text.find('\n', at), text.size()) - at - 4)};
}

std::optional<Marked> last_tagged(std::string_view text) {
  constexpr std::string_view kOpen = "<answer>", kClose = "</answer>";
  const size_t close = text.rfind(kClose);
  const size_t at = close == kNone ? kNone : text.rfind(kOpen, close);
  if (at == kNone) return {};
  return Marked{at, text.substr(at + kOpen.size(), close - at - kOpen.size())};
}

bool is_punctuation(char32_t c) {
  if (c < 0x80) return c > ' ' && c < 0x7F && !std::isalnum(static_cast<unsigned char>(c));
  return (tokenizer::classes_of(c) & tokenizer::kPunct) != 0;
}

class ComparedText {
 public:
  explicit ComparedText(const Comparison& comparison) : how_(comparison) {}

  void add(char32_t c) {
    if (how_.ignore_punctuation && is_punctuation(c)) return;
    if (how_.ignore_space && tokenizer::is_space(c)) {
      space_ = !text_.empty();
      return;
    }
    if (space_) text_ += ' ';
    space_ = false;
    if (!how_.ignore_case) return append_utf8(text_, c);
    const tokenizer::Lower lower = tokenizer::to_lower(c);
    append_utf8(text_, lower.first);
    if (lower.second) append_utf8(text_, lower.second);
  }
  std::string take() { return std::move(text_); }

 private:
  Comparison how_;
  std::string text_;
  bool space_ = false;  // before what comes next
};

// The fence at the beginning of a line: its character and how many of them; 0: none.
size_t fence_length(std::string_view line, char& kind) {
  size_t begin = 0;
  while (begin < line.size() && begin < 3 && line[begin] == ' ') ++begin;
  if (begin == line.size() || (line[begin] != '`' && line[begin] != '~')) return 0;
  kind = line[begin];
  size_t end = begin;
  while (end < line.size() && line[end] == kind) ++end;
  return end - begin < 3 ? 0 : end - begin;
}

std::string_view language_of(std::string_view line, char kind) {
  std::string_view rest = ascii_trim(line);
  rest.remove_prefix(std::min(rest.find_first_not_of(kind), rest.size()));
  rest = ascii_trim(rest);
  return rest.substr(0, rest.find_first_of(" \t{,"));
}

}  // namespace

AnswerPart read_answer_part(ConfigReader& reader, AnswerPart fallback) {
  constexpr AnswerPart kParts[] = {AnswerPart::kWhole, AnswerPart::kLastLine, AnswerPart::kMarked};
  return kParts[reader.choice("part", {"whole", "last_line", "marked"}, static_cast<size_t>(fallback))];
}

std::optional<std::string_view> marked_answer(std::string_view completion) {
  std::optional<Marked> last;
  for (const auto& found : {last_boxed(completion), last_hashed(completion), last_tagged(completion)})
    if (found && (!last || found->at > last->at)) last = found;
  if (!last) return {};
  return ascii_trim(last->text);
}

std::optional<std::string_view> answer_part(std::string_view completion, AnswerPart part) {
  if (part == AnswerPart::kMarked) return marked_answer(completion);
  std::string_view text = ascii_trim(completion);
  if (part == AnswerPart::kLastLine)
    if (const size_t end = text.rfind('\n'); end != kNone) text = ascii_trim(text.substr(end + 1));
  return text;
}

Comparison read_comparison(ConfigReader& reader) {
  Comparison comparison;
  comparison.ignore_case = reader.boolean("ignore_case", false);
  comparison.ignore_space = reader.boolean("ignore_space", true);
  comparison.ignore_punctuation = reader.boolean("ignore_punctuation", false);
  comparison.compatible = reader.boolean("compatible", false);
  return comparison;
}

std::string compared_text(std::string_view text, const Comparison& comparison) {
  const auto form = comparison.compatible ? tokenizer::NormalForm::kNfkc : tokenizer::NormalForm::kNfc;
  const std::string valid = replace_invalid_utf8(text);
  ComparedText out(comparison);
  if (tokenizer::is_normal(valid, form)) {
    for (const tokenizer::CodePoint c : tokenizer::CodePoints(valid)) out.add(c.value);
  } else {
    for (const tokenizer::NormalChar& c : tokenizer::normal_characters(valid, form)) out.add(c.code_point);
  }
  return out.take();
}

std::vector<CodeBlock> code_blocks(std::string_view text) {
  std::vector<CodeBlock> blocks;
  size_t open = 0, code_at = 0;  // the length of the fence that is open
  char open_kind = 0;
  std::string_view language;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    char kind = 0;
    const size_t length = fence_length(line, kind);
    if (open == 0 && length > 0) {
      open = length;
      open_kind = kind;
      language = language_of(line, kind);
      code_at = std::min(end + 1, text.size());
    } else if (open > 0 && length >= open && kind == open_kind && language_of(line, kind).empty()) {
      blocks.push_back({language, text.substr(code_at, at - code_at)});
      open = 0;
    }
    at = end + 1;
  }
  if (open > 0) blocks.push_back({language, text.substr(code_at)});
  return blocks;
}

std::optional<std::string_view> last_code(std::string_view text, const std::vector<std::string>& languages) {
  const std::vector<CodeBlock> blocks = code_blocks(text);
  auto last = [&](const auto& fits) -> std::optional<std::string_view> {
    auto found = std::find_if(blocks.rbegin(), blocks.rend(), fits);
    if (found == blocks.rend()) return {};
    return found->code;
  };
  auto is_named = [&](const CodeBlock& b) {
    return std::ranges::find(languages, ascii_lower(b.language)) != languages.end();
  };
  if (auto named = last(is_named)) return named;
  return last([](const CodeBlock& b) { return b.language.empty(); });
}

}  // namespace malmoi::reward
