#include "protocol/openai_response_input.h"

#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "protocol/conversation_lists.h"
#include "protocol/text_parts.h"

namespace malmoi::protocol {
namespace {

// The messages that items make, one after another.
class Turns {
 public:
  /// `place` stands before the names of the item's fields in errors.
  Status add(const Json& item, const std::string& place) {
    Fields fields(item, place);
    const std::string type = fields.text("type").value_or("message");
    if (type == "message") add_message(fields, place);
    else if (type == "reasoning") add_thought(fields, place);
    else if (type == "function_call") add_call(fields);
    else if (type == "function_call_output") add_output(fields, place);
    else if (type == "item_reference")
      fields.fail(unsupported("items of type 'item_reference' are not supported: nothing is stored here",
                              place + "type", "send the item itself"));
    else
      fields.fail(unsupported("items of type '" + shown(type) + "' are not supported", place + "type",
                              "use message, reasoning, function_call or function_call_output"));
    fields.ignore({"id", "status"});
    return fields.finish();
  }

  std::vector<chat::Message> take() { return std::move(messages_); }

 private:
  bool is_answered() const { return !messages_.empty() && messages_.back().role == "assistant"; }

  // Text behind a call is of its turn: a result may not stand behind another one.
  bool takes_text() const {
    return is_answered() && (messages_.back().content.empty() || !messages_.back().tool_calls.empty());
  }

  chat::Message& begin_answer() {
    messages_.push_back({.role = "assistant", .content = ""});
    return messages_.back();
  }

  void add_message(Fields& fields, const std::string& place) {
    const std::string role = fields.text("role").value_or("");
    if (!fields.raw("content")) fields.fail("content", "the message has no 'content'", "give a text");
    std::string content = read_text_parts(fields, place, "content", {"input_text", "output_text"});
    fields.ignore({"phase"});
    if (role == "assistant") {
      chat::Message& answer = takes_text() ? messages_.back() : begin_answer();
      answer.content += content;
    } else if (role == "system" || role == "developer" || role == "user") {
      messages_.push_back({.role = role, .content = std::move(content)});
    } else {
      fields.fail("role", "'role' is not one of system, developer, user, assistant");
    }
  }

  // A summary stands for thoughts that are not there themselves.
  void add_thought(Fields& fields, const std::string& place) {
    const std::string summary = read_text_parts(fields, place, "summary", {"summary_text"});
    const std::string content = read_text_parts(fields, place, "content", {"reasoning_text"});
    fields.refuse("encrypted_content", "another server has the key", "");
    const std::string& thought = content.empty() ? summary : content;
    if (thought.empty()) return;
    const bool goes_on = is_answered() && messages_.back().content.empty() && messages_.back().tool_calls.empty();
    chat::Message& answer = goes_on ? messages_.back() : begin_answer();
    answer.reasoning_content += thought;
  }

  void add_call(Fields& fields) {
    chat::ToolCall call;
    call.id = required_text(fields, "call_id");
    call.name = required_text(fields, "name");
    call.arguments = fields.text("arguments").value_or("");
    fields.refuse("namespace", "functions have their names alone", "");
    fields.refuse("async", "an answer ends with its calls");
    fields.ignore({"caller", "parsed_arguments"});  // the model; what a client made of them
    functions_[call.id] = call.name;
    chat::Message& answer = is_answered() ? messages_.back() : begin_answer();
    answer.tool_calls.push_back(std::move(call));
  }

  // Templates name the function whose result it is.
  void add_output(Fields& fields, const std::string& place) {
    if (!fields.raw("output")) fields.fail("output", "there is no 'output'", "give a text");
    chat::Message message{.role = "tool", .content = ""};
    message.content = read_text_parts(fields, place, "output", {"input_text", "output_text"});
    message.tool_call_id = required_text(fields, "call_id");
    fields.ignore({"name", "namespace", "caller"});
    auto function = functions_.find(message.tool_call_id);
    if (function == functions_.end())
      fields.fail("call_id", "'call_id' is of no function_call before it", "give that item, too");
    else message.name = function->second;
    messages_.push_back(std::move(message));
  }

  std::vector<chat::Message> messages_;
  std::map<std::string, std::string> functions_;  // names, by the ids of their calls
};

void read_items(Fields& fields, const Json& items, std::vector<chat::Message>& messages) {
  Turns turns;
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string place = "input[" + std::to_string(i) + "]";
    if (!items[i].is_object()) return fields.fail(usage_error("an item is not an object", place));
    if (Status added = turns.add(items[i], place + "."); !added.ok()) return fields.fail(added.error());
  }
  std::vector<chat::Message> said = turns.take();
  messages.insert(messages.end(), std::move_iterator(said.begin()), std::move_iterator(said.end()));
}

}  // namespace

std::vector<chat::Message> read_response_input(Fields& fields) {
  std::vector<chat::Message> messages;
  if (auto instructions = fields.text("instructions"); instructions && !instructions->empty())
    messages.push_back({.role = "system", .content = *std::move(instructions)});
  const Json* input = fields.raw("input");
  if (!input) {
    fields.fail("input", "'input' is missing", "give a text or a list of items");
  } else if (input->is_string()) {
    messages.push_back({.role = "user", .content = input->get<std::string>()});
  } else if (!input->is_array() || input->empty() || input->size() > kMaxMessages) {
    fields.fail("input", "'input' is not a text or a list of 1 to " + std::to_string(kMaxMessages) + " items");
  } else {
    read_items(fields, *input, messages);
    if (messages.empty()) fields.fail("input", "no item of 'input' says anything", "give a message");
  }
  return messages;
}

}  // namespace malmoi::protocol
