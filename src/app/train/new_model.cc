#include "app/train/new_model.h"

#include <fmt/format.h>

#include "app/use/generate.h"
#include "kernels/gemm.h"
#include "model/load.h"
#include "model/registry.h"
#include "tokenizer/document_marks.h"
#include "train/freeze.h"

namespace malmoi::app {
namespace {

using train::TrainConfig;

model::Task task_of(const TrainConfig& config) { return train::objective_entry(config.objective.name).task; }

// The fields of `model:` with those that follow from tokenizer and data.
Json complete_config(const TrainConfig& config, const tokenizer::Tokenizer* tokenizer,
                     const std::vector<std::string>& labels) {
  Json object = config.model;
  auto fill = [&](const char* key, Json value) {
    if (!object.contains(key)) object[key] = std::move(value);
  };
  if (!object.contains("n_positions")) fill("max_position_embeddings", config.data.sequence_length);
  if (!labels.empty()) {
    Json names = Json::object();
    for (size_t i = 0; i < labels.size(); ++i) names[std::to_string(i)] = labels[i];
    fill("id2label", std::move(names));
  }
  if (!tokenizer) return object;
  fill("vocab_size", tokenizer->vocab_size());
  // What the model will have seen, so that whoever begins a text from its config begins as documents did.
  const tokenizer::DocumentMarks marks = tokenizer::document_marks(*tokenizer);
  const bool goes_on = task_of(config) == model::Task::kCausalLm;
  for (auto [key, id] : {std::pair{"bos_token_id", goes_on ? marks.beginning() : tokenizer->bos_id()},
                         {"eos_token_id", marks.after},
                         {"pad_token_id", tokenizer->pad_id()}}) {
    if (id) fill(key, *id);
  }
  return object;
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

}  // namespace

Status resolve_init_from(TrainConfig& config, const Message& message) {
  if (!config.init_from) return {};
  MALMOI_ASSIGN(Path folder, find_model(*config.init_from, message));
  config.init_from = folder.string();
  return {};
}

Result<std::unique_ptr<model::Model>> describe_model(const ConfigDocument& document, const TrainConfig& config,
                                                     const tokenizer::Tokenizer* tokenizer,
                                                     const std::vector<std::string>& labels) {
  MALMOI_TRY(check_precision(config.precision, document.where("train") + ".dtype"));
  std::unique_ptr<model::Model> model;
  if (config.init_from) {
    MALMOI_ASSIGN(model, model::load_config(*config.init_from, task_of(config), labels));
  } else {
    MALMOI_ASSIGN(model, make_new(document, config, tokenizer, labels));
  }
  if (config.freeze.empty()) return model;
  MALMOI_TRY(train::check_freeze(config.freeze, model->parameters, document.where("train.freeze")));
  auto frozen = train::frozen_by(config.freeze);
  for (auto& entry : model->parameters.entries())
    entry->parameter.trainable = !entry->spec.fixed && !frozen(entry->spec);
  return model;
}

Status fill_model(const TrainConfig& config, std::unique_ptr<model::Model>& model, const Warn& warn) {
  DType type = activation_type(config.precision);
  if (config.init_from) {
    MALMOI_ASSIGN(model, model::load_model(*config.init_from, {.purpose = model::Purpose::kTraining,
                                                               .dtype = type,
                                                               .task = task_of(config),
                                                               .labels = model->labels,
                                                               .seed = config.seed,
                                                               .frozen = train::frozen_by(config.freeze),
                                                               .warn = warn}));
    return {};
  }
  model->parameters.allocate(model::Purpose::kTraining, type);
  model->parameters.initialize(config.seed);
  return {};
}

Status check_precision(Precision precision, std::string where) {
  if (precision != Precision::kInt8 || kernels::has_int8_products()) return {};
  return unsupported("int8 products need AVX-512 with VNNI, which is not in use here", std::move(where), "use bf16");
}

}  // namespace malmoi::app
