// Byte-level BPE as tiktoken's ranks.
#include <fmt/format.h>

#include <algorithm>

#include "base/base64.h"
#include "base/json.h"
#include "base/utf8.h"
#include "tokenizer/export/export.h"
#include "tokenizer/export/same_ids.h"
#include "tokenizer/import/importers.h"
#include "tokenizer/models/bpe.h"
#include "tokenizer/models/byte_alphabet.h"
#include "tokenizer/parts.h"
#include "tokenizer/pipeline/fast_path.h"

namespace malmoi::tokenizer {
namespace {

Error tiktoken_cannot(std::string why) {
  return unsupported("a .tiktoken file cannot hold this tokenizer: " + std::move(why), "export",
                     "export tokenizer.json instead");
}

// Ranks must make every piece of its bytes as the merges do, and cut nothing else differently.
Status check_ranks(const Tokenizer& tokenizer, const Tokenizer& ranks, const std::vector<std::string>& raw) {
  auto never = [](const std::string&) { return false; };
  if (auto text = first_difference(*tokenizer.parts().model, *ranks.parts().model, raw, never))
    return tiktoken_cannot(
        fmt::format("ranks do not merge the text \"{}\" as the list of merges does", replace_invalid_utf8(*text)));
  return {};
}

}  // namespace

Result<TiktokenFiles> export_tiktoken(const Tokenizer& tokenizer) {
  const Tokenizer::Parts& parts = tokenizer.parts();
  if (parts.model->type() != "BPE" || !parts.model->takes_bytes())
    return tiktoken_cannot("its model is not BPE over bytes");
  if (parts.normalizer) return tiktoken_cannot("it normalises its text");
  const Pattern* pattern = only_pattern(parts.pre_tokenizer.get());
  if (!pattern) return tiktoken_cannot("its text is not cut by one pattern that is known to leave nothing out");
  const Vocabulary& vocabulary = parts.model->vocabulary();
  TiktokenFiles files;
  Json specials = Json::object();
  for (const AddedToken& token : parts.added.all()) {
    if (token.normalized || token.single_word || token.lstrip || token.rstrip)
      return tiktoken_cannot(fmt::format("the added token \"{}\" looks at its surroundings", token.content));
    specials[token.content] = token.id;
  }
  std::vector<std::string> raw;
  std::vector<bool> byte_seen(256);
  for (int32_t id = 0; id < vocabulary.id_limit(); ++id) {
    if (!vocabulary.has(id) || parts.added.by_id(id)) continue;
    std::string bytes;
    if (!unspell_bytes(vocabulary.spelling(id), bytes))
      return tiktoken_cannot(fmt::format("the piece \"{}\" is not spelled in bytes", vocabulary.spelling(id)));
    if (bytes.size() == 1) byte_seen[static_cast<unsigned char>(bytes[0])] = true;
    files.ranks += encode_base64(bytes) + " " + std::to_string(id) + "\n";
    raw.push_back(std::move(bytes));
  }
  if (std::find(byte_seen.begin(), byte_seen.end(), false) != byte_seen.end())
    return tiktoken_cannot("not every byte is a piece");
  files.pattern_json = dump_json(Json{{"pattern", pattern->source()}, {"special_tokens", specials}}, 1) + "\n";
  MALMOI_ASSIGN(Tokenizer ranks, tiktoken_tokenizer(files.ranks, files.pattern_json, "export", "export"));
  MALMOI_TRY(check_ranks(tokenizer, ranks, raw));
  return files;
}

}  // namespace malmoi::tokenizer
