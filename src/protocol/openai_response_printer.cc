#include "protocol/openai_response_printer.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/openai_error.h"

namespace malmoi::protocol {
namespace {

Json print_response_usage(const chat::Usage& usage) {
  // Clients' types ask for `cache_write_tokens`: none is paid for.
  return {{"input_tokens", usage.prompt_tokens},
          {"input_tokens_details", {{"cached_tokens", usage.cached_tokens}, {"cache_write_tokens", 0}}},
          {"output_tokens", usage.completion_tokens},
          {"output_tokens_details", Json{{"reasoning_tokens", usage.reasoning_tokens}}},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens}};
}

class ResponsePrinter : public Printer {
 public:
  ResponsePrinter(ResponseHead head, const GenerationOptions& options)
      : head_(std::move(head)), repeated_(options.repeated), token_details_(options.token_details) {}

  Json whole(const std::vector<Answer>& answers, const Told& told) override {
    add(answers.front());
    events_.clear();
    return ended(told);
  }

  std::vector<StreamEvent> opening(const Told&) override {
    tell("response.created")["response"] = response("in_progress");
    tell("response.in_progress")["response"] = response("in_progress");
    return take();
  }

  std::vector<StreamEvent> piece(const Answer& piece) override {
    add(piece);
    return take();
  }

  std::vector<StreamEvent> closing(const Told& told) override {
    tell(is_cut_ ? "response.incomplete" : "response.completed")["response"] = ended(told);
    return take();
  }

  std::vector<StreamEvent> failure(const ApiError& error) override {
    Json failed = response("failed");
    if (open_ != Item::kNone) failed["output"].push_back(print_item("incomplete", Json::array({print_part()})));
    failed["error"] = {{"code", "server_error"}, {"message", error.message}};
    tell("response.failed")["response"] = std::move(failed);
    const Json told = print_openai_error(error)["error"];
    Json& event = tell("error");
    for (const char* name : {"code", "message", "param"}) event[name] = told[name];
    event["error"] = told;
    return take();
  }

 private:
  enum class Item { kNone, kThought, kMessage };

  // An event, to which its fields are added.
  Json& tell(std::string_view name) {
    Json json = {{"type", std::string(name)}, {"sequence_number", sequence_number_++}};
    events_.push_back({.name = name, .json = std::move(json)});
    return events_.back().json;
  }
  // One of the item that stands behind those in `output_`.
  Json& tell_of_item(std::string_view name) {
    Json& event = tell(name);
    event["output_index"] = output_.size();
    return event;
  }
  // One of the only part of the item that is open.
  Json& tell_of_part(std::string_view name) {
    Json& event = tell_of_item(name);
    event["item_id"] = id_;
    event["content_index"] = 0;
    return event;
  }
  std::vector<StreamEvent> take() { return std::exchange(events_, {}); }

  // An item's place makes its id unique among those of the response, whose own is among all.
  std::string new_item_id(const std::string& prefix) const {
    const size_t prefix_end = head_.id.find('_');
    const std::string unique = prefix_end == std::string::npos ? head_.id : head_.id.substr(prefix_end + 1);
    return prefix + unique + "_" + std::to_string(output_.size());
  }

  Json print_part() const {
    if (open_ == Item::kThought) return {{"type", "reasoning_text"}, {"text", text_}};
    return {{"type", "output_text"},
            {"text", text_},
            {"annotations", Json::array()},
            {"logprobs", print_tokens(tokens_, token_details_)}};
  }

  Json print_item(const char* status, Json content) const {
    if (open_ == Item::kThought)
      return {{"id", id_},
              {"type", "reasoning"},
              {"summary", Json::array()},
              {"content", std::move(content)},
              {"status", status}};
    return {
        {"id", id_}, {"type", "message"}, {"status", status}, {"role", "assistant"}, {"content", std::move(content)}};
  }

  void open(Item item) {
    if (open_ == item) return;
    close("completed");
    open_ = item;
    id_ = new_item_id(item == Item::kThought ? "rs_" : "msg_");
    tell_of_item("response.output_item.added")["item"] = print_item("in_progress", Json::array());
    tell_of_part("response.content_part.added")["part"] = print_part();
  }

  void close(const char* status) {
    if (open_ == Item::kNone) return;
    if (open_ == Item::kThought) {
      tell_of_part("response.reasoning_text.done")["text"] = text_;
    } else {
      take_tokens();
      Json& event = tell_of_part("response.output_text.done");
      event["text"] = text_;
      event["logprobs"] = print_tokens(tokens_, token_details_);
    }
    tell_of_part("response.content_part.done")["part"] = print_part();
    Json item = print_item(status, Json::array({print_part()}));
    tell_of_item("response.output_item.done")["item"] = item;
    output_.push_back(std::move(item));
    open_ = Item::kNone;
    text_.clear();
    tokens_.clear();
  }

  // Those that are waiting belong to the message.
  void take_tokens() {
    tokens_.insert(tokens_.end(), waiting_.begin(), waiting_.end());
    waiting_.clear();
  }

  void think(const std::string& text) {
    open(Item::kThought);
    text_ += text;
    tell_of_part("response.reasoning_text.delta")["delta"] = text;
    waiting_.clear();
  }

  void say(const std::string& text) {
    open(Item::kMessage);
    text_ += text;
    Json& event = tell_of_part("response.output_text.delta");
    event["delta"] = text;
    event["logprobs"] = print_tokens(waiting_, token_details_);
    take_tokens();
  }

  // Calls are known whole: their arguments are one delta.
  void call(const chat::ToolCall& asked) {
    close("completed");
    const std::string id = new_item_id("fc_");
    Json item = {{"id", id},           {"type", "function_call"}, {"status", "in_progress"}, {"call_id", asked.id},
                 {"name", asked.name}, {"arguments", ""}};
    tell_of_item("response.output_item.added")["item"] = item;
    Json& delta = tell_of_item("response.function_call_arguments.delta");
    delta["item_id"] = id;
    delta["delta"] = asked.arguments;
    Json& done = tell_of_item("response.function_call_arguments.done");
    done["item_id"] = id;
    done["name"] = asked.name;
    done["arguments"] = asked.arguments;
    item["status"] = "completed";
    item["arguments"] = asked.arguments;
    tell_of_item("response.output_item.done")["item"] = item;
    output_.push_back(std::move(item));
    waiting_.clear();
  }

  // A whole answer, or a piece of one.
  void add(const Answer& answer) {
    for (const Answer& piece : in_order(answer)) add_piece(piece);
  }

  // One with at most one call, behind its text.
  void add_piece(const Answer& piece) {
    if (!piece.reasoning.empty()) think(piece.reasoning);
    const size_t first = std::min(piece.thought_tokens, piece.tokens.size());
    waiting_.insert(waiting_.end(), piece.tokens.begin() + static_cast<std::ptrdiff_t>(first), piece.tokens.end());
    if (!piece.text.empty()) say(piece.text);
    for (const chat::ToolCall& one : piece.calls) call(one);
    if (!piece.finish_reason.empty()) finish(piece.finish_reason == "length");
  }

  void finish(bool is_cut) {
    is_cut_ = is_cut;
    if (open_ == Item::kNone && output_.empty()) open(Item::kMessage);  // clients look at the first item
    close(is_cut ? "incomplete" : "completed");
  }

  Json response(const char* status) const {
    Json json = {{"id", head_.id},
                 {"object", "response"},
                 {"created_at", head_.created},
                 {"status", status},
                 {"background", false},
                 {"completed_at", nullptr},
                 {"conversation", nullptr},
                 {"error", nullptr},
                 {"incomplete_details", nullptr},
                 {"model", head_.model},
                 {"output", output_},
                 {"previous_response_id", nullptr},
                 {"service_tier", "default"},
                 {"store", false},
                 {"truncation", "disabled"},
                 {"usage", nullptr}};
    for (const auto& [name, value] : repeated_.items()) json[name] = value;
    return json;
  }

  Json ended(const Told& told) const {
    Json json = response(is_cut_ ? "incomplete" : "completed");
    if (is_cut_) json["incomplete_details"] = Json{{"reason", "max_output_tokens"}};
    else json["completed_at"] = head_.created + static_cast<int64_t>(told.seconds);
    json["usage"] = print_response_usage(told.usage);
    return json;
  }

  ResponseHead head_;
  Json repeated_;
  bool token_details_;
  Json output_ = Json::array();             // items that are whole
  Item open_ = Item::kNone;                 // the one that is not
  std::string id_, text_;                   // of that one
  std::vector<chat::TokenReport> tokens_;   // of its text
  std::vector<chat::TokenReport> waiting_;  // since then: of text that is not yet certain, or of none
  std::vector<StreamEvent> events_;         // since they were last taken
  int64_t sequence_number_ = 0;
  bool is_cut_ = false;
};

}  // namespace

std::unique_ptr<Printer> response_printer(const ResponseHead& head, const GenerationOptions& options, size_t) {
  return std::make_unique<ResponsePrinter>(head, options);
}

}  // namespace malmoi::protocol
