// SentencePiece's vocabularies as GGUF spells them, where llama.cpp makes the same tokens of every text.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/base64.h"
#include "tokenizer/export/gguf_entries.h"
#include "tokenizer/import/sentencepiece_proto.h"
#include "tokenizer/models/marked_words.h"

namespace malmoi::tokenizer {
namespace {

using formats::GgufMetadata;

// What SentencePiece's kin must agree on besides: spaces at all places, and characters that no vocabulary has, alone, beside each
// other, and beside the beginnings of words.
constexpr std::string_view kSpacesAndUnknown[] = {
    " leading",
    "trailing ",
    "   ",
    "a  b   c",
    "\xEE\x80\x80",
    "\xEE\x80\x80\xEE\x80\x81 \xEE\x80\x82 a\xEE\x80\x83"
    "b \xEE\x80\x84\xEE\x80\x85\xEE\x80\x86.",
    "\xF3\xB0\x80\x80 \xF3\xB0\x80\x81\xF3\xB0\x80\x82",
};

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

bool is_byte_token(std::string_view text) { return text.size() == 6 && byte_of_piece(text) >= 0; }

void mark_bytes(GgufEntries& entries) {
  for (size_t i = 0; i < entries.texts.size(); ++i)
    if (is_byte_token(entries.texts[i])) entries.kinds[i] = static_cast<int32_t>(PieceKind::kByte);
}

void mark_unknown(const Tokenizer& tokenizer, GgufEntries& entries) {
  if (auto unknown = tokenizer.unk_id(); unknown && static_cast<size_t>(*unknown) < entries.kinds.size())
    entries.kinds[static_cast<size_t>(*unknown)] = static_cast<int32_t>(PieceKind::kUnknown);
}

// The first text that is told to be cut otherwise; nothing: none is.
template <typename Texts>
std::optional<std::string> first_cut_otherwise(const Tokenizer& tokenizer, const Tokenizer& back, const Texts& texts) {
  for (const auto& text : texts)
    if (!encodes_alike(tokenizer, back, text)) return std::string(text);
  return {};
}

// llama.cpp knows no unknown token here: a character without a piece is its bytes' tokens, and ends it where there are none.
Status check_bytes(const Json& json, const GgufEntries& entries) {
  const auto bytes = std::ranges::count_if(entries.texts, is_byte_token);
  if (json["model"].value("byte_fallback", false) && bytes == 256) return {};
  return unsupported(
      bytes == 256 ? "llama.cpp would make byte tokens of a character without a piece, the tokenizer an unknown one"
                   : "llama.cpp ends with an error at a character without a piece, where BPE has no byte tokens",
      "tokenizer.json: model", "train it with bytes to fall back to, or keep the folder with tokenizer.json");
}

// Every normal piece as a text, and before the next one.
std::vector<std::string> texts_of_pieces(const GgufEntries& entries) {
  std::vector<std::string> pieces, texts;
  for (size_t i = 0; i < entries.texts.size(); ++i)
    if (entries.kinds[i] == static_cast<int32_t>(PieceKind::kNormal))
      pieces.push_back(marks_to_spaces(entries.texts[i]));
  for (size_t i = 0; i < pieces.size(); ++i) {
    texts.push_back(pieces[i]);
    texts.push_back(pieces[i] + pieces[(i + 1) % pieces.size()]);
  }
  return texts;
}

// Whether spaces are merged to one stands in no field of tokenizer.json: what reads back has it right. A run of characters without pieces
// is one unknown token in both.
Status put_checked_unigram(const Tokenizer& tokenizer, const GgufEntries& entries, GgufMetadata& metadata) {
  std::optional<std::string> differs;
  for (bool merges_spaces : {true, false}) {
    metadata.set_bool("tokenizer.ggml.remove_extra_whitespaces", merges_spaces);
    const std::optional<Tokenizer> back = read_back(metadata);
    if (!back) return check_read_back(tokenizer, metadata);
    differs = first_probe_that_differs(tokenizer, *back);
    if (!differs) differs = first_cut_otherwise(tokenizer, *back, kSpacesAndUnknown);
    if (!differs) differs = first_cut_otherwise(tokenizer, *back, texts_of_pieces(entries));
    if (!differs) return {};
  }
  return other_tokens_of(*differs);
}

Status put_charsmap(const Json& normalizer, GgufMetadata& metadata) {
  if (!normalizer.is_object()) return {};
  if (normalizer.value("type", "") == "Precompiled") {
    std::string bytes;
    if (!decode_base64(normalizer["precompiled_charsmap"].get<std::string>(), bytes))
      return invalid_data("the character map is not base64", "tokenizer.json: normalizer", kKeepFolder);
    metadata.set_bytes("tokenizer.ggml.precompiled_charsmap", bytes);
  }
  if (normalizer.contains("normalizers"))
    for (const Json& step : normalizer["normalizers"]) MALMOI_TRY(put_charsmap(step, metadata));
  return {};
}

}  // namespace

// SentencePiece's BPE: a merge's rank is its product's score.
Status put_sentencepiece_bpe(const Tokenizer& tokenizer, const Json& json, GgufEntries entries,
                             GgufMetadata& metadata) {
  MALMOI_TRY(check_bytes(json, entries));
  mark_bytes(entries);
  mark_unknown(tokenizer, entries);
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
  return check_read_back(tokenizer, metadata);
}

Status put_unigram(const Tokenizer& tokenizer, const Json& json, GgufEntries entries, GgufMetadata& metadata) {
  if (json["model"].value("byte_fallback", false))
    return unsupported("llama.cpp would make an unknown token of a character without a piece, the tokenizer its bytes",
                       "tokenizer.json: model",
                       "train it without bytes to fall back to, or keep the folder with tokenizer.json");
  if (!tokenizer.unk_id())
    return unsupported("llama.cpp needs an unknown token, and the tokenizer has none", "tokenizer.json: model",
                       kKeepFolder);
  const Json& vocabulary = json["model"]["vocab"];
  for (size_t i = 0; i < entries.scores.size() && i < vocabulary.size(); ++i)
    entries.scores[i] = vocabulary[i][1].get<float>();
  mark_unknown(tokenizer, entries);
  metadata.set_text("tokenizer.ggml.model", "t5");
  metadata.set_text("tokenizer.ggml.pre", "default");
  put_entries(entries, true, metadata);
  metadata.set_bool("tokenizer.ggml.add_space_prefix", adds_prefix(json));
  MALMOI_TRY(put_charsmap(json.value("normalizer", Json()), metadata));
  return put_checked_unigram(tokenizer, entries, metadata);
}

}  // namespace malmoi::tokenizer
