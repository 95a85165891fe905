#include "protocol/ollama_request.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/constraint_fields.h"
#include "protocol/thinking_fields.h"

namespace malmoi::protocol {
namespace {

// 0 or less, as -1 and -2 in its documentation: as many tokens as the context holds.
void read_num_predict(Fields& given, GenerationOptions& options) {
  const std::optional<int64_t> most = given.integer("num_predict", -2, 1 << 24);
  if (most && *most > 0) options.max_tokens = most;
}

// Clients send -1 for a seed of the server's choice.
void forget_negative_seed(GenerationOptions& options) {
  if (options.seeded && options.sampling.seed == static_cast<uint64_t>(int64_t{-1})) options.seeded = false;
}

std::optional<chat::Constraint> read_form(Fields& fields) {
  const Json* format = fields.raw("format");
  if (!format || *format == "") return {};
  if (*format == "json") return chat::Constraint{};
  if (format->is_object()) return schema_constraint(*format);
  fields.fail("format", "'format' is not \"json\" or a JSON schema");
  return {};
}

chat::Thinking read_think(Fields& fields) {
  const Json* think = fields.raw("think");
  if (!think) return {};
  if (think->is_boolean()) return {.wanted = think->get<bool>()};
  const auto thinking = think->is_string() ? thinking_of(think->get<std::string>(), "think") : std::nullopt;
  if (thinking && *thinking->wanted) return *thinking;
  fields.fail("think", "'think' is not true, false, low, medium or high");
  return {};
}

}  // namespace

void read_ollama_options(Fields& fields, const chat::SamplingOptions& defaults, TextRequest& request) {
  static const Json kNone = Json::object();
  const Json* options = fields.raw("options");
  if (options && !options->is_object()) return fields.fail("options", "'options' is not an object");
  Fields given(options ? *options : kNone, "options.");
  read_sampling(given, defaults, request.options);
  forget_negative_seed(request.options);
  read_num_predict(given, request.options);
  request.options.stop = given.texts("stop", 16);
  request.context = given.integer("num_ctx", 0, int64_t{1} << 40).value_or(0);
  request.context_field = "options.num_ctx";
  given.refuse("tfs_z", "this server does not offer it", 1);
  given.refuse("penalize_newline", "penalties are for all tokens alike", true);
  given.refuse("vocab_only", "there would be no answer");
  given.refuse("embedding_only", "there would be no answer");
  // Where and how another server computes; num_keep is about prompts that are cut, and here none is.
  given.ignore({"num_keep", "num_batch", "num_gpu", "main_gpu", "num_thread", "numa", "low_vram", "f16_kv",
                "logits_all", "use_mmap", "use_mlock"});
  if (Status done = given.finish(); !done.ok()) fields.fail(done.error());
}

TextRequest read_ollama_request(Fields& fields, const chat::SamplingOptions& defaults) {
  TextRequest request;
  GenerationOptions& options = request.options;
  options.model = without_tag(fields.text("model").value_or(""));
  options.stream = fields.boolean("stream").value_or(true);
  read_ollama_options(fields, defaults, request);
  options.constraint = read_form(fields);
  options.thinking = read_think(fields);
  read_logprobs(fields, options);
  for (const char* name : {"width", "height", "steps"}) fields.refuse(name, "the model makes no images", 0);
  // The model stays as long as the server runs; a prompt that is too long is an error, neither cut nor moved on.
  fields.ignore({"keep_alive", "truncate", "shift"});
  return request;
}

std::string without_tag(std::string name) {
  constexpr std::string_view kTag = ":latest";
  if (name.size() > kTag.size() && name.ends_with(kTag)) name.resize(name.size() - kTag.size());
  return name;
}

}  // namespace malmoi::protocol
