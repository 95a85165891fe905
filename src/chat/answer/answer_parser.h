// What a model wrote, told apart as it is written: what it says, what it thinks, what it wants to have called.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chat/message.h"

namespace malmoi::chat {

struct AnswerEvent {
  enum class Kind { kContent, kReasoning, kToolCall };
  Kind kind = Kind::kContent;
  std::string text = {};  // of content and reasoning: what comes next of it
  ToolCall call = {};     // of a tool call: the whole of it
};

/// One answer, from its first character to its last. Never tells a part of a marker; a call that is malformed is content, as
/// it was written. One thread.
class AnswerParser {
 public:
  virtual ~AnswerParser() = default;
  /// What is certain after more text.
  virtual std::vector<AnswerEvent> push(std::string_view text) = 0;
  /// What is left, at the answer's end.
  virtual std::vector<AnswerEvent> finish() = 0;
  /// What would end the thought that the text is in; empty outside of one.
  virtual std::string_view thought_end() const { return {}; }
};

/// How a family begins a call, so that a JSON schema can hold what follows to it: `before`, of kArguments also the function's
/// name and `after_name`, then JSON.
struct CallForm {
  enum class Body {
    kNone,       // calls are not written as JSON alone
    kCall,       // {"name", KEY}
    kCalls,      // a list of such
    kArguments,  // what KEY would hold: the name stands before it
  };
  Body body = Body::kNone;
  std::string_view before = {}, after_name = {};
  std::string_view key = "arguments";
};

/// Where an answer begins.
struct AnswerStart {
  std::string_view prompt = {};  // what the answer goes on with; a thought that it opened is open
  bool with_calls = true;        // else calls are content
  bool in_content = false;       // the prompt ends within what the answer says
};

/// How the models of one kind write calls and thoughts.
struct AnswerFamily {
  std::string_view name;
  /// Whether a chat template is of this family.
  bool (*wrote)(std::string_view template_source);
  /// What stands between the parts of an answer. Where the tokenizer has it as a special token, the parser must see it
  /// written out.
  std::span<const std::string_view> marks;
  std::unique_ptr<AnswerParser> (*parser)(const AnswerStart& start);
  /// How models of a template of the family begin a call.
  CallForm (*call_form)(std::string_view template_source);
  bool short_ids = false;  // its templates take ids of calls of nine letters and digits, no others
};

/// One file each; the last is for all that is of no family: everything but <think> is content.
std::span<const AnswerFamily* const> answer_families();
/// The first family that wrote a template.
const AnswerFamily& answer_family(std::string_view template_source);

/// A call in JSON: {"name", "arguments" or "parameters"}, or such in "function". Arguments that are a text are taken as it.
std::optional<ToolCall> json_tool_call(std::string_view json);
/// One such call, or a list of them; nothing where any is none.
std::optional<std::vector<ToolCall>> json_tool_calls(std::string_view json);

}  // namespace malmoi::chat
