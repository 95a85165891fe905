// DeepSeek: thoughts in <think>, calls between marks of their own, each with its arguments in a block of JSON (R1, V3) or bare (V3.1).
#include <algorithm>

#include "base/ascii.h"
#include "base/json.h"
#include "chat/answer/sections.h"

namespace malmoi::chat::deepseek {
namespace {

constexpr std::string_view kBegin = "<｜tool▁call▁begin｜>", kSeparator = "<｜tool▁sep｜>",
                           kEnd = "<｜tool▁call▁end｜>", kAllBegin = "<｜tool▁calls▁begin｜>",
                           kAllEnd = "<｜tool▁calls▁end｜>";

std::optional<ToolCall> call_of(std::string_view text) {
  size_t separator = text.find(kSeparator);
  if (separator == text.npos) return {};
  std::string_view first = ascii_trim(text.substr(0, separator)),
                   rest = ascii_trim(text.substr(separator + kSeparator.size()));
  std::string_view name = first, arguments = rest;
  constexpr std::string_view kOpen = "```json", kClose = "```";
  // Type <sep> name, then the block. Bare arguments may hold one in a text, and an answer may end before its close.
  if (size_t block = rest.find(kOpen); block != rest.npos && !rest.starts_with('{')) {
    name = ascii_trim(rest.substr(0, block));
    arguments = rest.substr(block + kOpen.size());
    if (arguments.ends_with(kClose)) arguments.remove_suffix(kClose.size());
  }
  auto read = parse_json(arguments, "arguments");
  if (name.empty() || !read.ok() || !read->is_object()) return {};
  return ToolCall{.name = std::string(name), .arguments = dump_json(*read)};
}

std::optional<std::vector<ToolCall>> calls_of(std::string_view text) {
  std::vector<ToolCall> calls;
  for (text = ascii_trim(text); !text.empty(); text = ascii_trim(text)) {
    if (!text.starts_with(kBegin)) return {};
    text.remove_prefix(kBegin.size());
    size_t end = std::min(text.find(kEnd), text.size());
    std::optional<ToolCall> call = call_of(text.substr(0, end));
    if (!call) return {};
    calls.push_back(*std::move(call));
    text.remove_prefix(std::min(end + kEnd.size(), text.size()));
  }
  return calls;
}

const Section kSections[] = {kThink, {.open = kAllBegin, .closes = {kAllEnd}, .calls = calls_of}};
constexpr std::string_view kMarks[] = {"<think>", "</think>", kAllBegin, kAllEnd, kBegin, kSeparator, kEnd};

bool wrote(std::string_view source) {
  return source.find(kBegin) != source.npos || source.find("<｜Assistant｜>") != source.npos;
}

CallForm call_form(std::string_view source) {
  using enum CallForm::Body;
  if (source.find(kBegin) == source.npos) return {};  // later ones have calls in XML
  if (source.find("```json") != source.npos)
    return {.body = kArguments,
            .before = "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>",
            .after_name = "\n```json\n"};
  return {.body = kArguments, .before = "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>", .after_name = kSeparator};
}

}  // namespace

extern const AnswerFamily answers{"deepseek", wrote, kMarks, parser_of<kSections>, call_form};

}  // namespace malmoi::chat::deepseek
