#include "tokenizer/models/model.h"

#include "tokenizer/json/json_read.h"

namespace malmoi::tokenizer {

void Model::encode(std::string_view piece, std::vector<int32_t>& ids) const {
  thread_local std::vector<Token> tokens;
  tokens.clear();
  tokenize(piece, tokens);
  for (const Token& token : tokens) ids.push_back(token.id);
}

std::string_view Model::guessed_type(const JsonNode& node) {
  if (node.find("merges")) return "BPE";
  if (auto vocabulary = node.find("vocab"); vocabulary && vocabulary->is_array()) return "Unigram";
  return node.find("continuing_subword_prefix") ? "WordPiece" : "WordLevel";
}

}  // namespace malmoi::tokenizer
