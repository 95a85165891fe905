#include "app/use/generate.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "app/use/id_array.h"
#include "base/cancel.h"
#include "base/log.h"
#include "formats/npy.h"
#include "infer/runner.h"
#include "model/io.h"

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

Json token_json(const tokenizer::Tokenizer& tokenizer, const infer::Candidate& c) {
  return {{"id", c.id},
          {"token", tokenizer.token_bytes(c.id)},
          {"probability", std::exp(c.logprob)},
          {"logprob", c.logprob}};
}

const char* finish_name(infer::FinishReason reason) {
  switch (reason) {
    case infer::FinishReason::kStop: return "stop";
    case infer::FinishReason::kLength: return "length";
    case infer::FinishReason::kCancelled: return "cancelled";
    case infer::FinishReason::kError: return "error";
    case infer::FinishReason::kNone: break;
  }
  return "none";
}

}  // namespace

Result<Path> find_model(const std::string& name) {
  if (std::filesystem::exists(name)) return Path(name);
  const char* home = std::getenv("MALMOI_HOME");
  const char* user = std::getenv("HOME");
  Path store = home ? Path(home) : Path(user ? user : ".") / ".cache" / "malmoi";
  if (!name.empty() && std::filesystem::exists(store / name)) return store / name;
  return not_found("there is no such model", name.empty() ? "--model" : name,
                   "give a model folder, or a name in " + store.string());
}

Result<LoadedModel> load_for_generation(const std::string& name, DType dtype) {
  LoadedModel loaded;
  MALMOI_ASSIGN(loaded.folder, find_model(name));
  MALMOI_ASSIGN(loaded.model, model::load_model(loaded.folder, {model::Purpose::kServing, dtype}));
  MALMOI_ASSIGN(tokenizer::Tokenizer tokenizer, tokenizer::Tokenizer::load(loaded.folder));
  loaded.tokenizer = std::make_unique<tokenizer::Tokenizer>(std::move(tokenizer));
  if (loaded.tokenizer->vocab_size() > loaded.model->vocab_size())
    log_warning("the tokenizer has " + std::to_string(loaded.tokenizer->vocab_size()) + " entries, the model " +
                std::to_string(loaded.model->vocab_size()) + ": they may not belong together");
  loaded.stop_ids = eos_ids(loaded.folder / "generation_config.json");
  if (loaded.stop_ids.empty()) loaded.stop_ids = eos_ids(loaded.folder / "config.json");
  if (loaded.stop_ids.empty() && loaded.tokenizer->eos_id()) loaded.stop_ids.push_back(*loaded.tokenizer->eos_id());
  return loaded;
}

Result<std::vector<int32_t>> prompt_ids(const LoadedModel& loaded, const std::string& prompt, bool parse_special) {
  std::vector<int32_t> ids = loaded.tokenizer->encode(prompt, {.add_special = true, .parse_special = parse_special});
  if (ids.empty() && !loaded.stop_ids.empty()) ids.push_back(loaded.stop_ids[0]);
  if (ids.empty()) return usage_error("the prompt is empty", "--prompt", "give some text");
  return ids;
}

Result<Json> generate(const LoadedModel& loaded, const GenerateOptions& options,
                      const std::function<void(const std::string&)>& on_text) {
  infer::Request request;
  MALMOI_ASSIGN(request.prompt, prompt_ids(loaded, options.prompt, options.parse_special));
  request.max_tokens = options.max_tokens;
  request.sampling = options.sampling;
  request.stop = options.stop;
  request.top_probabilities = options.top_probabilities;
  if (!options.ignore_eos) request.stop_ids = loaded.stop_ids;
  auto prompt_tokens = static_cast<int64_t>(request.prompt.size());
  Json tokens = Json::array();
  std::string text, finish, failure;
  int64_t generated = 0;
  double begin = monotonic_seconds();
  MALMOI_TRY(infer::generate(*loaded.model, *loaded.tokenizer, std::move(request), [&](const infer::TokenEvent& event) {
    text += event.text;
    if (!event.text.empty() && on_text) on_text(event.text);
    if (event.id >= 0) {
      ++generated;
      if (options.top_probabilities > 0) {
        Json top = Json::array();
        for (const infer::Candidate& c : event.top) top.push_back(token_json(*loaded.tokenizer, c));
        Json token = token_json(*loaded.tokenizer, {event.id, event.logprob});
        token["alternatives"] = std::move(top);
        tokens.push_back(std::move(token));
      }
    }
    if (event.finish == infer::FinishReason::kError) failure = event.error;
    if (event.finish != infer::FinishReason::kNone) finish = finish_name(event.finish);
    else if (stop_requested()) finish = finish_name(infer::FinishReason::kCancelled);
    return !stop_requested();
  }));
  if (!failure.empty()) return Error{ErrorCode::kInternal, failure, loaded.folder.string(), ""};
  double seconds = monotonic_seconds() - begin;
  Json result = {{"text", text},
                 {"finish_reason", finish},
                 {"prompt_tokens", prompt_tokens},
                 {"generated_tokens", generated},
                 {"seconds", seconds},
                 {"tokens_per_second", seconds > 0 ? static_cast<double>(generated) / seconds : 0.0}};
  if (options.top_probabilities > 0) result["tokens"] = std::move(tokens);
  return result;
}

Result<Json> next_probabilities(const LoadedModel& loaded, const std::string& prompt, int64_t count) {
  MALMOI_ASSIGN(std::vector<int32_t> ids, prompt_ids(loaded, prompt));
  if (static_cast<int64_t>(ids.size()) >= loaded.model->max_positions())
    return usage_error("the prompt has " + std::to_string(ids.size()) + " tokens, the context " +
                           std::to_string(loaded.model->max_positions()),
                       "--prompt", "shorten it");
  infer::Runner runner(*loaded.model, true);
  nn::BatchBuilder batch;
  batch.add(ids);
  int64_t last = batch.rows() - 1;
  Json tokens = Json::array(), words = Json::array();
  for (const infer::Candidate& c : infer::top_candidates(runner.logits(batch.batch(), {&last, 1}), count))
    tokens.push_back(token_json(*loaded.tokenizer, c));
  for (const infer::NextWord& w : infer::next_words(runner, *loaded.tokenizer, ids, count))
    words.push_back({{"word", w.word}, {"probability", w.probability}});
  return Json{{"prompt", prompt}, {"tokens", std::move(tokens)}, {"words", std::move(words)}};
}

Status generate_ids(const GenerateIdsOptions& options) {
  MALMOI_ASSIGN(auto model, model::load_model(options.model, {model::Purpose::kServing, options.dtype}));
  MALMOI_TRY(options.sampling.check());
  MALMOI_ASSIGN(IdArray ids, read_ids(options.ids, options.mask, model->vocab_size()));
  if (ids.cols + options.max_tokens > model->max_positions())
    return usage_error(std::to_string(ids.cols) + " ids and " + std::to_string(options.max_tokens) +
                           " more do not fit the context of " + std::to_string(model->max_positions()),
                       options.ids.string(), "use a smaller --max-tokens");
  std::vector<int32_t> ends = options.ignore_eos ? std::vector<int32_t>{} : eos_ids(options.model / "config.json");
  infer::Runner runner(*model, true);
  std::vector<nn::SequenceState> states;
  std::vector<infer::Sampler> samplers;
  std::vector<std::vector<int32_t>> rows;
  std::vector<int32_t> out;
  for (int64_t b = 0; b < ids.rows; ++b) {
    states.push_back(runner.new_state());
    infer::SamplingOptions sampling = options.sampling;
    sampling.seed += static_cast<uint64_t>(b);
    samplers.emplace_back(sampling, model->vocab_size());
    rows.push_back(ids.row(b));
    for (int32_t id : rows.back()) samplers.back().observe(id);
  }
  std::vector<std::vector<int32_t>> made(rows.size()), feed = rows;
  std::vector<bool> ended(rows.size(), false);
  for (int64_t step = 0; step < options.max_tokens; ++step) {
    nn::BatchBuilder batch;
    std::vector<int64_t> last;
    for (size_t b = 0; b < rows.size(); ++b) {
      batch.add(feed[b], static_cast<int32_t>(states[b].length()), &states[b]);
      last.push_back(batch.rows() - 1);
    }
    std::span<const float> logits = runner.logits(batch.batch(), last);
    auto vocab = static_cast<size_t>(model->vocab_size());
    for (size_t b = 0; b < rows.size(); ++b) {
      int32_t id = ended[b] ? made[b].back() : samplers[b].next(logits.subspan(b * vocab, vocab)).id;
      if (std::find(ends.begin(), ends.end(), id) != ends.end()) ended[b] = true;
      samplers[b].observe(id);
      made[b].push_back(id);
      feed[b] = {id};
    }
  }
  for (size_t b = 0; b < rows.size(); ++b) {
    out.insert(out.end(), ids.ids.begin() + static_cast<std::ptrdiff_t>(b) * ids.cols,
               ids.ids.begin() + static_cast<std::ptrdiff_t>(b + 1) * ids.cols);
    out.insert(out.end(), made[b].begin(), made[b].end());
  }
  return formats::write_npy(options.out, {ids.rows, ids.cols + options.max_tokens}, std::span<const int32_t>(out));
}

}  // namespace malmoi::app
