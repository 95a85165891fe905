// The models of tokenizer.json, and the table that reads them.
#include "tokenizer/json/components.h"
#include "tokenizer/models/bpe.h"
#include "tokenizer/models/unigram.h"
#include "tokenizer/models/wordpiece.h"

namespace malmoi::tokenizer {

void Model::encode(std::string_view piece, std::vector<int32_t>& ids) const {
  thread_local std::vector<Token> tokens;
  tokens.clear();
  tokenize(piece, tokens);
  for (const Token& token : tokens) ids.push_back(token.id);
}

void Model::encode_cut(std::string_view text, const Pattern& pattern, std::vector<int32_t>& ids) const {
  for (size_t at = 0; at < text.size();) {
    size_t end = pattern.next_end(text, at);
    encode(text.substr(at, end - at), ids);
    at = end;
  }
}

namespace {

using Made = Result<std::unique_ptr<Model>>;

Result<Vocabulary> read_vocabulary(const JsonNode& model) {
  MALMOI_ASSIGN(JsonNode node, model.at("vocab"));
  MALMOI_ASSIGN(auto object, node.object());
  Vocabulary out;
  size_t bytes = 0;
  for (auto [piece, value] : object) bytes += piece.size();
  out.reserve(object.size(), bytes);
  for (auto [piece, value] : object) {
    int64_t id;
    if (value.get(id) || id < 0 || id > Vocabulary::kMaxId)
      return node.error("the id of " + std::string(piece) + " is not a number from 0 to " +
                        std::to_string(Vocabulary::kMaxId));
    // Room for ids is made up to the largest; a hostile file must not make that more than it is worth.
    if (static_cast<size_t>(id) > object.size() * 16 + (1u << 20))
      return node.error("the id " + std::to_string(id) + " is far beyond the " + std::to_string(object.size()) +
                        " pieces");
    out.add(piece, static_cast<int32_t>(id));
  }
  return out;
}

// "a b" or ["a", "b"].
Result<std::pair<std::string_view, std::string_view>> merge_of(const JsonNode& node) {
  if (node.is_array()) {
    MALMOI_ASSIGN(auto pair, node.array());
    if (pair.size() != 2) return node.error("should be a pair");
    MALMOI_ASSIGN(std::string_view left, node.item(pair.at(0).value_unsafe(), 0).string());
    MALMOI_ASSIGN(std::string_view right, node.item(pair.at(1).value_unsafe(), 1).string());
    return std::pair{left, right};
  }
  MALMOI_ASSIGN(std::string_view text, node.string());
  size_t space = text.find(' ');
  if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos)
    return node.error("a merge should be two pieces with one space between");
  return std::pair{text.substr(0, space), text.substr(space + 1)};
}

Status read_merges(const JsonNode& model, BpeOptions& options) {
  MALMOI_ASSIGN(JsonNode list, model.at("merges"));
  MALMOI_ASSIGN(auto items, list.array());
  options.merges.reserve(items.size());
  size_t index = 0;
  for (auto item : items) {
    if (item.is_string() && item.get_string().value_unsafe().starts_with("#version")) continue;
    // Names of places are made only for errors: there may be hundreds of thousands.
    Result<std::pair<std::string_view, std::string_view>> merge = merge_of({item, {}});
    if (!merge.ok()) return list.item(item, index).error(merge.error().what);
    int32_t left = options.vocabulary.find_id(merge->first), right = options.vocabulary.find_id(merge->second);
    if (left < 0 || right < 0)
      return list.item(item, index)
          .error("\"" + std::string(left < 0 ? merge->first : merge->second) + "\" is not in the vocabulary");
    options.merges.emplace_back(left, right);
    ++index;
  }
  return {};
}

Made read_bpe(const JsonNode& node) {
  BpeOptions options;
  MALMOI_ASSIGN(options.vocabulary, read_vocabulary(node));
  MALMOI_TRY(read_merges(node, options));
  MALMOI_ASSIGN(options.unk_token, node.string_or("unk_token", ""));
  MALMOI_ASSIGN(options.continuing_subword_prefix, node.string_or("continuing_subword_prefix", ""));
  MALMOI_ASSIGN(options.end_of_word_suffix, node.string_or("end_of_word_suffix", ""));
  MALMOI_ASSIGN(options.fuse_unk, node.boolean_or("fuse_unk", false));
  MALMOI_ASSIGN(options.byte_fallback, node.boolean_or("byte_fallback", false));
  MALMOI_ASSIGN(options.ignore_merges, node.boolean_or("ignore_merges", false));
  if (auto dropout = node.find("dropout")) {
    MALMOI_ASSIGN(options.dropout, dropout->number());
  }
  return make_bpe(std::move(options), node.where);
}

Made read_unigram(const JsonNode& node) {
  UnigramOptions options;
  MALMOI_ASSIGN(JsonNode list, node.at("vocab"));
  MALMOI_ASSIGN(auto items, list.array());
  for (auto item : items) {
    simdjson::dom::array pair;
    std::string_view piece;
    double score;
    if (item.get(pair) || pair.size() != 2 || pair.at(0).get(piece) || pair.at(1).get(score))
      return list.item(item, options.pieces.size()).error("should be [piece, score]");
    options.pieces.emplace_back(piece);
    options.scores.push_back(score);
  }
  if (auto unk = node.find("unk_id")) {
    MALMOI_ASSIGN(int64_t id, unk->integer());
    if (id < 0 || static_cast<size_t>(id) >= options.pieces.size()) return unk->error("is not the id of a piece");
    options.unk_id = static_cast<int32_t>(id);
  }
  MALMOI_ASSIGN(options.byte_fallback, node.boolean_or("byte_fallback", false));
  return make_unigram(std::move(options), node.where);
}

Made read_wordpiece(const JsonNode& node) {
  WordPieceOptions options;
  MALMOI_ASSIGN(options.vocabulary, read_vocabulary(node));
  MALMOI_ASSIGN(options.unk_token, node.string_or("unk_token", "[UNK]"));
  MALMOI_ASSIGN(options.continuing_subword_prefix, node.string_or("continuing_subword_prefix", "##"));
  MALMOI_ASSIGN(int64_t most, node.integer_or("max_input_chars_per_word", 100));
  if (most < 0) return node.error("\"max_input_chars_per_word\" is negative");
  options.max_input_chars_per_word = static_cast<size_t>(most);
  return make_wordpiece(std::move(options), node.where);
}

Made read_word_level(const JsonNode& node) {
  WordLevelOptions options;
  MALMOI_ASSIGN(options.vocabulary, read_vocabulary(node));
  MALMOI_ASSIGN(options.unk_token, node.string_or("unk_token", "<unk>"));
  return make_word_level(std::move(options), node.where);
}

struct Reader {
  std::string_view type;
  Made (*read)(const JsonNode&);
};
// One line a type of tokenizer.json.
constexpr Reader kReaders[] = {
    {"BPE", read_bpe},
    {"Unigram", read_unigram},
    {"WordLevel", read_word_level},
    {"WordPiece", read_wordpiece},
};

// Files of before the member "type": told apart by what they have.
std::string_view guessed_type(const JsonNode& node) {
  if (node.find("merges")) return "BPE";
  if (auto vocabulary = node.find("vocab"); vocabulary && vocabulary->is_array()) return "Unigram";
  return node.find("continuing_subword_prefix") ? "WordPiece" : "WordLevel";
}

}  // namespace

Result<std::unique_ptr<Model>> model_from_node(const JsonNode& node) {
  MALMOI_ASSIGN(std::string type, node.string_or("type", std::string(guessed_type(node))));
  for (const Reader& reader : kReaders)
    if (reader.type == type) return reader.read(node);
  return unsupported("unknown model " + type, node.where);
}

Result<std::unique_ptr<Model>> model_from_json(std::string_view json, std::string_view where) {
  MALMOI_ASSIGN(JsonText text, JsonText::parse(json, std::string(where)));
  return model_from_node(text.root());
}

}  // namespace malmoi::tokenizer
