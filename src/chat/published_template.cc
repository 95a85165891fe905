#include "chat/published_template.h"

#include <array>
#include <utility>

namespace malmoi::chat {
namespace {

constexpr const char* kRemedy = "see what transformers' apply_chat_template takes";

Error bad_request(std::string what, const char* field) { return usage_error(std::move(what), field, kRemedy); }

// What transformers does to a message before a template sees it.
Json prepared(Json message) {
  Json kept = Json::object();
  for (auto& [key, value] : message.items()) {
    if (!value.is_null()) kept[key] = std::move(value);
  }
  for (const char* name : {"reasoning_content", "thinking", "reasoning"}) {
    if (!kept.contains(name)) continue;
    Json reasoning = kept[name], whole = Json::object();
    whole["thinking"] = reasoning;
    for (auto& [key, value] : kept.items()) whole[key] = std::move(value);
    whole["reasoning_content"] = std::move(reasoning);
    return whole;
  }
  return kept;
}

Status check_objects(const Json& list, const char* field) {
  if (list.is_null()) return {};
  if (!list.is_array()) return bad_request("is no list", field);
  for (const Json& item : list) {
    if (!item.is_object()) return bad_request("holds something that is no object", field);
  }
  return {};
}

}  // namespace

Json special_tokens_of(const Json& config) {
  Json tokens = Json::object();
  if (!config.is_object()) return tokens;
  constexpr std::array kNames = {"bos_token", "eos_token", "unk_token", "sep_token",
                                 "pad_token", "cls_token", "mask_token"};
  for (const char* name : kNames) {
    auto found = config.find(name);
    if (found == config.end()) continue;
    if (found->is_string()) tokens[name] = *found;
    else if (found->is_object() && found->contains("content") && (*found)["content"].is_string())
      tokens[name] = (*found)["content"];
  }
  return tokens;
}

Result<PublishedTemplate> PublishedTemplate::of_text(std::string_view source, std::string name, Json special_tokens) {
  MALMOI_ASSIGN(jinja::Template read, jinja::Template::parse(source, std::move(name)));
  return PublishedTemplate(std::move(read), std::move(special_tokens));
}

Result<PublishedTemplate> PublishedTemplate::of_config(const Json& config, const std::string& name) {
  const Json* held = config.is_object() && config.contains("chat_template") ? &config["chat_template"] : nullptr;
  if (!held || held->is_null()) return not_found("there is no chat_template in it", name, "give a chat_template.jinja");
  if (held->is_string()) return of_text(held->get_ref<const std::string&>(), name, special_tokens_of(config));
  std::optional<jinja::Template> first, tools;
  for (const Json& entry : held->is_array() ? *held : Json::array()) {
    const std::string which = json_string(entry, "name");
    if (!entry.is_object() || !entry.contains("template") || !entry["template"].is_string()) continue;
    if (which != "default" && which != "tool_use") continue;
    MALMOI_ASSIGN(jinja::Template read,
                  jinja::Template::parse(entry["template"].get_ref<const std::string&>(), name + " (" + which + ")"));
    (which == "default" ? first : tools) = std::move(read);
  }
  if (!first && !tools)
    return invalid_data("chat_template is neither a text nor a list with a template named 'default'", name,
                        "write it as one text");
  PublishedTemplate made(first ? *first : *tools, special_tokens_of(config));
  made.tool_use_ = std::move(tools);
  return made;
}

Result<jinja::Rendered> PublishedTemplate::render(Json variables, const jinja::Run::Moment& now) const {
  if (!variables.is_object()) return bad_request("is no object", "request");
  Json& messages = variables["messages"];
  if (!messages.is_array() || messages.empty()) return bad_request("is no list with a message in it", "messages");
  MALMOI_TRY(check_objects(messages, "messages"));
  for (Json& message : messages) message = prepared(std::move(message));
  for (const char* field : {"tools", "documents"}) {
    if (!variables.contains(field)) variables[field] = nullptr;
    MALMOI_TRY(check_objects(variables[field], field));
  }
  if (!variables.contains("add_generation_prompt")) variables["add_generation_prompt"] = false;
  for (const auto& [name, token] : special_tokens_.items()) {
    if (!variables.contains(name)) variables[name] = token;
  }
  const bool with_tools = tool_use_ && !variables["tools"].is_null();
  return (with_tools ? *tool_use_ : default_).render(variables, now);
}

std::string PublishedTemplate::source() const {
  return default_.source() + (tool_use_ ? "\n" + tool_use_->source() : "");
}

}  // namespace malmoi::chat
