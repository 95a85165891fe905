#include "protocol/tokenize.h"

#include "protocol/fields.h"
#include "protocol/generation.h"
#include "protocol/model_names.h"

namespace malmoi::protocol {
namespace {

Result<chat::TokenizeRequest> read_text_to_tokenize(const Json& body) {
  Fields fields(body);
  chat::TokenizeRequest request;
  auto content = fields.text("content"), prompt = fields.text("prompt");
  if (!content && !prompt) fields.fail("content", "'content' is missing", "give the text to tokenize");
  request.text = content ? *content : prompt.value_or("");
  request.add_special = fields.boolean("add_special").value_or(false);
  request.parse_special = fields.boolean("parse_special").value_or(true);
  request.with_pieces = fields.boolean("with_pieces").value_or(false);
  fields.ignore({"model"});
  MALMOI_TRY(fields.finish());
  return request;
}

// Another model has other tokens.
std::optional<ApiError> refuse_model(const Json& body, const Address& address, const chat::Provider& provider) {
  const std::string name = asked_model(body, address);
  if (known_name(name, provider)) return {};
  return no_such_model(name, provider.models());
}

Json print_tokenized(const std::vector<chat::TokenPiece>& tokens, bool with_pieces) {
  Json list = Json::array();
  for (const chat::TokenPiece& token : tokens) {
    if (!with_pieces) {
      list.push_back(token.id);
      continue;
    }
    Json told = print_piece(token);
    told["piece"] = token.piece;
    told["special"] = token.special;
    list.push_back(std::move(told));
  }
  return {{"tokens", std::move(list)}, {"count", tokens.size()}};
}

Result<std::vector<int32_t>> read_tokens(const Json& body) {
  Fields fields(body);
  std::vector<int32_t> tokens;
  const Json* ids = fields.raw("tokens");
  if (!ids || !read_ids(*ids, tokens)) fields.fail("tokens", "'tokens' is not a list of ids");
  fields.ignore({"model"});
  MALMOI_TRY(fields.finish());
  return tokens;
}

}  // namespace

Reply tokenize(const Json& body, const Address& address, const chat::Provider& provider) {
  if (auto error = refuse_model(body, address, provider)) return *std::move(error);
  auto request = read_text_to_tokenize(body);
  if (!request.ok()) return to_api_error(request.error());
  auto pieces = provider.tokenize(*request);
  if (!pieces.ok()) return to_api_error(pieces.error());
  return print_tokenized(*pieces, request->with_pieces);
}

Reply detokenize(const Json& body, const Address& address, const chat::Provider& provider) {
  if (auto error = refuse_model(body, address, provider)) return *std::move(error);
  auto tokens = read_tokens(body);
  if (!tokens.ok()) return to_api_error(tokens.error());
  auto text = provider.detokenize(*tokens);
  if (!text.ok()) return to_api_error(text.error());
  return Json{{"content", *std::move(text)}};
}

}  // namespace malmoi::protocol
