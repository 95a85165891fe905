#include "protocol/anthropic_printer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "protocol/anthropic_error.h"

namespace malmoi::protocol {
namespace {

// Clients leave out thoughts without a signature when they send a conversation back. Nothing is signed here.
constexpr const char* kSignature = "unsigned";

Json print_call(const chat::ToolCall& call, Json input) {
  return {{"type", "tool_use"}, {"id", call.id}, {"name", call.name}, {"input", std::move(input)}};
}

Json print_thoughts(const std::string& thoughts, const char* signature) {
  return {{"type", "thinking"}, {"thinking", thoughts}, {"signature", signature}};
}

Json print_text(const std::string& text) { return {{"type", "text"}, {"text", text}}; }

Json print_content(const Answer& answer) {
  Json content = Json::array();
  for (const Answer& part : in_order(answer)) {
    if (!part.reasoning.empty()) content.push_back(print_thoughts(part.reasoning, kSignature));
    if (!part.text.empty()) content.push_back(print_text(part.text));
    for (const chat::ToolCall& call : part.calls) content.push_back(print_call(call, arguments_of(call)));
  }
  return content;
}

// Tokens of the prompt are counted once: read from what was kept, or anew.
Json print_token_counts(const chat::Usage& usage) {
  return {{"input_tokens", usage.prompt_tokens - usage.cached_tokens},
          {"cache_creation_input_tokens", 0},
          {"cache_read_input_tokens", usage.cached_tokens},
          {"output_tokens", usage.completion_tokens},
          {"output_tokens_details", {{"thinking_tokens", usage.reasoning_tokens}}}};
}

StreamEvent block_start(int64_t index, Json block) {
  Json json = {{"type", "content_block_start"}, {"index", index}, {"content_block", std::move(block)}};
  return {.name = "content_block_start", .json = std::move(json)};
}

StreamEvent block_delta(int64_t index, const char* type, const char* field, const std::string& more) {
  Json delta = {{"type", type}, {field, more}};
  Json json = {{"type", "content_block_delta"}, {"index", index}, {"delta", std::move(delta)}};
  return {.name = "content_block_delta", .json = std::move(json)};
}

StreamEvent block_stop(int64_t index) {
  return {.name = "content_block_stop", .json = {{"type", "content_block_stop"}, {"index", index}}};
}

class MessagePrinter : public Printer {
 public:
  MessagePrinter(ResponseHead head, const GenerationOptions& options) : head_(std::move(head)), stops_(options.stop) {}

  Json whole(const std::vector<Answer>& answers, const Told& told) override {
    take_end(answers.front());
    return print_message(print_content(answers.front()), told);
  }

  std::vector<StreamEvent> opening(const Told& told) override {
    return {{.name = "message_start",
             .json = {{"type", "message_start"}, {"message", print_message(Json::array(), told)}}}};
  }

  std::vector<StreamEvent> piece(const Answer& piece) override {
    std::vector<StreamEvent> events;
    for (const Answer& part : in_order(piece)) tell_part(part, events);
    if (!piece.finish_reason.empty()) {
      close(events);
      take_end(piece);
    }
    return events;
  }

  std::vector<StreamEvent> closing(const Told& told) override {
    Json delta = {{"stop_reason", stop_reason_}, {"stop_sequence", stop_sequence_}};
    Json end = {{"type", "message_delta"}, {"delta", std::move(delta)}, {"usage", print_token_counts(told.usage)}};
    Json stop = Json::object({{"type", "message_stop"}});
    return {{.name = "message_delta", .json = std::move(end)}, {.name = "message_stop", .json = std::move(stop)}};
  }

  std::vector<StreamEvent> failure(const ApiError& error) override {
    return {{.name = "error", .json = print_anthropic_error(error)}};
  }

 private:
  enum class Open { kNothing, kThoughts, kText };

  Json print_message(Json content, const Told& told) const {
    return {{"id", head_.id},
            {"type", "message"},
            {"role", "assistant"},
            {"model", head_.model},
            {"content", std::move(content)},
            {"stop_reason", stop_reason_},
            {"stop_sequence", stop_sequence_},
            {"usage", print_token_counts(told.usage)}};
  }

  // Templates have texts of their own that end a turn: only those that were asked for are told.
  void take_end(const Answer& answer) {
    const bool by_text = answer.finish_reason == "stop" && std::ranges::find(stops_, answer.stop_text) != stops_.end();
    if (by_text) stop_sequence_ = answer.stop_text;
    if (by_text) stop_reason_ = "stop_sequence";
    else if (answer.finish_reason == "length") stop_reason_ = "max_tokens";
    else if (answer.finish_reason == "tool_calls") stop_reason_ = "tool_use";
    else stop_reason_ = "end_turn";
  }

  void open(Open kind, Json block, std::vector<StreamEvent>& events) {
    if (open_ == kind) return;
    close(events);
    events.push_back(block_start(index_, std::move(block)));
    open_ = kind;
  }

  void close(std::vector<StreamEvent>& events) {
    if (open_ == Open::kNothing) return;
    if (open_ == Open::kThoughts) events.push_back(block_delta(index_, "signature_delta", "signature", kSignature));
    events.push_back(block_stop(index_));
    open_ = Open::kNothing;
    ++index_;
  }

  void tell_part(const Answer& part, std::vector<StreamEvent>& events) {
    if (!part.reasoning.empty()) {
      open(Open::kThoughts, print_thoughts("", ""), events);
      events.push_back(block_delta(index_, "thinking_delta", "thinking", part.reasoning));
    }
    if (!part.text.empty()) {
      open(Open::kText, print_text(""), events);
      events.push_back(block_delta(index_, "text_delta", "text", part.text));
    }
    for (const chat::ToolCall& call : part.calls) tell_call(call, events);
  }

  void tell_call(const chat::ToolCall& call, std::vector<StreamEvent>& events) {
    close(events);
    events.push_back(block_start(index_, print_call(call, Json::object())));
    events.push_back(block_delta(index_, "input_json_delta", "partial_json", dump_json(arguments_of(call))));
    events.push_back(block_stop(index_));
    ++index_;
  }

  ResponseHead head_;
  std::vector<std::string> stops_;
  int64_t index_ = 0;  // of the block that is open, or comes next
  Open open_ = Open::kNothing;
  Json stop_reason_, stop_sequence_;  // null until the end
};

}  // namespace

std::unique_ptr<Printer> anthropic_printer(const ResponseHead& head, const GenerationOptions& options, size_t) {
  return std::make_unique<MessagePrinter>(head, options);
}

}  // namespace malmoi::protocol
