#include "app/use/generate.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "app/use/id_array.h"
#include "base/mapped_files.h"
#include "base/log.h"
#include "formats/npy.h"
#include "infer/prompt.h"
#include "infer/scheduler.h"
#include "infer/session.h"
#include "model/load.h"
#include "tokenizer/coverage.h"
#include "tokenizer/document_marks.h"

namespace malmoi::app {
namespace {

// `eos_token_id` of a JSON file: one id or a list.
std::vector<int32_t> eos_ids(const Path& file) {
  auto json = read_json(file.string(), 64 << 20);
  std::vector<int32_t> ids;
  if (!json.ok() || !json->is_object() || !json->contains("eos_token_id")) return ids;
  const Json& eos = (*json)["eos_token_id"];
  if (eos.is_number_integer()) ids.push_back(eos.get<int32_t>());
  if (eos.is_array()) {
    for (const Json& id : eos) {
      if (id.is_number_integer()) ids.push_back(id.get<int32_t>());
    }
  }
  return ids;
}

// What a training run in the folder left: its best model, or its last one.
std::optional<Path> model_of_run(const Path& folder) {
  for (const char* name : {"best", "model"}) {
    if (malmoi::exists(folder / name / "config.json")) return folder / name;
  }
  return {};
}

// A folder that holds no model itself may be a training run, or have one in it (what a recipe leaves).
Result<Path> model_in(const Path& folder, const Message& message) {
  if (!std::filesystem::is_directory(folder) || malmoi::exists(folder / "config.json")) return folder;
  if (auto model = model_of_run(folder)) {
    message(fmt::format("{} is a training run: its model {} is used", folder.string(), model->string()));
    return *model;
  }
  std::string remedy = "give a folder with config.json and model.safetensors";
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const bool holds_model = malmoi::exists(entry.path() / "config.json") || model_of_run(entry.path());
    if (holds_model) remedy = "did you mean " + entry.path().string() + "?";
  }
  return not_found("holds no model", folder.string(), remedy);
}

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

}  // namespace

Result<Path> find_model(const std::string& name, const Message& message) {
  if (malmoi::exists(name)) return model_in(name, message);
  const char* home = std::getenv("MALMOI_HOME");
  const char* user = std::getenv("HOME");
  Path store = home ? Path(home) : Path(user ? user : ".") / ".cache" / "malmoi";
  if (!name.empty() && malmoi::exists(store / name)) return store / name;
  return not_found("there is no such model", name.empty() ? "--model" : name,
                   "give a model folder, or a name in " + store.string());
}

Result<LoadedModel> load_for_ids(const std::string& name, DType dtype, const Job& job) {
  LoadedModel loaded;
  MALMOI_ASSIGN(loaded.folder, find_model(name, job.message));
  MALMOI_ASSIGN(loaded.model, model::load_model(loaded.folder, {.dtype = dtype, .warn = job.warn}));
  MALMOI_TRY(check_all_files_were_whole());
  loaded.stop_ids = eos_ids(loaded.folder / "generation_config.json");
  if (loaded.stop_ids.empty()) loaded.stop_ids = eos_ids(loaded.folder / "config.json");
  auto tokenizer = tokenizer::Tokenizer::load(loaded.folder);
  if (!tokenizer.ok()) {
    if (tokenizer.error().code == ErrorCode::kNotFound) return loaded;
    return tokenizer.error();
  }
  loaded.tokenizer = std::make_unique<tokenizer::Tokenizer>(*std::move(tokenizer));
  if (loaded.tokenizer->vocab_size() > loaded.model->vocab_size())
    job.warn(fmt::format("the tokenizer has {} entries, the model {}: they may not belong together",
                         loaded.tokenizer->vocab_size(), loaded.model->vocab_size()));
  const std::optional<int32_t> end = tokenizer::document_marks(*loaded.tokenizer).after;
  if (loaded.stop_ids.empty() && end) loaded.stop_ids.push_back(*end);
  return loaded;
}

Result<LoadedModel> load_for_generation(const std::string& name, DType dtype, const Job& job) {
  MALMOI_ASSIGN(LoadedModel loaded, load_for_ids(name, dtype, job));
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

double TokenChance::probability() const { return std::exp(logprob); }

Json to_json(const Generated& generated) {
  Json json = {{"text", generated.text},
               {"finish_reason", generated.finish_reason},
               {"prompt_tokens", generated.prompt_tokens},
               {"generated_tokens", generated.generated_tokens},
               {"seconds", generated.seconds},
               {"tokens_per_second", generated.tokens_per_second()}};
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

Result<Generated> generate(const LoadedModel& loaded, const GenerateOptions& options,
                           const std::function<void(const std::string&)>& on_text, const StopToken& stop) {
  infer::Request request;
  MALMOI_ASSIGN(request.prompt, prompt_of(loaded, options.prompt, options.parse_special));
  request.max_tokens = options.max_tokens;
  request.sampling = options.sampling;
  request.stop = options.stop;
  request.trim_start = options.trim_start;
  request.top_probabilities = options.top_probabilities;
  if (!options.ignore_eos) request.stop_ids = loaded.stop_ids;
  Generated result{.prompt_tokens = static_cast<int64_t>(request.prompt.size())};
  if (options.top_probabilities > 0) result.tokens.emplace();
  std::string failure;
  double begin = monotonic_seconds();
  MALMOI_TRY(infer::generate(*loaded.model, *loaded.tokenizer, std::move(request), [&](const chat::TokenEvent& event) {
    result.text += event.text;
    if (!event.text.empty() && on_text) on_text(event.text);
    if (event.id >= 0) ++result.generated_tokens;
    if (event.id >= 0 && result.tokens) {
      Generated::Token token{chance_of(event), {}};
      for (const chat::TokenReport& other : event.top) token.alternatives.push_back(chance_of(other));
      result.tokens->push_back(std::move(token));
    }
    if (event.finish == chat::FinishReason::kError) failure = event.error;
    if (event.finish != chat::FinishReason::kNone) result.finish_reason = finish_name(event.finish);
    else if (stop.requested()) result.finish_reason = finish_name(chat::FinishReason::kCancelled);
    return !stop.requested();
  }));
  if (!failure.empty()) return Error{ErrorCode::kInternal, failure, loaded.folder.string(), ""};
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
  MALMOI_ASSIGN(auto session, infer::Session::create(*loaded.model));
  session->add({.ids = ids}, 1);
  MALMOI_ASSIGN(std::span<const float> logits, session->logits());
  NextReport report{.prompt = prompt};
  for (const infer::Candidate& c : infer::top_candidates(logits, count))
    report.tokens.push_back({c.id, loaded.tokenizer->token_bytes(c.id), c.logprob});
  MALMOI_ASSIGN(report.words, infer::next_words(*session, *loaded.tokenizer, ids, count));
  return report;
}

Status generate_ids(const GenerateIdsOptions& options) {
  MALMOI_ASSIGN(auto model, model::load_model(options.model, {.dtype = options.dtype, .warn = options.warn}));
  MALMOI_ASSIGN(IdArray ids, read_ids(options.ids, options.mask, model->vocab_size()));
  MALMOI_ASSIGN(auto scheduler, infer::Scheduler::create(*model, {.max_running = ids.rows}));
  bool answers = model->task() == model::Task::kSeq2Seq;  // what is written stands apart from what is read
  int64_t before = answers ? 1 : ids.cols;
  if (options.max_tokens > scheduler->context_length() - before)
    return usage_error(fmt::format("{} ids and {} more do not fit the context of {}", before, options.max_tokens,
                                   scheduler->context_length()),
                       options.ids.string(), "use a smaller --max-tokens");
  std::vector<int32_t> ends = options.ignore_eos ? std::vector<int32_t>{} : eos_ids(options.model / "config.json");
  std::vector<std::vector<int32_t>> made(static_cast<size_t>(ids.rows));
  std::string failure;
  for (int64_t b = 0; b < ids.rows; ++b) {
    infer::TokenRequest request{.prompt = ids.row(b), .max_tokens = options.max_tokens, .sampling = options.sampling};
    request.sampling.seed += static_cast<uint64_t>(b);
    std::vector<int32_t>& row = made[static_cast<size_t>(b)];
    // The end of text is part of the array, so the scheduler is not told of it.
    MALMOI_TRY(scheduler->submit(std::move(request), [&row, &ends, &failure](const infer::Token& token) {
      if (token.finish == chat::FinishReason::kError) failure = token.error;
      if (token.id < 0) return false;
      row.push_back(token.id);
      return std::find(ends.begin(), ends.end(), token.id) == ends.end();
    }));
  }
  while (scheduler->step()) {
  }
  if (!failure.empty()) return Error{ErrorCode::kInternal, failure, options.model.string(), ""};
  std::vector<int32_t> out;
  for (int64_t b = 0; b < ids.rows; ++b) {
    std::vector<int32_t>& row = made[static_cast<size_t>(b)];
    if (!row.empty()) row.resize(static_cast<size_t>(options.max_tokens), row.back());
    auto prompt = ids.ids.begin() + static_cast<std::ptrdiff_t>(b * ids.cols);
    if (answers) out.push_back(model->decoder_start_token_id);
    else out.insert(out.end(), prompt, prompt + static_cast<std::ptrdiff_t>(ids.cols));
    out.insert(out.end(), row.begin(), row.end());
  }
  return formats::write_npy(options.out, {ids.rows, before + options.max_tokens}, std::span<const int32_t>(out));
}

}  // namespace malmoi::app
