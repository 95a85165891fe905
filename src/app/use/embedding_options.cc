#include "app/use/embedding_options.h"

#include <string>

#include "base/json.h"
#include "formats/gguf.h"
#include "model/gguf_config.h"

namespace malmoi::app {
namespace {

constexpr uint64_t kLargestFile = 1 << 20;

struct PoolingMode {
  const char* field;
  infer::TextPooling pooling;
};

// A mean by the root of the length points where the mean does.
constexpr PoolingMode kModes[] = {
    {"pooling_mode_mean_tokens", infer::TextPooling::kMean},
    {"pooling_mode_mean_sqrt_len_tokens", infer::TextPooling::kMean},
    {"pooling_mode_cls_token", infer::TextPooling::kFirst},
    {"pooling_mode_lasttoken", infer::TextPooling::kLast},
};

Result<infer::TextPooling> read_pooling(const Path& file) {
  MALMOI_ASSIGN(const Json json, read_json(file.string(), kLargestFile));
  const PoolingMode* chosen = nullptr;
  size_t count = 0;  // of modes that are on
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) count += key.starts_with("pooling_mode_") && value == Json(true);
    for (const PoolingMode& mode : kModes) {
      const auto found = json.find(mode.field);
      if (found != json.end() && *found == Json(true)) chosen = &mode;
    }
  }
  if (chosen && count == 1) return chosen->pooling;
  return unsupported("the pooling is not one of mean, first and last token", file.string(),
                     "serve a model with one of these");
}

// As llama.cpp numbers them; a file that says nothing, or none (0), is of a model without embeddings of its own.
Result<infer::EmbedderOptions> options_of_gguf(const Path& file) {
  MALMOI_ASSIGN(const formats::Gguf gguf, formats::Gguf::open(file));
  MALMOI_ASSIGN(const std::string_view family, gguf.text("general.architecture"));
  infer::EmbedderOptions options;
  switch (gguf.integer_or(std::string(family) + ".pooling_type", 0)) {
    case 0:
    case 1: break;
    case 2: options.pooling = infer::TextPooling::kFirst; break;
    case 3: options.pooling = infer::TextPooling::kLast; break;
    default:
      return unsupported("the pooling is not one of mean, first and last token",
                         file.string() + ": " + std::string(family) + ".pooling_type",
                         "serve a model with one of these");
  }
  return options;
}

void read_prompts(const Path& file, infer::EmbedderOptions& options) {
  const auto json = read_json(file.string(), kLargestFile);
  if (!json.ok() || !json->is_object()) return;
  const auto prompts = json->find("prompts");
  if (prompts == json->end() || !prompts->is_object()) return;
  options.query_prefix = json_string(*prompts, "query");
  options.document_prefix = json_string(*prompts, "document", json_string(*prompts, "passage"));
}

std::string last_word(const std::string& type) { return type.substr(type.rfind('.') + 1); }

}  // namespace

Result<infer::EmbedderOptions> embedding_options(const Path& model) {
  if (model::is_gguf(model)) return options_of_gguf(model);
  infer::EmbedderOptions options;
  const Path list = model / "modules.json";
  std::error_code ignored;
  if (!std::filesystem::exists(list, ignored)) return options;
  MALMOI_ASSIGN(const Json modules, read_json(list.string(), kLargestFile));
  if (!modules.is_array()) return invalid_data("it is not a list of modules", list.string());
  for (const Json& module : modules) {
    const std::string type = module.is_object() ? last_word(json_string(module, "type")) : "";
    if (type == "Pooling") {
      MALMOI_ASSIGN(options.pooling, read_pooling(model / json_string(module, "path") / "config.json"));
    } else if (type != "Transformer" && type != "Normalize") {
      return unsupported("the module '" + type + "' is not one of Transformer, Pooling and Normalize", list.string(),
                         "serve a model without it");
    }
  }
  read_prompts(model / "config_sentence_transformers.json", options);
  return options;
}

}  // namespace malmoi::app
