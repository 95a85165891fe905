#include "protocol/gemini_contents.h"

#include <optional>
#include <string>
#include <utility>

#include "protocol/conversation_calls.h"
#include "protocol/conversation_lists.h"
#include "protocol/gemini_fields.h"

namespace malmoi::protocol {
namespace {

class ContentReader {
 public:
  Status add_system(const Json& json, const std::string& place);
  Status add(const Json& json, const std::string& place);
  std::vector<chat::Message> take() { return std::move(messages_); }

 private:
  enum class Speaker { kSystem, kUser, kModel };

  Status add_parts(Fields& content, const std::string& place, Speaker speaker);
  Status add_part(const Json& json, const std::string& place, Speaker speaker);
  Status add_text(Fields& part, const std::string& text, bool thought, Speaker speaker);
  Status add_call(const Json& json, const std::string& place);
  Status add_result(const Json& json, const std::string& place);
  std::string answered_call(const std::string& id, const std::string& name);
  chat::Message& models_turn();

  std::vector<chat::Message> messages_;
  size_t first_ = 0;  // of the messages of the content that is read
  ConversationCalls calls_;
};

void refuse_media(Fields& part, const std::string& prefix) {
  for (const char* name : {"inlineData", "fileData", "executableCode", "codeExecutionResult", "videoMetadata",
                           "mediaResolution", "toolCall", "toolResponse", "audioTranscription", "mediaProcessing"})
    refuse_any(part, prefix, name, "the model reads text alone");
}

// The message of the model that is being read.
chat::Message& ContentReader::models_turn() {
  if (messages_.empty() || messages_.back().role != "assistant") {
    messages_.emplace_back();
    messages_.back().role = "assistant";
  }
  return messages_.back();
}

Status ContentReader::add_text(Fields& part, const std::string& text, bool thought, Speaker speaker) {
  if (speaker == Speaker::kModel) {
    chat::Message& turn = models_turn();
    (thought ? turn.reasoning_content : turn.content) += text;
    return {};
  }
  if (thought) {
    part.fail("thought", "only the model thinks", "leave it out");
    return part.finish();
  }
  const char* role = speaker == Speaker::kSystem ? "system" : "user";
  if (messages_.size() == first_ || messages_.back().role != role) {
    messages_.emplace_back();
    messages_.back().role = role;
  }
  messages_.back().content += text;
  return {};
}

// {"id"?, "name", "args"}
Status ContentReader::add_call(const Json& json, const std::string& place) {
  if (!json.is_object()) return usage_error("'functionCall' is not an object", place);
  Fields fields(json, place + ".");
  chat::ToolCall call{.id = fields.text("id").value_or(""), .name = fields.text("name").value_or("")};
  if (call.name.empty()) fields.fail("name", "'name' is missing or empty");
  const Json* args = fields.raw("args");
  if (args && !args->is_object()) fields.fail("args", "'args' is not an object");
  MALMOI_TRY(fields.finish());
  call.arguments = args ? dump_json(*args) : "{}";
  calls_.add(call);
  models_turn().tool_calls.push_back(std::move(call));
  return {};
}

// The id of the call that a result answers; empty: there is none.
std::string ContentReader::answered_call(const std::string& id, const std::string& name) {
  if (id.empty()) return calls_.first_open(name);
  return calls_.function_of(id) ? id : "";
}

// {"id"?, "name", "response"}
Status ContentReader::add_result(const Json& json, const std::string& place) {
  if (!json.is_object()) return usage_error("'functionResponse' is not an object", place);
  Fields fields(json, place + ".");
  const std::string id = fields.text("id").value_or(""), name = fields.text("name").value_or("");
  if (name.empty()) fields.fail("name", "'name' is missing or empty");
  const Json* response = fields.raw("response");
  if (!response || !response->is_object())
    fields.fail("response", "'response' is not an object", "give {\"output\": ...}");
  fields.refuse("parts", "the model reads text alone");
  fields.refuse("willContinue", "a result is whole");
  fields.refuse("scheduling", "functions are waited for", "SCHEDULING_UNSPECIFIED");
  MALMOI_TRY(fields.finish());
  chat::Message message;
  message.role = "tool";
  message.content = dump_json(*response);
  message.name = name;
  message.tool_call_id = answered_call(id, name);
  if (message.tool_call_id.empty())
    return usage_error("the result is of no call of '" + shown(name) + "' before it", place,
                       "give the model's content with its 'functionCall', too");
  calls_.close(message.tool_call_id);
  messages_.push_back(std::move(message));
  return {};
}

Status ContentReader::add_part(const Json& json, const std::string& place, Speaker speaker) {
  if (!json.is_object()) return usage_error("a part is not an object", place, "give {\"text\": ...}");
  Fields fields(json, place + ".");
  refuse_media(fields, place + ".");
  const std::optional<std::string> text = fields.text("text");
  const bool thought = fields.boolean("thought").value_or(false);
  const Json* call = fields.raw("functionCall");
  const Json* result = fields.raw("functionResponse");
  fields.ignore({"thoughtSignature", "partMetadata"});
  const int kinds = (text ? 1 : 0) + (call ? 1 : 0) + (result ? 1 : 0);
  if (kinds != 1) fields.fail("text", "a part is not one of 'text', 'functionCall' and 'functionResponse'");
  if (call && speaker != Speaker::kModel) fields.fail("functionCall", "only the model calls functions");
  if (result && speaker != Speaker::kUser) fields.fail("functionResponse", "only a user gives results");
  MALMOI_TRY(fields.finish());
  if (call) return add_call(*call, place + ".functionCall");
  if (result) return add_result(*result, place + ".functionResponse");
  return add_text(fields, *text, thought, speaker);
}

Status ContentReader::add_parts(Fields& content, const std::string& place, Speaker speaker) {
  const Json* parts = content.raw("parts");
  if (!parts || (parts->is_array() && parts->empty()))
    content.fail("parts", "'parts' is missing or empty", "give [{\"text\": ...}]");
  MALMOI_TRY(content.finish());
  first_ = messages_.size();
  size_t index = 0;
  for (const Json* part : elements(*parts))
    MALMOI_TRY(add_part(*part, place + ".parts[" + std::to_string(index++) + "]", speaker));
  return {};
}

Status ContentReader::add_system(const Json& json, const std::string& place) {
  if (!json.is_object()) return usage_error("a content is not an object", place, "give {\"parts\": [{\"text\": ...}]}");
  Fields fields(json, place + ".");
  fields.ignore({"role"});  // clients send `user`
  return add_parts(fields, place, Speaker::kSystem);
}

Status ContentReader::add(const Json& json, const std::string& place) {
  if (!json.is_object())
    return usage_error("a content is not an object", place, "give {\"role\": ..., \"parts\": [...]}");
  Fields fields(json, place + ".");
  const std::string role = fields.text("role").value_or("user");
  if (role != "user" && role != "model" && role != "function")
    fields.fail("role", "'role' is not one of user, model, function");
  return add_parts(fields, place, role == "model" ? Speaker::kModel : Speaker::kUser);
}

}  // namespace

std::vector<chat::Message> read_contents(Fields& fields) {
  ContentReader reader;
  auto kept = [&](const Status& status) {
    if (!status.ok()) fields.fail(status.error());
    return status.ok();
  };
  const Json* system = fields.raw("systemInstruction");
  if (system && !kept(reader.add_system(*system, "systemInstruction"))) return {};
  const Json* contents = fields.raw("contents");
  if (!contents || (contents->is_array() && (contents->empty() || contents->size() > kMaxMessages))) {
    fields.fail("contents", "'contents' is not a list of 1 to " + std::to_string(kMaxMessages) + " contents");
    return {};
  }
  size_t index = 0;
  for (const Json* content : elements(*contents)) {
    if (!kept(reader.add(*content, "contents[" + std::to_string(index++) + "]"))) return {};
  }
  return reader.take();
}

}  // namespace malmoi::protocol
