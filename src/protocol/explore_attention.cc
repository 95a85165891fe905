#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/explore.h"
#include "protocol/fields.h"
#include "protocol/generation.h"
#include "protocol/model_names.h"

namespace malmoi::protocol {
namespace {

constexpr double kDigits = 1e4;  // of weights: half a thousandth cannot be seen in a picture

using chat::AttentionKind;

struct NamedKind {
  std::string_view name;
  AttentionKind kind;
};
constexpr std::array kKinds = {NamedKind{"self", AttentionKind::kSelf}, NamedKind{"cross", AttentionKind::kCross},
                               NamedKind{"encoder", AttentionKind::kEncoder}};

AttentionKind read_kind(Fields& fields) {
  const std::string name = fields.text("kind").value_or("self");
  for (const NamedKind& known : kKinds) {
    if (known.name == name) return known.kind;
  }
  fields.fail("kind", "'kind' is not self, cross or encoder");
  return AttentionKind::kSelf;
}

std::optional<chat::TextOrIds> read_ids_field(Fields& fields, std::string_view name) {
  const Json* list = fields.raw(name);
  if (!list) return {};
  std::vector<int32_t> ids;
  if (!read_ids(*list, ids)) fields.fail(name, "'" + std::string(name) + "' is not a list of ids");
  return ids;
}

std::optional<chat::TextOrIds> read_text_or_ids(Fields& fields) {
  std::optional<std::string> text = fields.text("text");
  std::optional<chat::TextOrIds> ids = read_ids_field(fields, "ids");
  if (text && ids) fields.fail("ids", "'ids' stands beside 'text'", "give one of them");
  if (ids || !text) return ids;
  return *std::move(text);
}

std::optional<chat::TextOrIds> read_source(Fields& fields) {
  const Json* source = fields.raw("source");
  if (source && source->is_array()) return read_ids_field(fields, "source");
  std::optional<std::string> text = fields.text("source");
  if (!text) return {};
  return *std::move(text);
}

Result<chat::AttentionRequest> read_attention(const Json& json) {
  Fields fields(json);
  chat::AttentionRequest request;
  request.model = fields.text("model").value_or("");
  request.text = read_text_or_ids(fields);
  request.source = read_source(fields);
  request.kind = read_kind(fields);
  request.layer = fields.integer("layer", 0, INT32_MAX);
  request.head = fields.integer("head", -1, INT32_MAX).value_or(-1);
  MALMOI_TRY(fields.finish());
  return request;
}

std::string_view name_of(AttentionKind kind) {
  for (const NamedKind& known : kKinds) {
    if (known.kind == kind) return known.name;
  }
  return "";
}

Json print_pieces(const std::vector<chat::TokenPiece>& tokens) {
  Json list = Json::array();
  for (const chat::TokenPiece& token : tokens) list.push_back(print_piece(token));
  return list;
}

Json print_weights(const std::vector<std::vector<float>>& weights) {
  Json rows = Json::array();
  for (const std::vector<float>& weights_of_one : weights) {
    Json row = Json::array();
    for (float weight : weights_of_one) row.push_back(std::round(static_cast<double>(weight) * kDigits) / kDigits);
    rows.push_back(std::move(row));
  }
  return rows;
}

Json print_attention(const std::string& model, const chat::AttentionRequest& request, const chat::Attention& shown) {
  Json kinds = Json::array();
  for (AttentionKind kind : shown.kinds) kinds.push_back(std::string(name_of(kind)));
  Json json = {{"model", model},       {"layers", shown.layers},    {"attention_layers", shown.attention_layers},
               {"heads", shown.heads}, {"kinds", std::move(kinds)}, {"kind", std::string(name_of(request.kind))},
               {"layer", shown.layer}, {"head", request.head},      {"tokens", print_pieces(shown.tokens)}};
  if (!shown.source_tokens.empty()) json["source_tokens"] = print_pieces(shown.source_tokens);
  json["weights"] = print_weights(shown.weights);
  return json;
}

}  // namespace

Reply show_attention(const Json& body, const Address&, const chat::Provider& provider) {
  auto request = read_attention(body);
  if (!request.ok()) return to_api_error(request.error());
  const auto model = find_model(request->model, provider);
  if (!model) return no_such_model(request->model, provider.models());
  const auto shown = provider.attention(*request);
  if (!shown.ok()) return to_api_error(shown.error());
  return print_attention(model->name, *request, *shown);
}

}  // namespace malmoi::protocol
