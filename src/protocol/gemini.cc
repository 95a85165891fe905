#include "protocol/gemini.h"

#include <utility>

#include "base/utf8.h"
#include "protocol/gemini_error.h"
#include "protocol/gemini_fields.h"
#include "protocol/gemini_request.h"

namespace malmoi::protocol {
namespace {

Result<TextRequest> read_generate_content(const Json& body, const Address& address,
                                          const chat::SamplingOptions& defaults) {
  MALMOI_ASSIGN(const Json request, in_camel_case(body));
  return read_contents_request(request, address, defaults);
}

Result<TextRequest> read_stream_generate_content(const Json& body, const Address& address,
                                                 const chat::SamplingOptions& defaults) {
  MALMOI_ASSIGN(TextRequest request, read_generate_content(body, address, defaults));
  request.options.stream = true;
  return request;
}

StreamForm stream_form(const Address& address) {
  return address.asks("alt=sse") ? StreamForm::kEvents : StreamForm::kArray;
}

Json print_function_call(const chat::ToolCall& call) {
  Json told = {{"id", call.id}, {"name", call.name}};
  told["args"] = arguments_of(call);
  Json part = Json::object();
  part["functionCall"] = std::move(told);
  return part;
}

Json print_parts(const Answer& answer, bool with_thoughts) {
  Json parts = Json::array();
  for (const Answer& piece : in_order(answer)) {
    if (with_thoughts && !piece.reasoning.empty()) {
      Json thought = {{"text", piece.reasoning}, {"thought", true}};
      parts.push_back(std::move(thought));
    }
    if (!piece.text.empty()) {
      Json text = {{"text", piece.text}};
      parts.push_back(std::move(text));
    }
    for (const chat::ToolCall& call : piece.calls) parts.push_back(print_function_call(call));
  }
  return parts;
}

// Where there is nothing to tell: clients take a content without parts for a broken one.
Json no_text() {
  Json part = {{"text", ""}};
  return Json::array({std::move(part)});
}

Json print_scored(const chat::TokenReport& token) {
  return {{"token", replace_invalid_utf8(token.bytes)},
          {"tokenId", token.id},
          {"logProbability", print_number(token.logprob)}};
}

void add_logprobs(const std::vector<chat::TokenReport>& tokens, Json& candidate) {
  if (tokens.empty()) return;
  Json chosen = Json::array(), tops = Json::array();
  double sum = 0;
  for (const chat::TokenReport& token : tokens) {
    Json others = Json::array();
    for (const chat::TokenReport& other : token.top) others.push_back(print_scored(other));
    Json top = Json::object();
    top["candidates"] = std::move(others);
    tops.push_back(std::move(top));
    chosen.push_back(print_scored(token));
    sum += token.logprob;
  }
  candidate["avgLogprobs"] = print_number(sum / static_cast<double>(tokens.size()));
  Json result = Json::object();
  result["topCandidates"] = std::move(tops);
  result["chosenCandidates"] = std::move(chosen);
  result["logProbabilitySum"] = print_number(sum);
  candidate["logprobsResult"] = std::move(result);
}

// `finish_reason`: empty where the answer goes on.
Json print_candidate(int64_t index, Json parts, const std::string& finish_reason,
                     const std::vector<chat::TokenReport>& tokens) {
  Json content = Json::object();
  content["parts"] = std::move(parts);
  content["role"] = "model";
  Json candidate = Json::object();
  candidate["content"] = std::move(content);
  if (!finish_reason.empty()) candidate["finishReason"] = finish_reason == "length" ? "MAX_TOKENS" : "STOP";
  candidate["index"] = index;
  add_logprobs(tokens, candidate);
  return candidate;
}

// Thoughts are counted apart from the candidates.
Json print_usage_metadata(const chat::Usage& usage) {
  Json json = {{"promptTokenCount", usage.prompt_tokens},
               {"candidatesTokenCount", usage.completion_tokens - usage.reasoning_tokens},
               {"totalTokenCount", usage.prompt_tokens + usage.completion_tokens}};
  if (usage.reasoning_tokens > 0) json["thoughtsTokenCount"] = usage.reasoning_tokens;
  if (usage.cached_tokens > 0) json["cachedContentTokenCount"] = usage.cached_tokens;
  return json;
}

class GeminiPrinter : public Printer {
 public:
  GeminiPrinter(ResponseHead head, const GenerationOptions& options, size_t answers)
      : head_(std::move(head)), with_thoughts_(options.include_thoughts), kept_(answers) {}

  Json whole(const std::vector<Answer>& answers, const Told& told) override {
    Json candidates = Json::array();
    for (const Answer& answer : answers) {
      Json parts = print_parts(answer, with_thoughts_);
      if (parts.empty()) parts = no_text();
      candidates.push_back(print_candidate(answer.index, std::move(parts), answer.finish_reason, answer.tokens));
    }
    return print_response(std::move(candidates), &told);
  }

  std::vector<StreamEvent> piece(const Answer& piece) override {
    Kept& kept = kept_[static_cast<size_t>(piece.index)];
    kept.tokens.insert(kept.tokens.end(), piece.tokens.begin(), piece.tokens.end());
    kept.finish_reason = piece.finish_reason;
    Json parts = print_parts(piece, with_thoughts_);
    if (parts.empty()) return {};
    const std::vector<chat::TokenReport> tokens = std::exchange(kept.tokens, {});
    Json candidates = Json::array();
    candidates.push_back(print_candidate(piece.index, std::move(parts), "", tokens));
    return {{.json = print_response(std::move(candidates), nullptr)}};
  }

  std::vector<StreamEvent> closing(const Told& told) override {
    Json candidates = Json::array();
    for (size_t i = 0; i < kept_.size(); ++i)
      candidates.push_back(
          print_candidate(static_cast<int64_t>(i), no_text(), kept_[i].finish_reason, kept_[i].tokens));
    return {{.json = print_response(std::move(candidates), &told)}};
  }

  std::vector<StreamEvent> failure(const ApiError& error) override { return {{.json = print_gemini_error(error)}}; }

 private:
  // What waits for the next event: clients want parts in each.
  struct Kept {
    std::vector<chat::TokenReport> tokens;
    std::string finish_reason;
  };

  Json print_response(Json candidates, const Told* told) const {
    Json json = Json::object();
    json["candidates"] = std::move(candidates);
    if (told) json["usageMetadata"] = print_usage_metadata(told->usage);
    json["modelVersion"] = head_.model;
    json["responseId"] = head_.id;
    return json;
  }

  ResponseHead head_;
  bool with_thoughts_;
  std::vector<Kept> kept_;  // of each answer
};

std::unique_ptr<Printer> gemini_printer(const ResponseHead& head, const GenerationOptions& options, size_t answers) {
  return std::make_unique<GeminiPrinter>(head, options, answers);
}

}  // namespace

constinit const TextProtocol kGemini{"response-", read_generate_content, gemini_printer, stream_form};
constinit const TextProtocol kGeminiStream{"response-", read_stream_generate_content, gemini_printer, stream_form};

}  // namespace malmoi::protocol
