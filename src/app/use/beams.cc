#include "app/use/beams.h"

#include <utility>

#include "base/log.h"
#include "infer/text_stream.h"

namespace malmoi::app {
namespace {

// The text of an answer up to the first stop text.
std::string text_of(const tokenizer::Tokenizer& tokenizer, const infer::BeamAnswer& answer,
                    const GenerateOptions& options) {
  std::span<const int32_t> ids(answer.ids);
  if (answer.finish == chat::FinishReason::kStop) ids = ids.first(ids.size() - 1);
  infer::StopFilter stops(options.stop);
  std::string text = stops.push(tokenizer.decode(ids, true));
  if (!stops.stopped()) text += stops.finish();
  if (options.trim_start) text.erase(0, text.find_first_not_of(" \t\r\n"));
  return text;
}

}  // namespace

Result<infer::BeamOptions> beam_options(const AnswerOptions& answers, const chat::SamplingOptions& sampling,
                                        int64_t max_tokens, std::vector<int32_t> stop_ids) {
  const bool drawn = sampling.presence_penalty != 0 || sampling.frequency_penalty != 0 ||
                     !sampling.logit_bias.empty() || sampling.penalty_last_n != -1 || sampling.dry_multiplier != 0 ||
                     sampling.mirostat != 0;
  if (drawn)
    return usage_error(
        "penalties of presence and frequency, windows, DRY, Mirostat and biases of tokens are for drawn answers",
        "--beams", "leave them out, or use one beam");
  return infer::BeamOptions{.beams = answers.beams,
                            .answers = answers.n_best,
                            .max_tokens = max_tokens,
                            .length_penalty = answers.length_penalty,
                            .early_stopping = answers.early_stopping,
                            .repetition_penalty = sampling.repetition_penalty,
                            .renormalise = answers.renormalise,
                            .rules = answers.rules,
                            .stop_ids = std::move(stop_ids)};
}

Result<Generated> generate_by_beams(const LoadedModel& loaded, std::span<const int32_t> prompt,
                                    const GenerateOptions& options,
                                    const std::function<void(const std::string&)>& on_text, const StopToken& stop) {
  if (options.top_probabilities > 0)
    return unsupported("a search over beams tells no alternatives to its tokens", "--top-probabilities",
                       "leave it out, or use --beams 1");
  if (options.constraint)
    return unsupported("a search over beams keeps to no grammar", "--beams",
                       "leave the constraint out, or use --beams 1");
  if (options.drafter)
    return unsupported("a search over beams guesses nothing ahead", "--beams",
                       "leave --draft-model and --prompt-lookup out, or use --beams 1");
  MALMOI_ASSIGN(infer::BeamOptions beams, beam_options(options.answers, options.sampling, options.max_tokens,
                                                       options.ignore_eos ? std::vector<int32_t>{} : loaded.stop_ids));
  const double begin = monotonic_seconds();
  MALMOI_ASSIGN(auto session, infer::Session::create(*loaded.model, {.keys = options.keys}));
  MALMOI_ASSIGN(std::vector<infer::BeamAnswer> found,
                infer::beam_search(*session, prompt, options.answers.begin, beams, stop));
  Generated result{.prompt_tokens = static_cast<int64_t>(prompt.size())};
  for (const infer::BeamAnswer& answer : found) {
    result.answers.push_back({text_of(*loaded.tokenizer, answer, options), finish_name(answer.finish), answer.score,
                              static_cast<int64_t>(answer.ids.size())});
  }
  result.seconds = monotonic_seconds() - begin;
  if (result.answers.empty()) return result;
  const Generated::Answer& best = result.answers.front();
  result.text = best.text;
  result.finish_reason = best.finish_reason;
  result.generated_tokens = best.tokens;
  if (on_text) on_text(best.text);
  return result;
}

}  // namespace malmoi::app
