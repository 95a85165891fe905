// tokenizer.json: a whole tokenizer from its text, and back.
#include <algorithm>

#include "tokenizer/json/components.h"
#include "tokenizer/json/json_text.h"
#include "tokenizer/parts.h"

namespace malmoi::tokenizer {
namespace {

Result<size_t> size_at(const JsonNode& node, std::string_view key, size_t fallback) {
  MALMOI_ASSIGN(int64_t value, node.integer_or(key, static_cast<int64_t>(fallback)));
  if (value < 0 || value > (int64_t{1} << 31)) return node.error("\"" + std::string(key) + "\" is out of range");
  return static_cast<size_t>(value);
}

Result<Side> side_of(const JsonNode& node) {
  MALMOI_ASSIGN(std::string side, node.string_or("direction", "Right"));
  if (side != "Left" && side != "Right") return node.error("unknown direction " + side, "use Left or Right");
  return side == "Left" ? Side::kLeft : Side::kRight;
}

Result<Truncation> read_truncation(const JsonNode& node) {
  Truncation out;
  MALMOI_ASSIGN(out.direction, side_of(node));
  MALMOI_ASSIGN(out.max_length, size_at(node, "max_length", 512));
  MALMOI_ASSIGN(out.stride, size_at(node, "stride", 0));
  MALMOI_ASSIGN(std::string strategy, node.string_or("strategy", "LongestFirst"));
  if (strategy == "LongestFirst") out.strategy = Truncation::Strategy::kLongestFirst;
  else if (strategy == "OnlyFirst") out.strategy = Truncation::Strategy::kOnlyFirst;
  else if (strategy == "OnlySecond") out.strategy = Truncation::Strategy::kOnlySecond;
  else return node.error("unknown strategy " + strategy, "use LongestFirst, OnlyFirst or OnlySecond");
  return out;
}

Result<Padding> read_padding(const JsonNode& node) {
  constexpr size_t kLongest = size_t{1} << 24;
  Padding out;
  MALMOI_ASSIGN(out.direction, side_of(node));
  MALMOI_ASSIGN(out.multiple_of, size_at(node, "pad_to_multiple_of", 0));
  MALMOI_ASSIGN(size_t id, size_at(node, "pad_id", 0));
  MALMOI_ASSIGN(size_t type, size_at(node, "pad_type_id", 0));
  MALMOI_ASSIGN(out.token, node.string_or("pad_token", "[PAD]"));
  out.id = static_cast<int32_t>(id);
  out.type_id = static_cast<int32_t>(type);
  if (auto strategy = node.find("strategy"); strategy && strategy->is_object()) {
    MALMOI_ASSIGN(out.fixed, size_at(*strategy, "Fixed", 0));
  }
  if (out.fixed > kLongest || out.multiple_of > kLongest) return node.error("padding to more than 16777216 tokens");
  return out;
}

// Ids of tokens that the model knows are the model's, whatever the file says.
Status read_added_tokens(const JsonNode& list, const Vocabulary& vocabulary, AddedTokens& added) {
  MALMOI_ASSIGN(auto items, list.array());
  size_t index = 0;
  for (auto item : items) {
    JsonNode node = list.item(item, index++);
    AddedToken token;
    MALMOI_ASSIGN(token.content, node.string_at("content"));
    MALMOI_ASSIGN(size_t id, size_at(node, "id", 0));
    if (id > Vocabulary::kMaxId) return node.error("\"id\" is out of range");
    token.id = static_cast<int32_t>(id);
    MALMOI_ASSIGN(token.special, node.boolean_or("special", false));
    MALMOI_ASSIGN(token.normalized, node.boolean_or("normalized", !token.special));
    MALMOI_ASSIGN(token.single_word, node.boolean_or("single_word", false));
    MALMOI_ASSIGN(token.lstrip, node.boolean_or("lstrip", false));
    MALMOI_ASSIGN(token.rstrip, node.boolean_or("rstrip", false));
    if (int32_t known = vocabulary.find_id(token.content); known >= 0) token.id = known;
    added.add(std::move(token));
  }
  return {};
}

void append_added_token(std::string& out, const AddedToken& token) {
  out += "{\"id\":" + std::to_string(token.id);
  append_json_member(out, "content", std::string_view(token.content));
  append_json_member(out, "single_word", token.single_word);
  append_json_member(out, "lstrip", token.lstrip);
  append_json_member(out, "rstrip", token.rstrip);
  append_json_member(out, "normalized", token.normalized);
  append_json_member(out, "special", token.special);
  out += '}';
}

template <typename Component>
Status append_component(std::string& out, std::string_view key, const Component& component) {
  out += ",\"" + std::string(key) + "\":";
  if (!component) {
    out += "null";
    return {};
  }
  return component->write_json(out);
}

}  // namespace

Result<Tokenizer> import_tokenizer_json(std::string_view json, std::string where) {
  MALMOI_ASSIGN(JsonText text, JsonText::parse(json, where));
  JsonNode root = text.root();
  if (!root.is_object()) return root.error("should be an object", "is this a tokenizer.json?");
  auto parts = std::make_unique<Tokenizer::Parts>();
  parts->origin = "huggingface";
  MALMOI_ASSIGN(JsonNode model, root.at("model"));
  MALMOI_ASSIGN(parts->model, model_from_node(model));
  if (auto node = root.find("normalizer")) {
    MALMOI_ASSIGN(parts->normalizer, normalizer_from_node(*node));
  }
  if (auto node = root.find("pre_tokenizer")) {
    MALMOI_ASSIGN(parts->pre_tokenizer, pre_tokenizer_from_node(*node));
  }
  if (auto node = root.find("post_processor")) {
    MALMOI_ASSIGN(parts->post_processor, post_processor_from_node(*node));
  }
  if (auto node = root.find("decoder")) {
    MALMOI_ASSIGN(parts->decoder, decoder_from_node(*node));
  }
  if (auto node = root.find("truncation")) {
    MALMOI_ASSIGN(parts->truncation, read_truncation(*node));
  }
  if (auto node = root.find("padding")) {
    MALMOI_ASSIGN(parts->padding, read_padding(*node));
  }
  if (auto node = root.find("added_tokens"))
    MALMOI_TRY(read_added_tokens(*node, parts->model->vocabulary(), parts->added));
  return Tokenizer(std::move(parts));
}

Result<std::string> to_tokenizer_json(const Tokenizer::Parts& parts) {
  // A splitter or an id decoder of another library is left out: the components beside it are the nearest the format has.
  std::string out = "{\"version\":\"1.0\",\"truncation\":";
  if (parts.truncation) parts.truncation->write_json(out);
  else out += "null";
  out += ",\"padding\":";
  if (parts.padding) parts.padding->write_json(out);
  else out += "null";
  out += ",\"added_tokens\":[";
  for (size_t i = 0; i < parts.added.all().size(); ++i) {
    if (i) out += ',';
    append_added_token(out, parts.added.all()[i]);
  }
  out += ']';
  MALMOI_TRY(append_component(out, "normalizer", parts.normalizer));
  MALMOI_TRY(append_component(out, "pre_tokenizer", parts.pre_tokenizer));
  MALMOI_TRY(append_component(out, "post_processor", parts.post_processor));
  MALMOI_TRY(append_component(out, "decoder", parts.decoder));
  MALMOI_TRY(append_component(out, "model", parts.model));
  out += "}\n";
  return out;
}

}  // namespace malmoi::tokenizer
