#include "protocol/infill.h"

#include <utility>

#include "protocol/openai_error.h"

namespace malmoi::protocol {
namespace {

// How long an answer may take is told in tokens here.
void refuse_unsupported_in_infill(Fields& fields) {
  fields.refuse("input_extra", "the model reads the text around the gap alone");
  fields.refuse("n_indent", "lines are not told apart by their indentation", 0);
  fields.refuse("samplers", "samplers stand in one order");
  fields.refuse("t_max_prompt_ms", "limit 'n_predict'", 0);
  fields.refuse("t_max_predict_ms", "limit 'n_predict'", 0);
  fields.refuse("response_fields", "answers have all of their fields");
  fields.refuse("tools", "the model calls no functions");
}

std::optional<int64_t> read_limit(Fields& fields) {
  auto limit = fields.integer("n_predict", -1, 1 << 24), other = fields.integer("max_tokens", -1, 1 << 24);
  if (!limit) limit = other;
  return limit == -1 ? std::nullopt : limit;  // -1: as many as the context holds
}

Result<TextRequest> read_infill(const Json& body, const Address&, const chat::SamplingOptions& defaults) {
  Fields fields(body);
  TextRequest request{.options = read_options(fields, defaults), .prompt_field = "input_prefix"};
  const auto before = fields.text("input_prefix"), after = fields.text("input_suffix");
  if (!before) fields.fail("input_prefix", "'input_prefix' is missing", "give the text before the gap");
  if (!after) fields.fail("input_suffix", "'input_suffix' is missing", "give the text behind the gap");
  chat::Gap gap{.before = before.value_or("") + fields.text("prompt").value_or(""),
                .after = after.value_or(""),
                .field = "input_suffix"};
  request.prompts.emplace_back(std::move(gap));
  request.options.max_tokens = read_limit(fields);
  if (request.options.n != 1) fields.fail("n", "a gap is filled once", "send several requests");
  refuse_unsupported_in_infill(fields);
  MALMOI_TRY(fields.finish());
  return request;
}

const char* stop_type(const Answer& end) {
  if (end.finish_reason == "length") return "limit";
  return end.stop_text.empty() ? "eos" : "word";
}

Json print_timings(const Told& told) {
  const double first = told.first_seconds > 0 ? told.first_seconds : told.seconds;
  return {{"prompt_n", told.usage.prompt_tokens - told.usage.cached_tokens},
          {"prompt_ms", first * 1000},
          {"predicted_n", told.usage.completion_tokens},
          {"predicted_ms", (told.seconds - first) * 1000}};
}

class InfillPrinter : public Printer {
 public:
  explicit InfillPrinter(ResponseHead head) : head_(std::move(head)) {}

  Json whole(const std::vector<Answer>& answers, const Told& told) override {
    return print_end(answers.at(0), answers.at(0).text, told);
  }

  std::vector<StreamEvent> piece(const Answer& piece) override {
    if (!piece.finish_reason.empty()) {
      end_.finish_reason = piece.finish_reason;
      end_.stop_text = piece.stop_text;
    }
    if (piece.text.empty()) return {};
    return {{.json = {{"index", 0}, {"content", piece.text}, {"stop", false}}}};
  }

  std::vector<StreamEvent> closing(const Told& told) override { return {{.json = print_end(end_, "", told)}}; }

  std::vector<StreamEvent> failure(const ApiError& error) override { return {{.json = print_openai_error(error)}}; }

 private:
  Json print_end(const Answer& end, const std::string& content, const Told& told) const {
    return {{"index", 0},
            {"content", content},
            {"id", head_.id},
            {"model", head_.model},
            {"stop", true},
            {"stop_type", stop_type(end)},
            {"stopping_word", end.stop_text},
            {"truncated", false},
            {"tokens_predicted", told.usage.completion_tokens},
            {"tokens_evaluated", told.usage.prompt_tokens},
            {"tokens_cached", told.usage.cached_tokens},
            {"timings", print_timings(told)}};
  }

  ResponseHead head_;
  Answer end_;  // how a stream's answer ended
};

std::unique_ptr<Printer> infill_printer(const ResponseHead& head, const GenerationOptions&, size_t) {
  return std::make_unique<InfillPrinter>(head);
}

}  // namespace

constinit const TextProtocol kInfill{"infill-", read_infill, infill_printer, always<StreamForm::kEvents>};

}  // namespace malmoi::protocol
