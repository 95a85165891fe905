#include "tokenizer/export/gguf_entries.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/shown.h"
#include "tokenizer/import/importers.h"

namespace malmoi::tokenizer {
namespace {

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

}  // namespace

void put_entries(const GgufEntries& entries, bool scored, formats::GgufMetadata& metadata) {
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

std::optional<Tokenizer> read_back(const formats::GgufMetadata& metadata) {
  auto header = formats::gguf_header(metadata);
  if (!header.ok()) return {};
  auto file = formats::Gguf::from_bytes(*std::move(header), "export");
  if (!file.ok()) return {};
  auto back = gguf_tokenizer(*file, Compat::kDefault);
  if (!back.ok()) return {};
  return *std::move(back);
}

bool encodes_alike(const Tokenizer& a, const Tokenizer& b, std::string_view text) {
  return a.encode(text, {.add_special = true}) == b.encode(text, {.add_special = true});
}

std::optional<std::string> first_probe_that_differs(const Tokenizer& tokenizer, const Tokenizer& back) {
  for (std::string_view text : kProbes)
    if (!encodes_alike(tokenizer, back, text)) return std::string(text);
  return {};
}

Error other_tokens_of(std::string_view text) {
  return unsupported(fmt::format("llama.cpp would make other tokens of the same text, \"{}\"", show_controls(text)),
                     "tokenizer.json", kKeepFolder);
}

Status check_read_back(const Tokenizer& tokenizer, const formats::GgufMetadata& metadata) {
  const std::optional<Tokenizer> back = read_back(metadata);
  if (!back)
    return unsupported("llama.cpp could not read the tokenizer from a GGUF file", "tokenizer.json", kKeepFolder);
  if (auto text = first_probe_that_differs(tokenizer, *back)) return other_tokens_of(*text);
  return {};
}

}  // namespace malmoi::tokenizer
