// Llama 3.1 and later: {"name", "parameters"}, alone or after <|python_tag|>, several with ; between them.
#include <algorithm>

#include "chat/answer/sections.h"

namespace malmoi::chat {
namespace {

std::optional<std::vector<ToolCall>> calls_of(std::string_view text) {
  if (auto all = json_tool_calls(text)) return all;
  std::vector<ToolCall> calls;
  for (size_t begin = 0; begin < text.size();) {
    // A ; within a text is no end: the first piece that is JSON is taken.
    std::optional<ToolCall> call;
    size_t end = begin;
    while (!call && end < text.size()) {
      end = std::min(text.find(';', end + 1), text.size());
      call = json_tool_call(text.substr(begin, end - begin));
    }
    if (!call) return {};
    calls.push_back(*std::move(call));
    begin = end + 1;
  }
  return calls;
}

const Section kSections[] = {
    {.open = "<|python_tag|>", .closes = {"<|eom_id|>", "<|eot_id|>"}, .calls = calls_of},
    {.open = "{", .closes = {"<|eom_id|>", "<|eot_id|>"}, .calls = calls_of, .at_start = true, .keeps_open = true}};

bool wrote(std::string_view source) {
  return source.find("<|python_tag|>") != source.npos ||
         (source.find("<|start_header_id|>") != source.npos && source.find("\"parameters\"") != source.npos);
}

std::unique_ptr<AnswerParser> parser(std::string_view) { return section_parser(kSections, nullptr); }

}  // namespace

extern const AnswerFamily llama3_answers{"llama3", wrote, parser};

}  // namespace malmoi::chat
