#include "app/compare/config.h"

#include <set>

#include "base/json_read.h"

namespace malmoi::app {
namespace {

constexpr int64_t kContexts[] = {128, 256, 512, 1024, 2048, 4096, 8192};
constexpr int64_t kLongestContext = 1 << 20;

void read_models(ConfigReader& reader, CompareConfig& config) {
  const Json& models = reader.raw("models");
  if (!models.is_array() || models.size() < 2) {
    reader.fail("models", "must list two or more", "write a list of {name, model}");
    return;
  }
  std::set<std::string> names;
  for (const Json& entry : models) {
    ComparedModel model{.name = json_string(entry, "name"),
                        .model = json_object(entry, "model"),
                        .data = json_object(entry, "data"),
                        .train = json_object(entry, "train")};
    if (model.name.empty()) model.name = json_string(model.model, "architecture");
    const bool plain = model.name.find_first_of("/\\") == std::string::npos && !model.name.starts_with('.');
    if (model.name.empty() || !model.model.is_object() || !model.model.contains("architecture"))
      reader.fail("models", "an entry names no model.architecture", "write {name, model: {architecture, ...}}");
    else if (!plain) reader.fail("models", "'" + model.name + "' is no name of a folder", "use letters and digits");
    else if (!names.insert(model.name).second)
      reader.fail("models", "'" + model.name + "' stands twice", "name one of them");
    config.models.push_back(std::move(model));
  }
}

void read_contexts(ConfigReader& reader, CompareConfig& config) {
  if (!reader.present("contexts")) {
    config.contexts.assign(std::begin(kContexts), std::end(kContexts));
    return;
  }
  for (double length : reader.numbers("contexts")) {
    if (length < 1 || length > static_cast<double>(kLongestContext)) {
      reader.fail("contexts", "must be numbers of tokens from 1 to 1048576");
      return;
    }
    config.contexts.push_back(static_cast<int64_t>(length));
  }
}

Status read_recall(ConfigReader& root, RecallConfig& recall) {
  if (!root.has("recall")) return {};
  ConfigReader reader = root.object("recall");
  recall.asked = true;
  recall.parameters = reader.integer("parameters", recall.parameters, 1000, int64_t{1} << 40);
  recall.length = reader.integer("length", recall.length, 16, 1 << 16);
  recall.keys = reader.integer("keys", recall.keys, 8, 1 << 16);
  recall.minutes = reader.number("minutes", recall.minutes, 0.001, 1e6);
  if (recall.length % 2 != 0) reader.fail("length", "is odd, but a sequence is pairs of a key and a value");
  return reader.finish();
}

}  // namespace

Result<CompareConfig> parse_compare_config(const ConfigDocument& document) {
  ConfigReader reader(document);
  CompareConfig config;
  if (reader.integer("schema_version", 1) != 1) reader.fail("schema_version", "is not known", "use 1");
  config.data = reader.raw("data");
  if (!config.data.is_object())
    reader.fail("data", "is missing", "name the text: data: {train: [PATH], valid_fraction: 0.05}");
  config.tokenizer = reader.raw("tokenizer");
  if (config.tokenizer.is_null())
    reader.fail("tokenizer", "is missing", "name a tokenizer's folder, or use {type: char}");
  config.parameters = reader.integer("parameters", 0, 1000, int64_t{1} << 40);
  if (!reader.has("parameters")) reader.fail("parameters", "is missing", "say how many each model is to have");
  config.tolerance = reader.number("tolerance", 0.05, 0.001, 0.5);
  if (reader.has("train")) config.train = reader.raw("train");
  if (!config.train.is_object()) reader.fail("train", "is not an object", "give minutes, batch_size, optimizer ...");
  read_models(reader, config);
  read_contexts(reader, config);
  Status recall = read_recall(reader, config.recall);
  config.out = reader.text("out", "");
  if (config.out.empty()) reader.fail("out", "is missing", "name a folder for the comparison");
  MALMOI_TRY(reader.finish());
  MALMOI_TRY(recall);
  return config;
}

}  // namespace malmoi::app
