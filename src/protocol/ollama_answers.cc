#include "protocol/ollama_answers.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include "base/utc.h"

namespace malmoi::protocol {
namespace {

// Clients divide by the time of an answer, and that of a single token has passed when it comes.
int64_t answer_nanoseconds(const Told& told, double prompt_seconds) {
  return std::max(int64_t{1}, nanoseconds(told.seconds - prompt_seconds));
}

void finish(Json& line, const std::string& reason, const Told& told) {
  const double prompt_seconds = told.first_seconds > 0 ? told.first_seconds : told.seconds;
  line["done"] = true;
  line["done_reason"] = reason == "length" ? "length" : "stop";  // calls have none of their own
  line["total_duration"] = nanoseconds(told.seconds);
  line["load_duration"] = 0;  // the model is there before requests are
  line["prompt_eval_count"] = told.usage.prompt_tokens;
  line["prompt_eval_duration"] = nanoseconds(prompt_seconds);
  line["eval_count"] = told.usage.completion_tokens;
  line["eval_duration"] = answer_nanoseconds(told, prompt_seconds);
}

class OllamaPrinter : public Printer {
 public:
  OllamaPrinter(ResponseHead head, const GenerationOptions& options, SayOllama say)
      : head_(std::move(head)), logprobs_(options.logprobs), say_(say) {}

  Json whole(const std::vector<Answer>& answers, const Told& told) override {
    if (answers.empty()) return loaded();
    Json json = line_of(answers.front());
    finish(json, answers.front().finish_reason, told);
    return json;
  }

  // Its reason to end is told with the last line.
  std::vector<StreamEvent> piece(const Answer& piece) override {
    if (!piece.finish_reason.empty()) finish_reason_ = piece.finish_reason;
    const bool says = !piece.text.empty() || !piece.reasoning.empty() || !piece.calls.empty();
    if (!says && !(logprobs_ && !piece.tokens.empty())) return {};
    Json line = line_of(piece);
    line["done"] = false;
    return {{.json = std::move(line)}};
  }

  std::vector<StreamEvent> closing(const Told& told) override {
    Json line = line_of({});
    finish(line, finish_reason_, told);
    return {{.json = std::move(line)}};
  }

  std::vector<StreamEvent> failure(const ApiError& error) override { return {{.json = print_ollama_error(error)}}; }

 private:
  Json line_of(const Answer& answer) const {
    Json line = {{"model", head_.model}, {"created_at", utc_text(std::chrono::system_clock::now())}};
    say_(line, answer);
    if (logprobs_ && !answer.tokens.empty()) line["logprobs"] = print_tokens(answer.tokens, false);
    return line;
  }

  // What clients are told that ask for nothing, to have the model loaded.
  Json loaded() const {
    Json json = line_of({});
    json["done"] = true;
    json["done_reason"] = "load";
    return json;
  }

  ResponseHead head_;
  bool logprobs_;
  SayOllama say_;
  std::string finish_reason_;
};

}  // namespace

std::unique_ptr<Printer> ollama_printer(const ResponseHead& head, const GenerationOptions& options, SayOllama say) {
  return std::make_unique<OllamaPrinter>(head, options, say);
}

int64_t nanoseconds(double seconds) { return std::llround(seconds * 1e9); }

Json print_ollama_error(const ApiError& error) {
  return {{"error", (error.param.empty() ? "" : error.param + ": ") + error.message}};
}

}  // namespace malmoi::protocol
