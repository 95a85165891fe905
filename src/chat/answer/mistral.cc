// Mistral: [TOOL_CALLS] and a list of {"name", "arguments"}; from version 11 on [TOOL_CALLS]name[ARGS]{...} for each call.
#include <algorithm>

#include "base/json.h"
#include "chat/answer/sections.h"

namespace malmoi::chat::mistral {
namespace {

constexpr std::string_view kCalls = "[TOOL_CALLS]", kArgs = "[ARGS]", kId = "[CALL_ID]";

std::optional<std::vector<ToolCall>> calls_of(std::string_view text) {
  if (auto list = json_tool_calls(text)) return list;
  std::vector<ToolCall> calls;
  while (!text.empty()) {
    size_t args = text.find(kArgs);
    if (args == text.npos) return {};
    std::string_view name = text.substr(0, args);
    ToolCall call;
    if (size_t id = name.find(kId); id != name.npos) {
      call.id = name.substr(id + kId.size());
      name = name.substr(0, id);
    }
    text.remove_prefix(args + kArgs.size());
    size_t end = std::min(text.find(kCalls), text.size());
    std::string_view arguments = text.substr(0, end);
    auto read = parse_json(arguments, "arguments");
    if (name.empty() || !read.ok() || !read->is_object()) return {};
    call.name = name;
    call.arguments = dump_json(*read);
    calls.push_back(std::move(call));
    text.remove_prefix(end == text.size() ? end : end + kCalls.size());
  }
  return calls;
}

const Section kSections[] = {{.open = "[THINK]", .closes = {"[/THINK]"}},
                             {.open = kCalls, .closes = {"</s>"}, .calls = calls_of}};

constexpr std::string_view kMarks[] = {"[THINK]", "[/THINK]", kCalls, kArgs, kId};

bool wrote(std::string_view source) { return source.find(kCalls) != source.npos; }

CallForm call_form(std::string_view source) {
  if (source.find(kArgs) == source.npos) return {.body = CallForm::Body::kCalls, .before = kCalls};
  return {.body = CallForm::Body::kArguments, .before = kCalls, .after_name = kArgs};
}

}  // namespace

extern const AnswerFamily answers{"mistral", wrote, kMarks, parser_of<kSections>, call_form, true};

}  // namespace malmoi::chat::mistral
