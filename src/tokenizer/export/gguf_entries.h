// What writers of GGUF's tokenizers share: the entries of a vocabulary, and the check by reading them as llama.cpp does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "formats/gguf.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::tokenizer {

inline constexpr const char* kKeepFolder = "keep the folder with tokenizer.json";

/// The entries of the vocabulary in the order of their ids, before a model's own spelling.
struct GgufEntries {
  std::vector<std::string> texts;
  std::vector<int32_t> kinds;  // PieceKind, as the file numbers them
  std::vector<float> scores;
};
void put_entries(const GgufEntries& entries, bool scored, formats::GgufMetadata& metadata);

/// `merges` of a BPE model, each as two pieces and a space between.
std::vector<std::string> merges_of(const Json& model);
/// Whether a component of tokenizer.json is of a type or has such a step in it.
bool contains_step(const Json& component, std::string_view type);

/// What was written, by llama.cpp's rules; nothing where it cannot be read.
std::optional<Tokenizer> read_back(const formats::GgufMetadata& metadata);
/// The first of some texts that every way of cutting must agree on, and the two do not; nothing: they agree.
std::optional<std::string> first_probe_that_differs(const Tokenizer& tokenizer, const Tokenizer& back);
/// Whether two tokenizers make the same ids of a text, with what stands around it.
bool encodes_alike(const Tokenizer& a, const Tokenizer& b, std::string_view text);
Error other_tokens_of(std::string_view text);
/// An error where the probes are not cut as the tokenizer cuts them.
Status check_read_back(const Tokenizer& tokenizer, const formats::GgufMetadata& metadata);

/// gguf_sentencepiece.cc: the models "llama" and "t5". Errors say why llama.cpp would make other tokens of some text.
Status put_sentencepiece_bpe(const Tokenizer& tokenizer, const Json& json, GgufEntries entries,
                             formats::GgufMetadata& metadata);
Status put_unigram(const Tokenizer& tokenizer, const Json& json, GgufEntries entries, formats::GgufMetadata& metadata);

}  // namespace malmoi::tokenizer
