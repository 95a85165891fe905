#include "protocol/ollama_embed.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "protocol/fields.h"
#include "protocol/model_names.h"
#include "protocol/ollama_answers.h"
#include "protocol/ollama_request.h"
#include "protocol/text_inputs.h"

namespace malmoi::protocol {
namespace {

// What is asked for, and the context that it wants.
struct OllamaTexts {
  chat::EmbeddingRequest request;
  TextRequest wanted;
};

void add_texts(std::vector<std::string> texts, chat::EmbeddingRequest& request) {
  for (std::string& text : texts) request.inputs.push_back({.text = std::move(text)});
}

// `model` and `options`, as the other paths read them. Samplers are checked and change nothing.
OllamaTexts read_common(Fields& fields, const char* field, const chat::SamplingOptions& defaults) {
  OllamaTexts asked;
  asked.request.model = without_tag(fields.text("model").value_or(""));
  asked.request.field = field;
  read_ollama_options(fields, defaults, asked.wanted);
  fields.ignore({"keep_alive"});
  return asked;
}

Result<OllamaTexts> read_embed_body(const Json& json, const chat::SamplingOptions& defaults) {
  Fields fields(json);
  OllamaTexts asked = read_common(fields, "input", defaults);
  const Json* input = fields.raw("input");
  if (input && *input != Json("")) add_texts(fields.texts("input", chat::kMaxEmbeddingInputs), asked.request);
  asked.request.dimensions = read_dimensions(fields);
  fields.ignore({"truncate"});  // a text that is too long is an error
  MALMOI_TRY(fields.finish());
  return asked;
}

Result<OllamaTexts> read_older_body(const Json& json, const chat::SamplingOptions& defaults) {
  Fields fields(json);
  OllamaTexts asked = read_common(fields, "prompt", defaults);
  std::string prompt = fields.text("prompt").value_or("");
  if (!prompt.empty()) asked.request.inputs.push_back({.text = std::move(prompt)});
  MALMOI_TRY(fields.finish());
  return asked;
}

using ReadOllamaTexts = Result<OllamaTexts> (*)(const Json& json, const chat::SamplingOptions& defaults);
using PrintOllamaVectors = Json (*)(const std::string& model, chat::Embeddings embeddings, double seconds);

Reply embed_as_ollama(const Json& body, const chat::Provider& provider, ReadOllamaTexts read,
                      PrintOllamaVectors print) {
  const double start = monotonic_seconds();
  const auto asked = read(body, provider.info().defaults);
  if (!asked.ok()) return to_api_error(asked.error());
  const chat::EmbeddingRequest& request = asked->request;
  const auto model = find_model(request.model, provider);
  if (!model) return no_such_model(request.model, provider.models());
  if (asked->wanted.context > model->context_length)
    return context_too_short(asked->wanted.context, model->context_length, asked->wanted.context_field);
  chat::Embeddings made;
  if (!request.inputs.empty()) {
    auto embeddings = provider.embed(request);
    if (!embeddings.ok()) return to_api_error(embeddings.error());
    made = *std::move(embeddings);
  }
  return print(model->name, std::move(made), monotonic_seconds() - start);
}

Json print_embeddings(const std::string& model, chat::Embeddings embeddings, double seconds) {
  return {{"model", model},
          {"embeddings", std::move(embeddings.vectors)},
          {"total_duration", std::max(int64_t{1}, nanoseconds(seconds))},
          {"load_duration", 0},  // the model is there before texts are read
          {"prompt_eval_count", embeddings.tokens}};
}

Json print_embedding(const std::string&, chat::Embeddings embeddings, double) {
  std::vector<float> vector;
  if (!embeddings.vectors.empty()) vector = std::move(embeddings.vectors.front());
  return {{"embedding", std::move(vector)}, {"prompt_eval_count", embeddings.tokens}};
}

}  // namespace

Reply create_ollama_embeddings(const Json& body, const Address&, const chat::Provider& provider) {
  return embed_as_ollama(body, provider, read_embed_body, print_embeddings);
}

Reply create_ollama_embedding(const Json& body, const Address&, const chat::Provider& provider) {
  return embed_as_ollama(body, provider, read_older_body, print_embedding);
}

}  // namespace malmoi::protocol
