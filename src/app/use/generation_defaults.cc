#include "app/use/generation_defaults.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "app/use/token_biases.h"
#include "base/json_read.h"
#include "formats/gguf.h"
#include "model/gguf_config.h"
#include "model/load.h"

namespace malmoi::app {
namespace {

constexpr uint64_t kLargestConfig = 64 << 20;
constexpr const char* kWhere = "generation_config.json";
constexpr int64_t kMostTokens = int64_t{1} << 30;

Json object_in(const Path& file) {
  auto json = read_json(file.string(), kLargestConfig);
  return json.ok() && json->is_object() ? *std::move(json) : Json::object();
}

bool flag(const Json& fields, const char* key, bool fallback) {
  auto found = fields.find(key);
  return found != fields.end() && found->is_boolean() ? found->get<bool>() : fallback;
}

// A field that asks for something, by a value that is not the one that asks for nothing.
bool asks(const Json& fields, const char* key, const Json& nothing) {
  auto found = fields.find(key);
  return found != fields.end() && !found->is_null() && *found != nothing;
}

void warn_of_unsupported(const Json& fields, const Warn& warn) {
  const std::pair<const char*, Json> kNothing[] = {{"num_beam_groups", 1},
                                                   {"diversity_penalty", 0.0},
                                                   {"penalty_alpha", nullptr},
                                                   {"guidance_scale", 1.0},
                                                   {"sequence_bias", nullptr},
                                                   {"epsilon_cutoff", 0.0},
                                                   {"eta_cutoff", 0.0},
                                                   {"exponential_decay_length_penalty", nullptr},
                                                   {"constraints", nullptr},
                                                   {"force_words_ids", nullptr},
                                                   {"watermarking_config", nullptr},
                                                   {"stop_strings", nullptr},
                                                   {"max_time", nullptr}};
  for (const auto& [key, nothing] : kNothing) {
    if (asks(fields, key, nothing))
      warn(std::string(kWhere) + " asks for " + key + ", which is not supported: it is left out");
  }
}

void add_sampling(const Json& fields, bool answers, const Given& given, chat::SamplingOptions& sampling) {
  const chat::SamplingOptions said = sampling_defaults(fields);
  if (!given("top-k")) sampling.top_k = said.top_k;
  if (!given("top-p")) sampling.top_p = said.top_p;
  if (!given("min-p")) sampling.min_p = said.min_p;
  if (!given("typical-p")) sampling.typical_p = said.typical_p;
  if (!given("repetition-penalty")) sampling.repetition_penalty = said.repetition_penalty;
  if (given("temperature")) return;
  sampling.temperature = flag(fields, "do_sample", !answers) ? said.temperature : 0;
}

void add_lengths(const Json& fields, bool answers, const Given& given, GenerateOptions& options) {
  infer::AnswerRules& rules = options.answers.rules;
  rules.min_length = json_count(fields, "min_length", kMostTokens).value_or(0);
  if (!given("min-tokens")) rules.min_new_tokens = json_count(fields, "min_new_tokens", kMostTokens).value_or(0);
  if (given("max-tokens") || !answers) return;
  // max_length counts the token that the decoder begins with.
  if (auto length = json_count(fields, "max_length", kMostTokens); length && *length > 1)
    options.max_tokens = *length - 1;
  if (auto tokens = json_count(fields, "max_new_tokens", kMostTokens)) options.max_tokens = *tokens;
}

Status add_beams(const Json& fields, const Given& given, double temperature, AnswerOptions& answers) {
  if (given("temperature") && given("beams") && answers.beams > 1 && temperature > 0)
    return usage_error("a search over beams draws nothing", "--temperature", "leave it out, or use --beams 1");
  const bool one_path = given("temperature") && !given("beams");
  if (!given("beams") && !one_path) answers.beams = json_count(fields, "num_beams", kMostTokens).value_or(1);
  if (!given("n-best")) answers.n_best = one_path ? 1 : json_count(fields, "num_return_sequences").value_or(1);
  if (!given("length-penalty")) answers.length_penalty = json_number(fields, "length_penalty").value_or(1);
  answers.renormalise = flag(fields, "renormalize_logits", false);
  auto early = fields.find("early_stopping");
  if (given("early-stopping") || early == fields.end() || early->is_null()) return {};
  auto parsed = infer::parse_early_stopping(early->is_string() ? early->get<std::string>() : dump_json(*early));
  if (!parsed.ok())
    return invalid_data(parsed.error().what, std::string(kWhere) + ": early_stopping", parsed.error().remedy);
  answers.early_stopping = *parsed;
  return {};
}

void add_rules(const Json& fields, const Given& given, infer::AnswerRules& rules) {
  if (!given("no-repeat-ngram"))
    rules.no_repeat_ngram_size = json_count(fields, "no_repeat_ngram_size", kMostTokens).value_or(0);
  rules.encoder_no_repeat_ngram_size = json_count(fields, "encoder_no_repeat_ngram_size", kMostTokens).value_or(0);
  rules.encoder_repetition_penalty = json_number(fields, "encoder_repetition_penalty").value_or(1);
  for (const Json& word : json_list(fields, "bad_words_ids")) {
    const std::vector<int32_t> ids = ids_under({{"ids", word}}, "ids");
    if (!ids.empty()) rules.bad_words.push_back(ids);
  }
  const std::vector<int32_t> first = ids_under(fields, "forced_bos_token_id");
  if (!given("forced-bos") && !first.empty()) rules.forced_bos_token_id = first[0];
  rules.forced_eos_token_ids = ids_under(fields, "forced_eos_token_id");
  rules.suppress_tokens = ids_under(fields, "suppress_tokens");
  rules.begin_suppress_tokens = ids_under(fields, "begin_suppress_tokens");
}

}  // namespace

Json generation_fields(const Path& folder) {
  Json fields = object_in(folder / kWhere);
  return fields.empty() ? object_in(folder / "config.json") : fields;
}

// A GGUF file names the end of a text, of a turn, and of a message, each by a key of its own.
std::vector<int32_t> end_ids_of_gguf(const Path& path) {
  std::vector<int32_t> ids;
  auto file = formats::Gguf::open(path);
  if (!file.ok()) return ids;
  for (const char* key : {"eos_token_id", "eot_token_id", "eom_token_id"}) {
    const int64_t id = file->integer_or(std::string("tokenizer.ggml.") + key, -1);
    if (id >= 0 && id <= INT32_MAX) ids.push_back(static_cast<int32_t>(id));
  }
  return ids;
}

std::vector<int32_t> end_ids(const Path& folder) {
  if (model::is_gguf(folder)) return end_ids_of_gguf(folder);
  std::vector<int32_t> ids = ids_under(object_in(folder / kWhere), "eos_token_id");
  return ids.empty() ? ids_under(object_in(folder / "config.json"), "eos_token_id") : ids;
}

std::vector<int32_t> ids_under(const Json& fields, std::string_view key) {
  std::vector<int32_t> ids;
  auto found = fields.find(key);
  if (found == fields.end()) return ids;
  auto add = [&](const Json& id) {
    if (id.is_number_integer()) ids.push_back(id.get<int32_t>());
  };
  if (found->is_array()) std::for_each(found->begin(), found->end(), add);
  else add(*found);
  return ids;
}

chat::SamplingOptions sampling_defaults(const Json& fields) {
  const chat::SamplingOptions defaults;
  chat::SamplingOptions given = defaults;
  auto number = [&](const char* key, double& value) { value = json_number(fields, key).value_or(value); };
  number("temperature", given.temperature);
  number("top_p", given.top_p);
  number("min_p", given.min_p);
  number("typical_p", given.typical_p);
  number("repetition_penalty", given.repetition_penalty);
  given.top_k = json_count(fields, "top_k").value_or(given.top_k);
  return given.check().ok() ? given : defaults;
}

Status add_generation_defaults(const Json& fields, const model::Model& model, const Given& given,
                               GenerateOptions& options, const Warn& warn) {
  const bool answers = model.task() == model::Task::kSeq2Seq;
  warn_of_unsupported(fields, warn);
  add_sampling(fields, answers, given, options.sampling);
  add_lengths(fields, answers, given, options);
  add_rules(fields, given, options.answers.rules);
  if (options.ignore_eos) options.answers.rules.forced_eos_token_ids.clear();
  return add_beams(fields, given, options.sampling.temperature, options.answers);
}

namespace {

// `tokenizer` may be null: numbers alone.
Result<int32_t> token_named(const tokenizer::Tokenizer* tokenizer, const std::string& name, const char* option) {
  if (tokenizer) {
    if (auto id = tokenizer->id_of(name)) return *id;
  }
  int32_t id = -1;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error == std::errc() && end == name.data() + name.size() && id >= 0) return id;
  return usage_error("'" + name + "' is no token of the vocabulary", option, "give a token as it is spelled, or an id");
}

Status add_named(const NamedTokens& tokens, const model::Model& model, const tokenizer::Tokenizer* tokenizer,
                 AnswerOptions& answers) {
  if (tokens.forced_bos) {
    MALMOI_ASSIGN(answers.rules.forced_bos_token_id, token_named(tokenizer, *tokens.forced_bos, "--forced-bos"));
  }
  if (!tokens.answer_start) return {};
  if (model.task() != model::Task::kSeq2Seq)
    return usage_error("only the answers of an encoder-decoder begin with a token of their own", "--answer-start",
                       "leave it out");
  MALMOI_ASSIGN(int32_t start, token_named(tokenizer, *tokens.answer_start, "--answer-start"));
  answers.begin = {start};
  return {};
}

}  // namespace

Status complete_options(const LoadedModel& loaded, const Given& given, const NamedTokens& tokens,
                        GenerateOptions& options, const Warn& warn) {
  MALMOI_TRY(add_generation_defaults(generation_fields(loaded.folder), *loaded.model, given, options, warn));
  return add_named(tokens, *loaded.model, loaded.tokenizer.get(), options.answers);
}

Status complete_for_ids(const Path& folder, const Given& given, const NamedTokens& tokens, GenerateOptions& options,
                        const Warn& warn) {
  MALMOI_ASSIGN(auto model, model::load_config(folder));
  if (options.answers.beams > 1)
    MALMOI_TRY(add_generation_defaults(generation_fields(folder), *model, given, options, warn));
  MALMOI_TRY(add_token_biases(nullptr, std::exchange(options.token_biases, {}), options.sampling));
  return add_named(tokens, *model, nullptr, options.answers);
}

}  // namespace malmoi::app
