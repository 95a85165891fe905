#include "protocol/openai_embeddings.h"

#include <bit>
#include <string>
#include <utility>

#include "base/base64.h"
#include "protocol/fields.h"
#include "protocol/model_names.h"
#include "protocol/text_inputs.h"

namespace malmoi::protocol {
namespace {

struct EmbeddingBody {
  chat::EmbeddingRequest request;
  bool in_base64 = false;
};

chat::EmbeddingPurpose read_purpose(Fields& fields) {
  const std::string type = fields.text("input_type").value_or("");
  if (type == "query") return chat::EmbeddingPurpose::kQuery;
  if (type == "document" || type == "passage") return chat::EmbeddingPurpose::kDocument;
  if (!type.empty()) fields.fail("input_type", "'input_type' is not query, document or passage");
  return chat::EmbeddingPurpose::kAny;
}

bool read_encoding(Fields& fields) {
  const std::string format = fields.text("encoding_format").value_or("float");
  if (format != "float" && format != "base64")
    fields.fail("encoding_format", "'encoding_format' is not float or base64");
  return format == "base64";
}

Result<EmbeddingBody> read_embedding_body(const Json& json) {
  Fields fields(json);
  EmbeddingBody body;
  chat::EmbeddingRequest& request = body.request;
  request.model = fields.text("model").value_or("");
  const chat::EmbeddingPurpose purpose = read_purpose(fields);
  for (TextOrIds& input : read_inputs(fields, "input", chat::kMaxEmbeddingInputs)) {
    const bool empty = std::visit([](const auto& value) { return value.empty(); }, input);
    if (empty) fields.fail("input", "a text of 'input' is empty", "leave it out");
    request.inputs.push_back({std::move(input), purpose});
  }
  request.dimensions = read_dimensions(fields);
  body.in_base64 = read_encoding(fields);
  fields.ignore({"user"});
  MALMOI_TRY(fields.finish());
  return body;
}

// f32, the lowest byte first.
std::string bytes_of(const std::vector<float>& vector) {
  std::string bytes;
  for (float x : vector) {
    const auto bits = std::bit_cast<uint32_t>(x);
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(bits >> shift & 0xFF);
  }
  return bytes;
}

Json print_vector(const std::vector<float>& vector, bool in_base64) {
  if (in_base64) return encode_base64(bytes_of(vector));
  return vector;
}

}  // namespace

Reply create_embeddings(const Json& body, const Address&, const chat::Provider& provider) {
  auto read = read_embedding_body(body);
  if (!read.ok()) return to_api_error(read.error());
  const auto model = find_model(read->request.model, provider);
  if (!model) return no_such_model(read->request.model, provider.models());
  auto embeddings = provider.embed(read->request);
  if (!embeddings.ok()) return to_api_error(embeddings.error());
  Json data = Json::array();
  for (const std::vector<float>& vector : embeddings->vectors) {
    data.push_back(
        {{"object", "embedding"}, {"index", data.size()}, {"embedding", print_vector(vector, read->in_base64)}});
  }
  return Json{{"object", "list"},
              {"data", std::move(data)},
              {"model", model->name},
              {"usage", {{"prompt_tokens", embeddings->tokens}, {"total_tokens", embeddings->tokens}}}};
}

}  // namespace malmoi::protocol
