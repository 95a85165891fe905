#include "tokenizer/import/importers.h"

#include "tokenizer/import/sentencepiece.h"

namespace malmoi::tokenizer {
namespace {

bool ends_in(const Path& file, std::string_view ending) {
  return std::string_view(file.filename().native()).ends_with(ending);
}

}  // namespace

std::span<const Importer> importers() {
  static constexpr Importer kTable[] = {
      {"SentencePiece", [](const Path& f) { return ends_in(f, ".model"); }, load_sentencepiece},
      {"tiktoken", [](const Path& f) { return ends_in(f, ".tiktoken"); }, load_tiktoken},
      {"tekken", [](const Path& f) { return ends_in(f, "tekken.json"); }, load_tekken},
      {"BERT vocab.txt", [](const Path& f) { return ends_in(f, "vocab.txt"); }, load_vocab_txt},
      {"GGUF", [](const Path& f) { return ends_in(f, ".gguf"); }, load_gguf_tokenizer},
  };
  return kTable;
}

}  // namespace malmoi::tokenizer
