// A tokenizer as the metadata of a GGUF file: llama.cpp's spelling of vocabularies, tried by reading it back.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/base64.h"
#include "base/json.h"
#include "tokenizer/export/export.h"
#include "tokenizer/import/gguf_vocab.h"
#include "tokenizer/import/importers.h"
#include "tokenizer/parts.h"
#include "tokenizer/special_ids.h"

namespace malmoi::tokenizer {
namespace {

using formats::GgufMetadata;

constexpr const char* kRemedy = "keep the folder with tokenizer.json";

// What every way of cutting must agree on: contractions, numbers, spaces, line ends, other scripts, emoji, code.
constexpr std::string_view kProbes[] = {
    "Hello, world! It's 12345 o'clock; we'll SEE what they'VE done.",
    "  two  spaces\tand\ttabs \n\n\nand lines\r\nend ",
    "안녕하세요, 말모이입니다. 2026년 11월 27일 3.14 １２３",
    "ünïcödé Straße ΑΒΓαβγ русский текст 你好，世界 こんにちは ไทย عربى",
    "🚀 (normal) 😶‍🌫️ ✅ 🦙🦙 ___ ---- ...... !!!!!! ''''' \"quoted\" `code`",
    "for (int i = 0; i < 1000; ++i) { x[i] += y_1 * 3e-5; } // done",
    "http://example.com/a?b=c&d=%20 e-mail: a.b@c.de #tag $9.99 50% ~/path\\file",
    "MixedCase camelCase snake_case ALLCAPS I'M You'Re don'T",
};

// Whether what was written encodes as the tokenizer does.
bool reads_back(const Tokenizer& tokenizer, const GgufMetadata& metadata) {
  auto header = formats::gguf_header(metadata);
  if (!header.ok()) return false;
  auto file = formats::Gguf::from_bytes(*std::move(header), "export");
  if (!file.ok()) return false;
  auto back = gguf_tokenizer(*file, Compat::kDefault);
  if (!back.ok()) return false;
  return std::all_of(std::begin(kProbes), std::end(kProbes), [&](std::string_view text) {
    return back->encode(text, {.add_special = true}) == tokenizer.encode(text, {.add_special = true});
  });
}

// The entries of the vocabulary in the order of their ids, before a model's own spelling.
struct Entries {
  std::vector<std::string> texts;
  std::vector<int32_t> kinds;  // PieceKind, as the file numbers them
  std::vector<float> scores;
};

Entries entries_of(const Tokenizer& tokenizer, const Json& json, int64_t vocab_size) {
  Entries entries;
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

void put_entries(const Entries& entries, bool scored, GgufMetadata& metadata) {
  metadata.set_texts("tokenizer.ggml.tokens", entries.texts);
  metadata.set_i32s("tokenizer.ggml.token_type", entries.kinds);
  if (scored) metadata.set_f32s("tokenizer.ggml.scores", entries.scores);
}

std::vector<std::string> merges_of(const Json& model) {
  std::vector<std::string> merges;
  for (const Json& merge : model.value("merges", Json::array()))
    merges.push_back(merge.is_array() ? merge[0].get<std::string>() + " " + merge[1].get<std::string>()
                                      : merge.get<std::string>());
  return merges;
}

// Names that others use most first: several stand for the same patterns.
std::vector<std::string_view> names_in_order() {
  std::vector<std::string_view> names = {"gpt-2", "llama-bpe", "qwen2", "smollm", "gpt-4o", "deepseek-v3", "default"};
  for (std::string_view name : pre_type_names()) names.push_back(name);
  return names;
}

Status put_byte_level(const Tokenizer& tokenizer, const Json& json, Entries entries, GgufMetadata& metadata) {
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
    if (reads_back(tokenizer, metadata)) return {};
  }
  return unsupported("GGUF has no name for the way in which this tokenizer cuts text", "tokenizer.json", kRemedy);
}

bool contains_step(const Json& component, std::string_view type) {
  if (!component.is_object()) return false;
  if (component.value("type", "") == type) return true;
  for (const char* list : {"normalizers", "pretokenizers", "decoders"}) {
    if (!component.contains(list)) continue;
    for (const Json& step : component[list])
      if (contains_step(step, type)) return true;
  }
  return false;
}

// Whether a blank is put before the text.
bool adds_prefix(const Json& json) {
  const Json normalizer = json.value("normalizer", Json()), cutter = json.value("pre_tokenizer", Json());
  if (contains_step(normalizer, "Prepend")) return true;
  auto metaspace = [](const Json& step) {
    return step.is_object() && step.value("type", "") == "Metaspace" &&
           step.value("prepend_scheme", "always") != "never";
  };
  if (metaspace(cutter)) return true;
  return cutter.is_object() && cutter.contains("pretokenizers") &&
         std::ranges::any_of(cutter["pretokenizers"], metaspace);
}

void mark_unknown_and_bytes(const Tokenizer& tokenizer, Entries& entries) {
  for (size_t i = 0; i < entries.texts.size(); ++i) {
    const std::string& text = entries.texts[i];
    const bool byte = text.size() == 6 && text.starts_with("<0x") && text.ends_with('>');
    if (byte) entries.kinds[i] = static_cast<int32_t>(PieceKind::kByte);
  }
  if (auto unknown = tokenizer.unk_id(); unknown && static_cast<size_t>(*unknown) < entries.kinds.size())
    entries.kinds[static_cast<size_t>(*unknown)] = static_cast<int32_t>(PieceKind::kUnknown);
}

Status put_checked(const Tokenizer& tokenizer, const GgufMetadata& metadata) {
  if (reads_back(tokenizer, metadata)) return {};
  return unsupported("llama.cpp would make other tokens of the same text", "tokenizer.json", kRemedy);
}

// SentencePiece's BPE: a merge's rank is its product's score.
Status put_sentencepiece_bpe(const Tokenizer& tokenizer, const Json& json, Entries entries, GgufMetadata& metadata) {
  mark_unknown_and_bytes(tokenizer, entries);
  std::map<std::string, float> rank;
  for (const std::string& merge : merges_of(json["model"])) {
    std::string product = merge;
    product.erase(product.find(' ', 1), 1);
    rank.emplace(product, -static_cast<float>(rank.size()));
  }
  constexpr float kNeverMerged = -1e6f;  // a single character, or none that merges make
  for (size_t i = 0; i < entries.texts.size(); ++i) {
    if (entries.kinds[i] != static_cast<int32_t>(PieceKind::kNormal)) continue;
    auto found = rank.find(entries.texts[i]);
    entries.scores[i] = found == rank.end() ? kNeverMerged : found->second;
  }
  metadata.set_text("tokenizer.ggml.model", "llama");
  metadata.set_text("tokenizer.ggml.pre", "default");
  put_entries(entries, true, metadata);
  metadata.set_bool("tokenizer.ggml.add_space_prefix", adds_prefix(json));
  return {};
}

Status put_unigram(const Tokenizer& tokenizer, const Json& json, Entries entries, GgufMetadata& metadata) {
  const Json& vocabulary = json["model"]["vocab"];
  for (size_t i = 0; i < entries.scores.size() && i < vocabulary.size(); ++i)
    entries.scores[i] = vocabulary[i][1].get<float>();
  mark_unknown_and_bytes(tokenizer, entries);
  metadata.set_text("tokenizer.ggml.model", "t5");
  metadata.set_text("tokenizer.ggml.pre", "default");
  put_entries(entries, true, metadata);
  metadata.set_bool("tokenizer.ggml.add_space_prefix", adds_prefix(json));
  const Json normalizer = json.value("normalizer", Json());
  auto charsmap = [&](const Json& step) -> Status {
    if (!step.is_object() || step.value("type", "") != "Precompiled") return {};
    std::string bytes;
    if (!decode_base64(step["precompiled_charsmap"].get<std::string>(), bytes))
      return invalid_data("the character map is not base64", "tokenizer.json: normalizer", kRemedy);
    metadata.set_bytes("tokenizer.ggml.precompiled_charsmap", bytes);
    return {};
  };
  MALMOI_TRY(charsmap(normalizer));
  if (normalizer.is_object() && normalizer.contains("normalizers"))
    for (const Json& step : normalizer["normalizers"]) MALMOI_TRY(charsmap(step));
  return {};
}

// Pieces that begin a word carry U+2581, the others lose their "##".
Status put_wordpiece(const Tokenizer&, const Json& json, Entries entries, GgufMetadata& metadata) {
  const std::string inside = json["model"].value("continuing_subword_prefix", "##");
  for (size_t i = 0; i < entries.texts.size(); ++i) {
    std::string& text = entries.texts[i];
    if (entries.kinds[i] != static_cast<int32_t>(PieceKind::kNormal)) continue;
    text = text.starts_with(inside) ? text.substr(inside.size()) : "\xE2\x96\x81" + text;
  }
  metadata.set_text("tokenizer.ggml.model", "bert");
  metadata.set_text("tokenizer.ggml.pre", "default");
  put_entries(entries, false, metadata);
  return {};
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
  Entries entries = entries_of(tokenizer, json, std::max<int64_t>(vocab_size, tokenizer.vocab_size()));
  const std::string type = json["model"].value("type", "");
  const bool byte_level = contains_step(json.value("pre_tokenizer", Json()), "ByteLevel");
  if (type == "BPE" && byte_level) return put_byte_level(tokenizer, json, std::move(entries), metadata);
  Status put = unsupported("a tokenizer of the model '" + type + "' has no form in GGUF", "tokenizer.json", kRemedy);
  if (type == "BPE") put = put_sentencepiece_bpe(tokenizer, json, std::move(entries), metadata);
  else if (type == "Unigram") put = put_unigram(tokenizer, json, std::move(entries), metadata);
  else if (type == "WordPiece") put = put_wordpiece(tokenizer, json, std::move(entries), metadata);
  MALMOI_TRY(put);
  return put_checked(tokenizer, metadata);
}

}  // namespace malmoi::tokenizer
