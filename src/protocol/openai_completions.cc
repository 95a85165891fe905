#include "protocol/openai_completions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/utf8.h"
#include "protocol/openai_error.h"
#include "protocol/text_inputs.h"

namespace malmoi::protocol {
namespace {

// With a suffix each text is what stands before a gap.
void read_prompts(Fields& fields, TextRequest& request) {
  const std::string suffix = fields.text("suffix").value_or("");
  for (TextOrIds& input : read_inputs(fields, "prompt", static_cast<size_t>(kMaxAnswers))) {
    auto* text = std::get_if<std::string>(&input);
    if (suffix.empty()) {
      std::visit([&](auto& value) { request.prompts.emplace_back(std::move(value)); }, input);
    } else if (text) {
      request.prompts.emplace_back(chat::Gap{std::move(*text), suffix});
    } else {
      return fields.fail("prompt", "ids do not go with 'suffix'", "give the prompt as a text");
    }
  }
  if (!suffix.empty() && request.echo) fields.fail("echo", "'echo' does not go with 'suffix'", "leave one of them out");
}

// A token's name in these lists: its text, or `bytes:\xeb\x82` where it is a part of a character, so that two parts never
// share a name.
std::string token_name(const std::string& bytes) {
  if (is_valid_utf8(bytes)) return bytes;
  std::string name = "bytes:";
  for (char c : bytes) name += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  return name;
}

// A character counts where its first byte stands: its parts may be tokens of their own.
int64_t characters_begun(const std::string& bytes) {
  return std::count_if(bytes.begin(), bytes.end(), [](char c) { return !is_utf8_continuation(c); });
}

Json print_logprob_lists(const Answer& answer, const GenerationOptions& options, int64_t& offset) {
  Json tokens = Json::array(), logprobs = Json::array(), tops = Json::array(), offsets = Json::array(),
       content = Json::array();
  for (const chat::TokenReport& token : answer.tokens) {
    Json top = Json::object();
    for (const chat::TokenReport& other : token.top) top[token_name(other.bytes)] = other.logprob;
    offsets.push_back(offset);
    offset += characters_begun(token.bytes);
    tokens.push_back(token_name(token.bytes));
    logprobs.push_back(print_number(token.logprob));
    tops.push_back(std::isnan(token.logprob) ? Json(nullptr) : std::move(top));
    if (!options.token_details) continue;
    Json detail = print_token(token, true);
    for (const chat::TokenReport& other : token.top) detail["top_logprobs"].push_back(print_token(other, true));
    content.push_back(std::move(detail));
  }
  Json json = {{"tokens", std::move(tokens)},
               {"token_logprobs", std::move(logprobs)},
               {"top_logprobs", options.top_logprobs > 0 ? std::move(tops) : Json(nullptr)},
               {"text_offset", std::move(offsets)}};
  if (options.token_details) json["content"] = std::move(content);
  return json;
}

Json print_choice(const Answer& answer, const GenerationOptions& options, int64_t& offset) {
  return {{"text", answer.text},
          {"index", answer.index},
          {"logprobs", options.logprobs ? print_logprob_lists(answer, options, offset) : Json(nullptr)},
          {"finish_reason", answer.finish_reason.empty() ? Json(nullptr) : Json(answer.finish_reason)}};
}

Json print_completion_head(const ResponseHead& head) {
  return {{"id", head.id}, {"object", "text_completion"}, {"created", head.created}, {"model", head.model}};
}

// Which answers are the best is known when all are whole.
void read_best_of(Fields& fields, GenerationOptions& options) {
  const auto best_of = fields.integer("best_of", 1, kMaxAnswers);
  if (!best_of || *best_of == options.n) return;
  if (*best_of < options.n) return fields.fail("best_of", "'best_of' is less than 'n'");
  if (options.stream) return fields.fail("best_of", "'best_of' cannot be streamed", "leave 'stream' out");
  options.best = options.n;
  options.n = *best_of;
}

Result<TextRequest> read_completion(const Json& body, const Address&, const chat::SamplingOptions& defaults) {
  Fields fields(body);
  TextRequest request{.options = read_options(fields, defaults), .prompt_field = "prompt"};
  GenerationOptions& options = request.options;
  options.max_tokens = fields.integer("max_tokens", 0, 1 << 24).value_or(16);
  request.echo = fields.boolean("echo").value_or(false);
  read_prompts(fields, request);
  if (auto logprobs = fields.integer("logprobs", 0, kMaxTopLogprobs)) {
    options.logprobs = true;
    options.top_logprobs = *logprobs;
  }
  options.prompt_logprobs = request.echo && options.logprobs;
  fields.refuse("tools", "the model calls no functions");
  read_best_of(fields, options);
  if (static_cast<int64_t>(request.prompts.size()) * options.n > kMaxAnswers)
    fields.fail("n", "'n' or 'best_of' times the number of prompts is more than " + std::to_string(kMaxAnswers),
                "send several requests");
  MALMOI_TRY(fields.finish());
  return request;
}

class CompletionPrinter : public Printer {
 public:
  CompletionPrinter(ResponseHead head, const GenerationOptions& options, size_t answers)
      : head_(std::move(head)), options_(options), offsets_(answers, 0) {}

  Json whole(const std::vector<Answer>& answers, const Told& told) override {
    Json json = print_completion_head(head_);
    json["choices"] = Json::array();
    for (const Answer& answer : answers) json["choices"].push_back(print(answer));
    json["usage"] = print_usage(told.usage);
    return json;
  }

  std::vector<StreamEvent> piece(const Answer& piece) override {
    Json json = print_completion_head(head_);
    json["choices"] = Json::array({print(piece)});
    if (options_.include_usage) json["usage"] = nullptr;
    return {{.json = std::move(json)}};
  }

  std::vector<StreamEvent> closing(const Told& told) override {
    if (!options_.include_usage) return {};
    Json json = print_completion_head(head_);
    json["choices"] = Json::array();
    json["usage"] = print_usage(told.usage);
    return {{.json = std::move(json)}};
  }

  std::vector<StreamEvent> failure(const ApiError& error) override { return {{.json = print_openai_error(error)}}; }

 private:
  Json print(const Answer& answer) {
    return print_choice(answer, options_, offsets_[static_cast<size_t>(answer.index)]);
  }

  ResponseHead head_;
  GenerationOptions options_;
  std::vector<int64_t> offsets_;  // of each answer, in code points
};

std::unique_ptr<Printer> completion_printer(const ResponseHead& head, const GenerationOptions& options,
                                            size_t answers) {
  return std::make_unique<CompletionPrinter>(head, options, answers);
}

}  // namespace

constinit const TextProtocol kOpenAiCompletions{"cmpl-", read_completion, completion_printer,
                                                always<StreamForm::kEventsThenDone>};

}  // namespace malmoi::protocol
