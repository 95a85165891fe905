#include "protocol/rerank.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "protocol/fields.h"
#include "protocol/model_names.h"

namespace malmoi::protocol {
namespace {

struct RerankBody {
  std::string model, query;
  std::vector<std::string> documents;
  size_t top = 0;  // results
  bool with_documents = true;
};

// A text, or {"text"}.
Result<std::string> read_document(const Json& json, const std::string& place) {
  if (json.is_string()) return json.get<std::string>();
  if (!json.is_object()) return usage_error("a document is not a text or an object with 'text'", place);
  Fields fields(json, place + ".");
  const auto text = fields.text("text");
  if (!text) fields.fail("text", "'text' is missing", "documents are texts here");
  MALMOI_TRY(fields.finish());
  return *text;
}

void read_documents(Fields& fields, std::vector<std::string>& documents) {
  const Json* list = fields.raw("documents");
  if (!list || !list->is_array() || list->empty() || list->size() > chat::kMaxEmbeddingInputs)
    return fields.fail("documents",
                       "'documents' is not a list of 1 to " + std::to_string(chat::kMaxEmbeddingInputs) + " texts");
  for (const Json& one : *list) {
    const std::string place = "documents[" + std::to_string(documents.size()) + "]";
    auto document = read_document(one, place);
    if (!document.ok()) return fields.fail(document.error());
    if (document->empty()) return fields.fail(place, "the document is empty", "leave it out");
    documents.push_back(*std::move(document));
  }
}

Result<RerankBody> read_rerank_body(const Json& json) {
  Fields fields(json);
  RerankBody body{.model = fields.text("model").value_or(""), .query = fields.text("query").value_or("")};
  if (body.query.empty()) fields.fail("query", "'query' is missing or empty", "give the question");
  read_documents(fields, body.documents);
  const auto count = static_cast<int64_t>(body.documents.size());
  body.top = static_cast<size_t>(std::min(fields.integer("top_n", 1, INT32_MAX).value_or(count), count));
  body.with_documents = fields.boolean("return_documents").value_or(true);
  fields.ignore({"user"});
  MALMOI_TRY(fields.finish());
  return body;
}

// Of vectors of length 1.
double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

struct Scores {
  std::vector<double> of_documents;
  int64_t tokens = 0;
};

Result<Scores> score(const RerankBody& body, const chat::Provider& provider) {
  chat::EmbeddingRequest query{.model = body.model, .field = "query"};
  query.inputs.push_back({body.query, chat::EmbeddingPurpose::kQuery});
  MALMOI_ASSIGN(const chat::Embeddings asked, provider.embed(query));
  chat::EmbeddingRequest documents{.model = body.model, .field = "documents"};
  for (const std::string& text : body.documents) documents.inputs.push_back({text, chat::EmbeddingPurpose::kDocument});
  MALMOI_ASSIGN(const chat::Embeddings given, provider.embed(documents));
  Scores scores{.tokens = asked.tokens + given.tokens};
  for (const std::vector<float>& vector : given.vectors)
    scores.of_documents.push_back(cosine(asked.vectors.at(0), vector));
  return scores;
}

Json print_results(const RerankBody& body, const std::vector<double>& scores) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  Json results = Json::array();
  for (size_t i = 0; i < body.top; ++i) {
    const size_t index = order[i];
    Json result = {{"index", index}, {"relevance_score", scores[index]}};
    if (body.with_documents) result["document"] = {{"text", body.documents[index]}};
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace

Reply rerank(const Json& body, const Address&, const chat::Provider& provider) {
  auto read = read_rerank_body(body);
  if (!read.ok()) return to_api_error(read.error());
  const auto model = find_model(read->model, provider);
  if (!model) return no_such_model(read->model, provider.models());
  auto scores = score(*read, provider);
  if (!scores.ok()) return to_api_error(scores.error());
  return Json{{"model", model->name},
              {"object", "list"},
              {"usage", {{"prompt_tokens", scores->tokens}, {"total_tokens", scores->tokens}}},
              {"results", print_results(*read, scores->of_documents)}};
}

}  // namespace malmoi::protocol
