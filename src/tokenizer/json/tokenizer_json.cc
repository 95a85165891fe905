// tokenizer.json: a whole tokenizer from its text, and back.
#include "tokenizer/json/component.h"
#include "tokenizer/parts.h"

namespace malmoi::tokenizer {
template <>
struct JsonValue<PaddedLength> {
  static Status read(const JsonNode& node, PaddedLength& length) {
    if (!node.is_object()) return {};
    FieldReader reader(node);
    reader.field("Fixed", length.fixed);
    return reader.finish();
  }
  static void write(std::string& out, const PaddedLength& length) {
    out += length.fixed ? R"({"Fixed":)" + std::to_string(length.fixed) + "}" : R"("BatchLongest")";
  }
};

namespace {

// Ids of tokens that the model knows are the model's, whatever the file says.
Status read_added_tokens(const JsonNode& list, const Vocabulary& vocabulary, AddedTokens& added) {
  MALMOI_ASSIGN(auto items, list.array());
  size_t index = 0;
  for (auto item : items) {
    AddedToken token{.id = 0};
    MALMOI_TRY(read_fields(list.item(item, index++), token));
    if (int32_t known = vocabulary.find_id(token.content); known >= 0) token.id = known;
    added.add(std::move(token));
  }
  return {};
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

template <typename Settings>
Status append_settings(std::string& out, std::string_view key, const std::optional<Settings>& settings) {
  out += ",\"" + std::string(key) + "\":";
  if (settings) return write_fields(out, *settings);
  out += "null";
  return {};
}

template <typename Base>
Status read_part(const JsonNode& root, std::string_view key, std::unique_ptr<Base>& part) {
  auto node = root.find(key);
  if (!node) return {};
  MALMOI_ASSIGN(part, component_from_node<Base>(*node));
  return {};
}

template <typename Settings>
Status read_settings(const JsonNode& root, std::string_view key, std::optional<Settings>& settings) {
  auto node = root.find(key);
  return node ? read_fields(*node, settings.emplace()) : Status();
}

}  // namespace

Result<Tokenizer> import_tokenizer_json(std::string_view json, std::string where) {
  MALMOI_ASSIGN(JsonText text, JsonText::parse(json, where));
  JsonNode root = text.root();
  if (!root.is_object()) return root.error("should be an object", "is this a tokenizer.json?");
  auto parts = std::make_unique<Tokenizer::Parts>();
  parts->origin = "huggingface";
  MALMOI_ASSIGN(JsonNode model, root.at("model"));
  MALMOI_ASSIGN(parts->model, component_from_node<Model>(model));
  MALMOI_TRY(read_part(root, "normalizer", parts->normalizer));
  MALMOI_TRY(read_part(root, "pre_tokenizer", parts->pre_tokenizer));
  MALMOI_TRY(read_part(root, "post_processor", parts->post_processor));
  if (parts->post_processor) MALMOI_TRY(check_volume(*parts->post_processor, root.where + ".post_processor"));
  MALMOI_TRY(read_part(root, "decoder", parts->decoder));
  MALMOI_TRY(read_settings(root, "truncation", parts->truncation));
  MALMOI_TRY(read_settings(root, "padding", parts->padding));
  if (auto node = root.find("added_tokens"))
    MALMOI_TRY(read_added_tokens(*node, parts->model->vocabulary(), parts->added));
  return Tokenizer(std::move(parts));
}

Result<std::string> to_tokenizer_json(const Tokenizer::Parts& parts) {
  // A splitter or an id decoder of another library is left out: the components beside it are the nearest the format has.
  std::string out = "{\"version\":\"1.0\"";
  MALMOI_TRY(append_settings(out, "truncation", parts.truncation));
  MALMOI_TRY(append_settings(out, "padding", parts.padding));
  out += ",\"added_tokens\":[";
  for (size_t i = 0; i < parts.added.all().size(); ++i) {
    if (i) out += ',';
    MALMOI_TRY(write_fields(out, parts.added.all()[i]));
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
