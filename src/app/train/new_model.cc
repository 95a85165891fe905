#include "app/train/new_model.h"

#include <fmt/format.h>

#include "app/train/adapted_model.h"
#include "app/use/generate.h"
#include "kernels/gemm.h"
#include "model/companion.h"
#include "model/gguf_config.h"
#include "model/load.h"
#include "model/registry.h"
#include "quantize/trained_rounding.h"
#include "tokenizer/document_marks.h"
#include "train/freeze.h"

namespace malmoi::app {
namespace {

using train::TrainConfig;

model::Task task_of(const TrainConfig& config) { return train::objective_entry(config.objective.name).task; }

// Rows of a table of positions that no token of a text takes.
int64_t positions_before_text(const Json& object) {
  const Json name = object.value("architecture", Json());
  const model::Family* family = name.is_string() ? model::find_family(name.get<std::string>()) : nullptr;
  if (!family || !family->positions_follow_padding) return 0;
  const Json padding = object.value("pad_token_id", Json());
  return padding.is_number_integer() ? padding.get<int64_t>() + 1 : 2;  // the published one is 1
}

// The fields of `model:` with those that follow from tokenizer and data.
Json complete_config(const TrainConfig& config, const tokenizer::Tokenizer* tokenizer,
                     const std::vector<std::string>& labels) {
  Json object = config.model;
  auto fill = [&](const char* key, Json value) {
    if (!object.contains(key)) object[key] = std::move(value);
  };
  if (!labels.empty()) {
    Json names = Json::object();
    for (size_t i = 0; i < labels.size(); ++i) names[std::to_string(i)] = labels[i];
    fill("id2label", std::move(names));
  }
  auto fill_positions = [&] {
    if (!object.contains("n_positions"))
      fill("max_position_embeddings", config.data.sequence_length + positions_before_text(object));
    return object;
  };
  if (!tokenizer) return fill_positions();
  fill("vocab_size", tokenizer->vocab_size());
  // What the model will have seen, so that whoever begins a text from its config begins as documents did.
  const tokenizer::DocumentMarks marks = tokenizer::document_marks(*tokenizer);
  const bool goes_on = task_of(config) == model::Task::kCausalLm;
  for (auto [key, id] : {std::pair{"bos_token_id", goes_on ? marks.beginning() : tokenizer->bos_id()},
                         {"eos_token_id", marks.after},
                         {"pad_token_id", tokenizer->pad_id()}}) {
    if (id) fill(key, *id);
  }
  return fill_positions();
}

Result<std::unique_ptr<model::Model>> make_new(const ConfigDocument& document, const TrainConfig& config,
                                               const tokenizer::Tokenizer* tokenizer,
                                               const std::vector<std::string>& labels) {
  const Json object = complete_config(config, tokenizer, labels);
  // Before the ids of its tokens are looked at one by one.
  const Json size = object.is_object() && object.contains("vocab_size") ? object["vocab_size"] : Json();
  if (tokenizer && size.is_number_integer() && tokenizer->vocab_size() > size.get<int64_t>())
    return usage_error(
        fmt::format("is {}, but the tokenizer has {} entries", size.get<int64_t>(), tokenizer->vocab_size()),
        document.where("model.vocab_size"), "leave it out, or make it as large");
  return model::make_model(document, object, {.task = task_of(config), .training = true, .path = "model"});
}

// What products will read in place of the weights that are trained.
Status round_weights(const TrainConfig& config, model::Model& model, const std::string& where) {
  if (!config.quantize_aware) return {};
  const train::RoundingOptions& options = *config.quantize_aware;
  MALMOI_ASSIGN(const int64_t matrices, quantize::round_trained(model, {options.type, options.skip}, where));
  if (matrices > 0) return {};
  return usage_error("none of the model's matrices has rows that fill blocks of " + options.type, where,
                     "leave it out, or use a model whose sizes are multiples of 32");
}

}  // namespace

Status resolve_init_from(TrainConfig& config, const Message& message) {
  if (!config.init_from) return {};
  MALMOI_ASSIGN(Path folder, find_model(*config.init_from, message));
  if (config.adapter) config.adapter->base = lasting_name(*config.init_from, folder);
  config.init_from = folder.string();
  return {};
}

Result<std::unique_ptr<model::Model>> describe_model(const ConfigDocument& document, const TrainConfig& config,
                                                     const tokenizer::Tokenizer* tokenizer,
                                                     const std::vector<std::string>& labels) {
  MALMOI_TRY(check_precision(config.precision, document.where("train") + ".dtype"));
  std::unique_ptr<model::Model> model;
  if (config.adapter && model::is_gguf(*config.init_from)) {  // whose weights stay packed as they are
    MALMOI_ASSIGN(model, model::describe_weights(*config.init_from, {.task = task_of(config), .labels = labels}));
  } else if (config.init_from) {
    MALMOI_ASSIGN(model, model::load_config(*config.init_from, task_of(config), labels));
  } else {
    MALMOI_ASSIGN(model, make_new(document, config, tokenizer, labels));
  }
  if (config.data.streams && !model->backbone->carries_states())
    return usage_error("is streams, but '" + model->model_type() + "' carries no state from step to step",
                       document.where("data.order"), "use shuffled, or a family that does, such as lstm");
  if (auto accompany = train::objective_entry(config.objective.name).accompany; accompany && config.data.is_flat())
    MALMOI_TRY(accompany(*model, config.objective));
  if (config.adapter) MALMOI_TRY(describe_adapter(document, config, *model));
  MALMOI_TRY(round_weights(config, *model, document.where("train.quantize_aware")));
  if (config.freeze.empty()) return model;
  MALMOI_TRY(train::check_freeze(config.freeze, model->parameters, document.where("train.freeze")));
  auto frozen = train::frozen_by(config.freeze);
  for (auto& entry : model->parameters.entries())
    entry->parameter.trainable = !entry->spec.fixed && !frozen(entry->spec);
  return model;
}

Status fill_model(const TrainConfig& config, std::unique_ptr<model::Model>& model, const Warn& warn) {
  DType type = activation_type(config.precision);
  if (config.adapter) {
    MALMOI_ASSIGN(model, load_adapted_model(config, *model, warn));
    return {};
  }
  if (config.init_from) {
    MALMOI_ASSIGN(auto filled, model::load_model(*config.init_from, {.purpose = model::Purpose::kTraining,
                                                                     .dtype = type,
                                                                     .task = task_of(config),
                                                                     .labels = model->labels,
                                                                     .seed = config.seed,
                                                                     .frozen = train::frozen_by(config.freeze),
                                                                     .warn = warn}));
    if (model->companion) MALMOI_TRY(model::attach_companion(*filled, model->companion->config()));
    model = std::move(filled);
    MALMOI_TRY(round_weights(config, *model, "train.quantize_aware"));
  } else {
    model->parameters.allocate(model::Purpose::kTraining, type);
    model->parameters.initialize(config.seed);
  }
  if (model->companion) model::fill_companion(*model, model::Purpose::kTraining, config.seed);
  return {};
}

Status check_precision(Precision precision, std::string where) {
  if (precision != Precision::kInt8 || kernels::has_int8_products()) return {};
  return unsupported("int8 products need AVX-512 with VNNI, which is not in use here", std::move(where), "use bf16");
}

}  // namespace malmoi::app
