#include <fmt/format.h>

#include "app/use/generate.h"
#include "app/recipe/kinds/kinds.h"
#include "base/json_read.h"

namespace malmoi::app::kinds {
namespace {

std::vector<Path> sample_inputs(const Json& settings) { return {json_string(settings, "model")}; }

Result<GenerateOptions> read_options(ConfigReader& reader) {
  GenerateOptions options;
  options.max_tokens = reader.integer("max_tokens", 60, 1, 1 << 20);
  options.sampling.temperature = 0.7;
  options.sampling.top_p = 0.9;
  for (const chat::SamplingField& field : chat::sampling_fields()) {
    auto read = [&](auto& value) {
      if constexpr (std::is_same_v<decltype(value), double&>) value = reader.number(field.name, value);
      else value = reader.integer(field.name, value);
    };
    std::visit([&](auto member) { read(options.sampling.*member); }, field.member);
  }
  options.sampling.dry_sequence_breakers =
      reader.texts("dry_sequence_breakers", options.sampling.dry_sequence_breakers);
  options.sampling.seed = static_cast<uint64_t>(reader.integer("seed", 1, 0));
  return options;
}

Status sample_run(const StageCall& call) {
  ConfigReader reader(call.settings);
  std::string model = reader.text("model", "");
  if (model.empty()) reader.fail("model", "the folder of the model is missing");
  std::vector<std::string> prompts = reader.texts("prompts");
  if (prompts.empty()) reader.fail("prompts", "a list of texts is missing");
  int64_t next_words = reader.integer("next_words", 0, 0, 1000);
  MALMOI_ASSIGN(GenerateOptions options, read_options(reader));
  MALMOI_TRY(reader.finish());
  MALMOI_TRY(options.sampling.check());
  MALMOI_ASSIGN(LoadedModel loaded, load_for_generation(model, {DType::kF32}, call.job));
  Json samples = Json::array();
  for (const std::string& prompt : prompts) {
    options.prompt = prompt;
    warn_of_unknown(*loaded.tokenizer, prompt, call.job.warn);
    MALMOI_ASSIGN(Generated answer, generate(loaded, options, nullptr, call.job.stop));
    Json sample = {{"prompt", prompt}, {"text", answer.text}};
    if (next_words > 0) {
      MALMOI_ASSIGN(NextReport next, next_probabilities(loaded, prompt, next_words));
      sample["next"] = to_json(next)["words"];
    }
    samples.push_back(std::move(sample));
  }
  MALMOI_TRY(make_folder(call.out));
  return write_file(call.out / "samples.json", dump_json({{"samples", std::move(samples)}}, 2) + "\n");
}

Result<Json> sample_result(const Path& out) { return read_json((out / "samples.json").string()); }

Result<std::string> sample_show(const Path& out) {
  MALMOI_ASSIGN(Json all, sample_result(out));
  std::string text;
  for (const Json& sample : json_list(all, "samples")) {
    text += fmt::format("{}|{}\n", json_string(sample, "prompt"), json_string(sample, "text"));
    for (const Json& next : json_list(sample, "next"))
      text += fmt::format("  {:5.1f} %  {}\n", 100 * json_number(next, "probability").value_or(0),
                          json_string(next, "word"));
    text += "\n";
  }
  return text;
}

}  // namespace

const StageKind kSample = {
    "sample", "continue prompts with a model", 1, false, sample_inputs, sample_run, sample_show, sample_result};

}  // namespace malmoi::app::kinds
