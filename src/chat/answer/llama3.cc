// Llama 3.1 and later: {"name", "parameters"}, alone or after <|python_tag|>, several with ; between them.
#include <algorithm>

#include "chat/answer/sections.h"

namespace malmoi::chat::llama3 {
namespace {

std::optional<std::vector<ToolCall>> calls_of(std::string_view text) {
  if (auto all = json_tool_calls(text)) return all;
  std::vector<ToolCall> calls;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin;
    for (bool quoted = false; end < text.size() && (quoted || text[end] != ';'); ++end) {
      if (text[end] == '"') quoted = !quoted;
      else if (quoted && text[end] == '\\') ++end;
    }
    end = std::min(end, text.size());
    std::optional<ToolCall> call = json_tool_call(text.substr(begin, end - begin));
    if (!call) return {};
    calls.push_back(*std::move(call));
    begin = end + 1;
  }
  return calls;
}

const Section kSections[] = {
    {.open = "<|python_tag|>", .closes = {"<|eom_id|>", "<|eot_id|>"}, .calls = calls_of},
    {.open = "{", .closes = {"<|eom_id|>", "<|eot_id|>"}, .calls = calls_of, .at_start = true, .keeps_open = true}};

constexpr std::string_view kMarks[] = {"<|python_tag|>"};

bool wrote(std::string_view source) {
  return source.find("<|python_tag|>") != source.npos ||
         (source.find("<|start_header_id|>") != source.npos && source.find("\"parameters\"") != source.npos);
}

CallForm call_form(std::string_view) { return {.body = CallForm::Body::kCall, .key = "parameters"}; }

}  // namespace

extern const AnswerFamily answers{"llama3", wrote, kMarks, parser_of<kSections>, call_form};

}  // namespace malmoi::chat::llama3
