#include "tokenizer/import/importers.h"

#include "base/base64.h"
#include "tokenizer/import/marian.h"
#include "tokenizer/import/sentencepiece.h"

namespace malmoi::tokenizer {
namespace {

bool ends_in(const Path& file, std::string_view ending) {
  return std::string_view(file.filename().native()).ends_with(ending);
}

// Whether a file begins with a line of tiktoken's: base64, a space, a rank.
bool begins_with_rank(std::string_view text) {
  std::string_view line = text.substr(0, std::min(text.find('\n'), size_t{1024}));
  if (line.ends_with('\r')) line.remove_suffix(1);
  const size_t space = line.find(' ');
  std::string token;
  return space != std::string_view::npos && space > 0 && space + 1 < line.size() &&
         decode_base64(line.substr(0, space), token) &&
         line.find_first_not_of("0123456789", space + 1) == std::string_view::npos;
}

// Some models are published with tiktoken's ranks in a file of SentencePiece's name.
Result<Tokenizer> load_model_file(const Path& file, Compat compat) {
  MALMOI_ASSIGN(MappedFile bytes, MappedFile::open(file));
  return begins_with_rank(bytes.text()) ? load_tiktoken(file, compat) : load_sentencepiece(file, compat);
}

}  // namespace

std::span<const Importer> importers() {
  static constexpr Importer kTable[] = {
      {"Marian", [](const Path& f) { return ends_in(f, "source.spm"); }, load_marian},
      {"SentencePiece", [](const Path& f) { return ends_in(f, ".model"); }, load_model_file},
      {"tiktoken", [](const Path& f) { return ends_in(f, ".tiktoken"); }, load_tiktoken},
      {"tekken", [](const Path& f) { return ends_in(f, "tekken.json"); }, load_tekken},
      {"BERT vocab.txt", [](const Path& f) { return ends_in(f, "vocab.txt"); }, load_vocab_txt},
      {"GGUF", [](const Path& f) { return ends_in(f, ".gguf"); }, load_gguf_tokenizer},
  };
  return kTable;
}

}  // namespace malmoi::tokenizer
