#include "protocol/tokenize.h"

#include "base/utf8.h"
#include "protocol/fields.h"
#include "protocol/generation.h"

namespace malmoi::protocol {

Result<chat::TokenizeRequest> parse_tokenize(const Json& body) {
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

Json print_tokenized(const std::vector<chat::TokenPiece>& tokens, bool with_pieces) {
  Json list = Json::array();
  for (const chat::TokenPiece& token : tokens) {
    if (!with_pieces) {
      list.push_back(token.id);
      continue;
    }
    list.push_back({{"id", token.id},
                    {"piece", token.piece},
                    {"text", replace_invalid_utf8(token.bytes)},
                    {"bytes", print_bytes(token.bytes)},
                    {"special", token.special}});
  }
  return {{"tokens", std::move(list)}, {"count", tokens.size()}};
}

Result<DetokenizeRequest> parse_detokenize(const Json& body) {
  Fields fields(body);
  DetokenizeRequest request;
  const Json* ids = fields.raw("tokens");
  if (!ids || !read_ids(*ids, request.ids)) fields.fail("tokens", "'tokens' is not a list of ids");
  fields.ignore({"model"});
  MALMOI_TRY(fields.finish());
  return request;
}

}  // namespace malmoi::protocol
