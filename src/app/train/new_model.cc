#include "app/train/new_model.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernels/gemm.h"
#include "model/io.h"
#include "model/registry.h"

namespace malmoi::app {
namespace {

using train::TrainConfig;

// A size that is not there; a misspelt key is named as that.
Error missing_size(const ConfigDocument& document, const Json& model, const char* name, const char* meaning) {
  for (const auto& [key, value] : model.items()) {
    if (nearest_word(key, {name}).empty()) continue;
    return usage_error("unknown key '" + key + "'", document.where("model." + key),
                       std::string("did you mean '") + name + "'?");
  }
  return usage_error("is missing", document.where("model") + "." + name, std::string("give ") + meaning);
}

// The published fields of `model:`, with those that follow from tokenizer and data.
Result<Json> complete_config(const ConfigDocument& document, const TrainConfig& config,
                             const tokenizer::Tokenizer* tokenizer) {
  Json object = config.model;
  bool gpt2 = json_string(object, "architecture") == "gpt2";
  auto given = [&](std::initializer_list<const char*> names) {
    return std::any_of(names.begin(), names.end(),
                       [&](const char* n) { return object.contains(n) && !object[n].is_null(); });
  };
  // The published defaults are of models of billions of weights: sizes must be said here.
  if (!given({"hidden_size", "n_embd"})) return missing_size(document, object, "hidden_size", "the width of the model");
  if (!given({"num_hidden_layers", "n_layer"}))
    return missing_size(document, object, "num_hidden_layers", "the number of layers");
  if (!given({"num_attention_heads", "n_head"}))
    return missing_size(document, object, "num_attention_heads", "the number of heads");
  if (tokenizer && !given({"vocab_size"})) object["vocab_size"] = tokenizer->vocab_size();
  if (!given({"vocab_size"}))
    return usage_error("is missing", document.where("model") + ".vocab_size", "give it, or a tokenizer");
  if (!given({"max_position_embeddings", "n_positions"}))
    object[gpt2 ? "n_positions" : "max_position_embeddings"] = config.data.sequence_length;
  if (!gpt2) {
    if (!given({"num_key_value_heads"}) && object["num_attention_heads"].is_number())
      object["num_key_value_heads"] = object["num_attention_heads"];
    // A gated MLP has three matrices where a plain one has two: 8/3 of the width costs the same (Shazeer 2020).
    if (!given({"intermediate_size"}) && object["hidden_size"].is_number_integer())
      object["intermediate_size"] = (object["hidden_size"].get<int64_t>() * 8 / 3 + 63) / 64 * 64;
  }
  if (tokenizer) {
    for (auto [key, id] : {std::pair{"bos_token_id", tokenizer->bos_id()},
                           {"eos_token_id", tokenizer->eos_id()},
                           {"pad_token_id", tokenizer->pad_id()}}) {
      if (!object.contains(key)) object[key] = id ? Json(*id) : Json(nullptr);
    }
  }
  return object;
}

}  // namespace

Result<std::unique_ptr<model::Model>> describe_model(const ConfigDocument& document, const TrainConfig& config,
                                                     const tokenizer::Tokenizer* tokenizer) {
  MALMOI_TRY(check_precision(config.precision, document.where("train") + ".dtype"));
  std::unique_ptr<model::Model> model;
  if (config.init_from) {
    MALMOI_ASSIGN(model, model::load_config(*config.init_from));
  } else {
    MALMOI_ASSIGN(Json object, complete_config(document, config, tokenizer));
    MALMOI_ASSIGN(model, model::make_model(document, object, "model"));
    if (tokenizer && tokenizer->vocab_size() > model->vocab_size())
      return usage_error(
          fmt::format("is {}, but the tokenizer has {} entries", model->vocab_size(), tokenizer->vocab_size()),
          document.where("model.vocab_size"), "leave it out, or make it as large");
  }
  return model;
}

Status fill_model(const TrainConfig& config, std::unique_ptr<model::Model>& model) {
  DType type = activation_type(config.precision);
  if (config.init_from) {
    MALMOI_ASSIGN(model, model::load_model(*config.init_from, {model::Purpose::kTraining, type}));
    return {};
  }
  model->allocate(model::Purpose::kTraining, type);
  model->initialize(config.seed);
  return {};
}

Status check_precision(Precision precision, std::string where) {
  if (precision != Precision::kInt8 || kernels::has_int8_products()) return {};
  return unsupported("int8 products need AVX-512 with VNNI, which is not in use here", std::move(where), "use bf16");
}

}  // namespace malmoi::app
