#include "reshape/tokenizer_json.h"

#include <algorithm>

#include "base/json_read.h"

namespace malmoi::reshape {
namespace {

constexpr int64_t kMostIds = 1 << 24;

Error no_vocabulary(const std::string& where, const std::string& what) {
  return invalid_data(what, where, "use a tokenizer.json that tokenizers opens");
}

Status put_piece(std::vector<std::string>& pieces, int64_t id, std::string piece, const std::string& where) {
  if (id < 0 || id >= kMostIds) return no_vocabulary(where, "id " + std::to_string(id) + " is none of a vocabulary");
  if (static_cast<size_t>(id) >= pieces.size()) pieces.resize(static_cast<size_t>(id) + 1);
  pieces[static_cast<size_t>(id)] = std::move(piece);
  return {};
}

Status read_listed(const Json& vocabulary, TokenTable& table, const std::string& where) {
  for (const Json& entry : vocabulary) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number())
      return no_vocabulary(where, "an entry of model.vocab is no piece with a score");
    table.pieces.push_back(entry[0].get<std::string>());
    table.scores.push_back(entry[1].get<double>());
  }
  return {};
}

Status read_merge_list(const Json& merges, TokenTable& table, const std::string& where) {
  for (const Json& merge : merges) {
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      table.merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
      continue;
    }
    const std::string text = merge.is_string() ? merge.get<std::string>() : "";
    const size_t space = text.find(' ');
    if (space == std::string::npos) return no_vocabulary(where, "an entry of model.merges is no pair");
    table.merges.emplace_back(text.substr(0, space), text.substr(space + 1));
  }
  return {};
}

bool names_byte_level(const Json& component) {
  if (component.is_array()) return std::ranges::any_of(component, names_byte_level);
  if (!component.is_object()) return false;
  if (json_string(component, "type") == "ByteLevel") return true;
  for (const char* key : {"pretokenizers", "decoders", "normalizers"}) {
    if (names_byte_level(json_list(component, key))) return true;
  }
  return false;
}

}  // namespace

Result<TokenTable> read_tokens(const Json& tokenizer, const std::string& where) {
  TokenTable table;
  const Json& model = json_object(tokenizer, "model");
  table.type = json_string(model, "type", model.contains("merges") ? "BPE" : "");
  const bool is_listed = table.type == "Unigram";
  if (!is_listed && table.type != "BPE" && table.type != "WordPiece" && table.type != "WordLevel")
    return unsupported("vocabularies of the type '" + table.type + "' are not changed", where + ": model.type",
                       "use BPE, Unigram, WordPiece or WordLevel");
  if (is_listed) {
    MALMOI_TRY(read_listed(json_list(model, "vocab"), table, where));
  } else {
    for (const auto& [piece, id] : json_object(model, "vocab").items()) {
      if (!id.is_number_integer()) return no_vocabulary(where, "an id of model.vocab is no number");
      MALMOI_TRY(put_piece(table.pieces, id.get<int64_t>(), piece, where));
    }
  }
  if (table.pieces.empty()) return no_vocabulary(where, "there is no vocabulary in it");
  MALMOI_TRY(read_merge_list(json_list(model, "merges"), table, where));
  return table;
}

bool is_byte_level(const Json& tokenizer) {
  for (const char* key : {"pre_tokenizer", "decoder", "normalizer"}) {
    if (names_byte_level(json_object(tokenizer, key))) return true;
  }
  return false;
}

bool is_id_field(std::string_view name) {
  return name.ends_with("token_id") || name.ends_with("token_ids") || name.ends_with("suppress_tokens") ||
         name == "bad_words_ids";
}

}  // namespace malmoi::reshape
