// A tokenizer as the metadata of a GGUF file: llama.cpp's spelling of vocabularies, tried by reading it back.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "tokenizer/export/export.h"
#include "tokenizer/export/gguf_entries.h"
#include "tokenizer/import/gguf_vocab.h"
#include "tokenizer/parts.h"
#include "tokenizer/special_ids.h"

namespace malmoi::tokenizer {
namespace {

using formats::GgufMetadata;

GgufEntries entries_of(const Tokenizer& tokenizer, const Json& json, int64_t vocab_size) {
  GgufEntries entries;
  for (int64_t id = 0; id < vocab_size; ++id) {
    std::string text = tokenizer.piece(static_cast<int32_t>(id));
    const bool missing = text.empty();
    entries.texts.push_back(missing ? fmt::format("[PAD{}]", id) : std::move(text));
    entries.kinds.push_back(static_cast<int32_t>(missing ? PieceKind::kUnused : PieceKind::kNormal));
    entries.scores.push_back(0);
  }
  for (const Json& token : json.value("added_tokens", Json::array())) {
    const auto id = static_cast<size_t>(token["id"].get<int64_t>());
    if (id >= entries.texts.size()) continue;
    entries.texts[id] = token["content"].get<std::string>();
    const bool special = token.value("special", false);
    entries.kinds[id] = static_cast<int32_t>(special ? PieceKind::kControl : PieceKind::kUserDefined);
  }
  return entries;
}

// Names that others use most first: several stand for the same patterns.
std::vector<std::string_view> names_in_order() {
  std::vector<std::string_view> names = {"gpt-2", "llama-bpe", "qwen2", "smollm", "gpt-4o", "deepseek-v3", "default"};
  for (std::string_view name : pre_type_names()) names.push_back(name);
  return names;
}

Status put_byte_level(const Tokenizer& tokenizer, const Json& json, GgufEntries entries, GgufMetadata& metadata) {
  metadata.set_text("tokenizer.ggml.model", "gpt2");
  put_entries(entries, false, metadata);
  metadata.set_texts("tokenizer.ggml.merges", merges_of(json["model"]));
  std::vector<const PreType*> tried;
  for (std::string_view name : names_in_order()) {
    const PreType* type = find_pre_type(name);
    if (!type || name.empty() || type->escape_whitespaces || type->plain_text) continue;
    if (std::ranges::find(tried, type) != tried.end()) continue;
    tried.push_back(type);
    metadata.set_text("tokenizer.ggml.pre", name);
    if (check_read_back(tokenizer, metadata).ok()) return {};
  }
  return unsupported("GGUF has no name for the way in which this tokenizer cuts text", "tokenizer.json", kKeepFolder);
}

// Pieces that begin a word carry U+2581, the others lose their "##".
Status put_wordpiece(const Tokenizer& tokenizer, const Json& json, GgufEntries entries, GgufMetadata& metadata) {
  const std::string inside = json["model"].value("continuing_subword_prefix", "##");
  for (size_t i = 0; i < entries.texts.size(); ++i) {
    std::string& text = entries.texts[i];
    if (entries.kinds[i] != static_cast<int32_t>(PieceKind::kNormal)) continue;
    text = text.starts_with(inside) ? text.substr(inside.size()) : "\xE2\x96\x81" + text;
  }
  metadata.set_text("tokenizer.ggml.model", "bert");
  metadata.set_text("tokenizer.ggml.pre", "default");
  put_entries(entries, false, metadata);
  return check_read_back(tokenizer, metadata);
}

void put_id(GgufMetadata& metadata, const char* key, std::optional<int32_t> id) {
  if (id) metadata.set_u32(fmt::format("tokenizer.ggml.{}_token_id", key), static_cast<uint32_t>(*id));
}

// Special ids, and which of them stand around a text.
void put_ids(const Tokenizer& tokenizer, const Json& config, GgufMetadata& metadata) {
  put_id(metadata, "bos", tokenizer.bos_id());
  put_id(metadata, "eos", tokenizer.eos_id());
  put_id(metadata, "unknown", tokenizer.unk_id());
  put_id(metadata, "padding", tokenizer.pad_id());
  for (auto [key, name] :
       {std::pair{"sep_token", "seperator"}, std::pair{"cls_token", "cls"}, std::pair{"mask_token", "mask"}}) {
    if (!config.contains(key)) continue;  // "seperator" is how the format spells it
    const Json& token = config[key];
    put_id(metadata, name,
           tokenizer.id_of(token.is_object()   ? token.value("content", "")
                           : token.is_string() ? token.get<std::string>()
                                               : ""));
  }
  const std::vector<int32_t> ids = tokenizer.encode("a", {.add_special = true});
  metadata.set_bool("tokenizer.ggml.add_bos_token",
                    !ids.empty() && tokenizer.bos_id() && ids.front() == *tokenizer.bos_id());
  metadata.set_bool("tokenizer.ggml.add_eos_token",
                    !ids.empty() && tokenizer.eos_id() && ids.back() == *tokenizer.eos_id());
}

}  // namespace

Status export_gguf(const Tokenizer& tokenizer, int64_t vocab_size, GgufMetadata& metadata) {
  MALMOI_ASSIGN(const std::string text, to_tokenizer_json(tokenizer.parts()));
  MALMOI_ASSIGN(const Json json, parse_json(text, "tokenizer.json"));
  MALMOI_ASSIGN(const Json config, parse_json(tokenizer_config_json(tokenizer), "tokenizer_config.json"));
  put_ids(tokenizer, config, metadata);
  if (config.contains("chat_template") && config["chat_template"].is_string())
    metadata.set_text("tokenizer.chat_template", config["chat_template"].get<std::string>());
  GgufEntries entries = entries_of(tokenizer, json, std::max<int64_t>(vocab_size, tokenizer.vocab_size()));
  const std::string type = json["model"].value("type", "");
  const bool byte_level = contains_step(json.value("pre_tokenizer", Json()), "ByteLevel");
  if (type == "BPE" && byte_level) return put_byte_level(tokenizer, json, std::move(entries), metadata);
  if (type == "BPE") return put_sentencepiece_bpe(tokenizer, json, std::move(entries), metadata);
  if (type == "Unigram") return put_unigram(tokenizer, json, std::move(entries), metadata);
  if (type == "WordPiece") return put_wordpiece(tokenizer, json, std::move(entries), metadata);
  return unsupported("a tokenizer of the model '" + type + "' has no form in GGUF", "tokenizer.json", kKeepFolder);
}

}  // namespace malmoi::tokenizer
