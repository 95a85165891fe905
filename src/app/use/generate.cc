#include "app/use/generate.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "app/use/adapter_run.h"
#include "app/use/beams.h"
#include "app/use/generation_defaults.h"
#include "app/use/token_biases.h"
#include "base/log.h"
#include "infer/known_ids.h"
#include "infer/prompt.h"
#include "infer/scheduler.h"
#include "infer/session.h"
#include "tokenizer/coverage.h"
#include "tokenizer/document_marks.h"

namespace malmoi::app {
namespace {

TokenChance chance_of(const chat::TokenReport& token) { return {token.id, token.bytes, token.logprob}; }

Json to_json(const TokenChance& token) {
  return {{"id", token.id}, {"token", token.bytes}, {"probability", token.probability()}, {"logprob", token.logprob}};
}

Result<std::vector<int32_t>> prompt_of(const LoadedModel& loaded, const std::string& prompt, bool parse_special) {
  std::vector<int32_t> ids =
      infer::prompt_ids(*loaded.model, *loaded.tokenizer, loaded.stop_ids, prompt, parse_special);
  if (!ids.empty()) return ids;
  return usage_error(prompt.empty() ? "the prompt is empty" : "no character of the prompt is in the vocabulary",
                     "--prompt", "give some text");
}

// A run that trained an adapter, or such an adapter: the model that it stands around, with it.
Result<LoadedModel> load_adapted(const Path& adapter, LoadChoice choice, const Job& job) {
  MALMOI_ASSIGN(const std::string base, base_of_adapter(adapter));
  if (!choice.adapters.empty())
    return usage_error("is an adapter itself", adapter.string(), "give its model (" + base + ") and all adapters");
  job.message(fmt::format("the adapter {} is used, around {}", adapter.string(), base));
  choice.adapters = {adapter};
  return load_for_ids(base, choice, job);
}

}  // namespace

Result<LoadedModel> load_for_ids(const std::string& name, const LoadChoice& choice, const Job& job) {
  if (const auto adapter = adapter_in(name)) return load_adapted(*adapter, choice, job);
  LoadedModel loaded;
  MALMOI_ASSIGN(loaded.folder, find_model(name, job.message));
  MALMOI_ASSIGN(loaded.model, load_model(loaded.folder, choice, job.warn));
  MALMOI_TRY(loaded.model->check_files());  // or weights were read as zeros
  loaded.stop_ids = end_ids(loaded.folder);
  const std::optional<Path> brought =
      choice.adapters.size() == 1 ? tokenizer_of_adapter(adapter_at(choice.adapters[0]), *loaded.model) : std::nullopt;
  auto tokenizer = tokenizer::Tokenizer::load(brought.value_or(loaded.folder));
  if (!tokenizer.ok()) {
    if (tokenizer.error().code == ErrorCode::kNotFound) return loaded;
    return tokenizer.error();
  }
  loaded.tokenizer = std::make_unique<tokenizer::Tokenizer>(*std::move(tokenizer));
  if (brought) MALMOI_TRY(check_adapter_tokenizer(*loaded.tokenizer, *loaded.model, *brought));
  if (loaded.tokenizer->vocab_size() > loaded.model->vocab_size())
    job.warn(fmt::format("the tokenizer has {} entries, the model {}: they may not belong together",
                         loaded.tokenizer->vocab_size(), loaded.model->vocab_size()));
  const std::optional<int32_t> end = tokenizer::document_marks(*loaded.tokenizer).after;
  if (loaded.stop_ids.empty() && end) loaded.stop_ids.push_back(*end);
  return loaded;
}

bool answers_texts(const LoadedModel& loaded) { return loaded.model->task() == model::Task::kSeq2Seq; }

Result<LoadedModel> load_for_generation(const std::string& name, const LoadChoice& choice, const Job& job) {
  MALMOI_ASSIGN(LoadedModel loaded, load_for_ids(name, choice, job));
  if (loaded.tokenizer) return loaded;
  return not_found("the model has no tokenizer beside it", loaded.folder.string(), "put its tokenizer.json there");
}

void warn_of_unknown(const tokenizer::Tokenizer& tokenizer, const std::string& prompt, const Warn& warn) {
  const tokenizer::Coverage covered = tokenizer::cover(tokenizer, prompt, true);
  if (covered.unknown == 0) return;
  warn(fmt::format(
      "{} of {} characters of the prompt are not in the tokenizer's vocabulary ({}): the model does not see them",
      covered.unknown, covered.characters, covered.examples));
}

const char* finish_name(chat::FinishReason reason) {
  switch (reason) {
    case chat::FinishReason::kStop: return "stop";
    case chat::FinishReason::kLength: return "length";
    case chat::FinishReason::kCancelled: return "cancelled";
    case chat::FinishReason::kError: return "error";
    case chat::FinishReason::kNone: break;
  }
  return "none";
}

double TokenChance::probability() const { return std::exp(logprob); }

Json to_json(const Generated& generated) {
  Json json = {{"text", generated.text},
               {"finish_reason", generated.finish_reason},
               {"prompt_tokens", generated.prompt_tokens},
               {"generated_tokens", generated.generated_tokens},
               {"seconds", generated.seconds},
               {"tokens_per_second", generated.tokens_per_second()}};
  if (!generated.answers.empty()) json["answers"] = Json::array();
  for (const Generated::Answer& answer : generated.answers) {
    json["answers"].push_back({{"text", answer.text},
                               {"score", answer.score},
                               {"finish_reason", answer.finish_reason},
                               {"generated_tokens", answer.tokens}});
  }
  if (!generated.tokens) return json;
  Json tokens = Json::array();
  for (const Generated::Token& token : *generated.tokens) {
    Json entry = to_json(static_cast<const TokenChance&>(token));
    entry["alternatives"] = Json::array();
    for (const TokenChance& other : token.alternatives) entry["alternatives"].push_back(to_json(other));
    tokens.push_back(std::move(entry));
  }
  json["tokens"] = std::move(tokens);
  return json;
}

namespace {

// What is told of one answer after the other becomes a report.
class Gatherer {
 public:
  Gatherer(const GenerateOptions& options, Generated& result) : options_(options), result_(result) {
    all_.resize(static_cast<size_t>(options.answers.n_best));
    if (options.top_probabilities > 0) result.tokens.emplace();
  }
  void add(const chat::TokenEvent& event) {
    Generated::Answer& answer = all_[static_cast<size_t>(event.answer)];
    answer.text += event.text;
    if (event.id >= 0) {
      ++answer.tokens;
      answer.score += event.logprob;
    }
    if (event.id >= 0 && event.answer == 0 && result_.tokens) {
      Generated::Token token{chance_of(event), {}};
      for (const chat::TokenReport& other : event.top) token.alternatives.push_back(chance_of(other));
      result_.tokens->push_back(std::move(token));
    }
    if (event.finish == chat::FinishReason::kError) failure_ = event.error;
    if (event.finish != chat::FinishReason::kNone) answer.finish_reason = finish_name(event.finish);
  }
  const std::string& failure() const { return failure_; }
  void finish() {
    for (Generated::Answer& answer : all_) {
      if (answer.finish_reason.empty()) answer.finish_reason = finish_name(chat::FinishReason::kCancelled);
      result_.generated_tokens += answer.tokens;
      answer.score /=
          std::pow(static_cast<double>(std::max<int64_t>(answer.tokens, 1)), options_.answers.length_penalty);
    }
    result_.text = all_[0].text;
    result_.finish_reason = all_[0].finish_reason;
    if (all_.size() < 2) return;
    result_.answers = std::move(all_);
    std::stable_sort(result_.answers.begin(), result_.answers.end(),
                     [](const Generated::Answer& a, const Generated::Answer& b) { return a.score > b.score; });
  }

 private:
  const GenerateOptions& options_;
  Generated& result_;
  std::vector<Generated::Answer> all_;
  std::string failure_;
};

}  // namespace

namespace {

Result<infer::Request> request_of(const LoadedModel& loaded, const GenerateOptions& options, const StopToken& stop) {
  infer::Request request;
  request.prompt = options.prompt_ids;
  if (request.prompt.empty()) {
    MALMOI_ASSIGN(request.prompt, prompt_of(loaded, options.prompt, options.parse_special));
  }
  request.max_tokens = options.max_tokens;
  request.sampling = options.sampling;
  MALMOI_TRY(add_token_biases(loaded.tokenizer.get(), options.token_biases, request.sampling));
  request.rules = options.answers.rules;
  request.begin = options.answers.begin;
  request.answers = options.answers.n_best;
  request.stop = options.stop;
  request.constraint = options.constraint;
  request.grammar = options.grammar;
  request.spelled_ids = options.spelled_ids;
  request.trim_start = options.trim_start;
  request.top_probabilities = options.top_probabilities;
  request.cancel = stop;
  if (!options.ignore_eos) {
    request.stop_ids = loaded.stop_ids;
    request.stop_ids.insert(request.stop_ids.end(), options.end_ids.begin(), options.end_ids.end());
  }
  return request;
}

}  // namespace

Result<Generated> generate(const LoadedModel& loaded, const GenerateOptions& options,
                           const std::function<void(const std::string&)>& on_text, const StopToken& stop) {
  if (options.answers.beams > 1) {
    MALMOI_ASSIGN(infer::Request request, request_of(loaded, options, stop));
    GenerateOptions named = options;
    named.sampling = request.sampling;  // with biases by their ids
    named.token_biases.clear();
    return generate_by_beams(loaded, request.prompt, named, on_text, stop);
  }
  MALMOI_ASSIGN(auto scheduler, infer::Scheduler::create(*loaded.model, {.max_running = options.answers.n_best,
                                                                         .keys = options.keys,
                                                                         .drafter = options.drafter}));
  return generate(loaded, *scheduler, options, on_text, stop);
}

Result<Generated> generate(const LoadedModel& loaded, infer::Scheduler& scheduler, const GenerateOptions& options,
                           const std::function<void(const std::string&)>& on_text, const StopToken& stop) {
  MALMOI_ASSIGN(infer::Request request, request_of(loaded, options, stop));
  Generated result{.prompt_tokens = static_cast<int64_t>(request.prompt.size())};
  Gatherer gatherer(options, result);
  const double begin = monotonic_seconds();
  auto hear = [&](const chat::TokenEvent& event) {
    if (result.first_seconds == 0) result.first_seconds = monotonic_seconds() - begin;
    gatherer.add(event);
    if (!event.text.empty() && event.answer == 0 && on_text) on_text(event.text);
    return !stop.requested();
  };
  MALMOI_TRY(infer::generate(scheduler, *loaded.tokenizer, std::move(request), hear));
  if (!gatherer.failure().empty()) return Error{ErrorCode::kInternal, gatherer.failure(), loaded.folder.string(), ""};
  gatherer.finish();
  result.seconds = monotonic_seconds() - begin;
  return result;
}

Json to_json(const NextReport& report) {
  Json tokens = Json::array(), words = Json::array();
  for (const TokenChance& token : report.tokens) tokens.push_back(to_json(token));
  for (const infer::NextWord& w : report.words) words.push_back({{"word", w.word}, {"probability", w.probability}});
  return {{"prompt", report.prompt}, {"tokens", std::move(tokens)}, {"words", std::move(words)}};
}

Result<NextReport> next_probabilities(const LoadedModel& loaded, const std::string& prompt, int64_t count) {
  MALMOI_ASSIGN(std::vector<int32_t> ids, prompt_of(loaded, prompt, true));
  if (static_cast<int64_t>(ids.size()) >= loaded.model->max_positions())
    return usage_error("the prompt has " + std::to_string(ids.size()) + " tokens, the context " +
                           std::to_string(loaded.model->max_positions()),
                       "--prompt", "shorten it");
  MALMOI_TRY(infer::check_continues(*loaded.model));
  MALMOI_TRY(infer::check_known(ids, *loaded.model));
  MALMOI_ASSIGN(auto session, infer::Session::create(*loaded.model));
  session->add({.ids = ids}, 1);
  MALMOI_ASSIGN(std::span<const float> logits, session->logits());
  NextReport report{.prompt = prompt};
  for (const infer::Candidate& c : infer::top_candidates(logits, count))
    report.tokens.push_back({c.id, loaded.tokenizer->token_bytes(c.id), c.logprob});
  MALMOI_ASSIGN(report.words, infer::next_words(*session, *loaded.tokenizer, ids, count));
  return report;
}

}  // namespace malmoi::app
