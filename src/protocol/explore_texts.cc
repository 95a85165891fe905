#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "protocol/explore.h"
#include "protocol/fields.h"
#include "protocol/generation.h"
#include "protocol/model_names.h"

namespace malmoi::protocol {
namespace {

std::string read_text(Fields& fields) {
  std::optional<std::string> text = fields.text("text");
  if (!text) fields.fail("text", "'text' is missing", "give the text");
  return text.value_or("");
}

Result<chat::FillRequest> read_fill(const Json& json) {
  Fields fields(json);
  chat::FillRequest request;
  request.model = fields.text("model").value_or("");
  request.text = read_text(fields);
  MALMOI_TRY(fields.finish());
  return request;
}

Result<chat::ClassifyRequest> read_classify(const Json& json) {
  Fields fields(json);
  chat::ClassifyRequest request;
  request.model = fields.text("model").value_or("");
  request.text = read_text(fields);
  request.pair = fields.text("pair");
  MALMOI_TRY(fields.finish());
  return request;
}

Json print(const std::string& model, const chat::FilledGaps& filled) {
  Json gaps = Json::array();
  for (const std::vector<chat::GapWord>& gap : filled.gaps) {
    Json words = Json::array();
    for (const chat::GapWord& word : gap)
      words.push_back({{"text", replace_invalid_utf8(word.text)},
                       {"id", word.id},
                       {"bytes", print_bytes(word.bytes)},
                       {"probability", word.probability}});
    gaps.push_back(std::move(words));
  }
  return {{"model", model},
          {"mask", replace_invalid_utf8(filled.mask)},
          {"text", replace_invalid_utf8(filled.text)},
          {"gaps", std::move(gaps)}};
}

// As `malmoi classify --explain` names them.
void print_explanation(const chat::LabelExplanation& explanation, Json& json) {
  json["tokens"] = Json::array();
  for (const auto& [token, share] : explanation.tokens) {
    Json told = print_piece(token);
    told["share"] = share;
    json["tokens"].push_back(std::move(told));
  }
  json["logit_difference"] = explanation.difference;
  json["completeness_gap"] = explanation.gap;
}

Json print(const std::string& model, const chat::ClassifiedText& said) {
  Json labels = Json::array();
  for (const auto& [name, probability] : said.labels) labels.push_back({{"name", name}, {"probability", probability}});
  Json json = {{"model", model}, {"labels", std::move(labels)}, {"chosen", said.chosen}};
  if (said.held) json["held"] = *said.held;
  if (said.explanation) print_explanation(*said.explanation, json);
  return json;
}

// Reads a body, asks, and tells what comes back.
template <typename Request, typename Told>
Reply answer(Result<Request> (*read)(const Json&), Result<Told> (chat::Provider::*ask)(const Request&) const,
             const Json& body, const chat::Provider& provider) {
  const auto request = read(body);
  if (!request.ok()) return to_api_error(request.error());
  const auto model = find_model(request->model, provider);
  if (!model) return no_such_model(request->model, provider.models());
  const auto told = (provider.*ask)(*request);
  if (!told.ok()) return to_api_error(told.error());
  return print(model->name, *told);
}

}  // namespace

Reply fill_gaps(const Json& body, const Address&, const chat::Provider& provider) {
  return answer(read_fill, &chat::Provider::fill, body, provider);
}

Reply classify_text(const Json& body, const Address&, const chat::Provider& provider) {
  return answer(read_classify, &chat::Provider::classify, body, provider);
}

}  // namespace malmoi::protocol
