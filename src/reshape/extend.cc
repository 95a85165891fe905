#include "reshape/extend.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/json_read.h"
#include "tokenizer/export/export.h"
#include "tokenizer/models/byte_alphabet.h"
#include "tokenizer/parts.h"
#include "tokenizer/pipeline/encoder.h"
#include "tokenizer/train/bpe_merges.h"
#include "tokenizer/train/word_counts.h"

namespace malmoi::reshape {
namespace {

using tokenizer::BpeCorpus;
using tokenizer::BpeMerge;
using tokenizer::Tokenizer;

// The words of texts as the model sees them.
void count_words(const Tokenizer::Parts& parts, const std::string& text, tokenizer::WordCounts& words) {
  const bool tracked = parts.normalizer && parts.pre_tokenizer && parts.pre_tokenizer->needs_source();
  tokenizer::Draft draft(text, tracked);
  tokenizer::prepare_draft(parts, text, true, draft);
  for (const tokenizer::Piece& piece : draft.pieces) {
    if (piece.token < 0) words.add(draft.text(piece));
  }
}

// Symbols are the ids of the vocabulary; those without a piece have a name that no text makes.
BpeCorpus corpus_of(const Tokenizer& tokenizer, const tokenizer::WordCounts& words) {
  BpeCorpus corpus;
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    std::string piece = tokenizer.piece(id);
    corpus.pieces.push_back(piece.empty() ? fmt::format("\x01{}", id) : std::move(piece));
  }
  const Tokenizer::Parts& parts = tokenizer.parts();
  const int32_t unk = parts.model->unk_id().value_or(-1);
  std::vector<int32_t> ids;
  words.for_each([&](std::string_view word, uint64_t count) {
    ids.clear();
    parts.model->encode(word, ids);
    corpus.begin_word(count);
    for (int32_t id : ids) {
      const bool is_merged = id != unk && tokenizer::byte_of_token(corpus.pieces[static_cast<size_t>(id)]) < 0;
      if (is_merged) {
        corpus.push(static_cast<uint32_t>(id));
      } else {  // decoders read these one by one
        corpus.end_word();
        corpus.begin_word(count);
      }
    }
    corpus.end_word();
  });
  return corpus;
}

// The old ids that a symbol was, given those of the new ones before it.
void append_origins(uint32_t symbol, size_t old_size, const std::vector<std::vector<int32_t>>& before,
                    std::vector<int32_t>& to) {
  if (symbol < old_size) return to.push_back(static_cast<int32_t>(symbol));
  const std::vector<int32_t>& own = before[symbol - old_size];
  to.insert(to.end(), own.begin(), own.end());
}

Status check_bpe(const Json& model) {
  if (json_string(model, "type") != "BPE")
    return unsupported("a vocabulary of the type '" + json_string(model, "type") + "' does not go on learning merges",
                       "--data", "give the tokens with --tokens");
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!json_string(model, key).empty())
      return unsupported(std::string("a BPE model with ") + key + " does not go on learning", "--data",
                         "give the tokens with --tokens");
  }
  return {};
}

}  // namespace

Result<ExtendedVocabulary> extend_by_tokens(const Tokenizer& tokenizer, std::span<const std::string> tokens) {
  MALMOI_ASSIGN(const Tokenizer added, tokenizer::with_added_tokens(tokenizer, tokens, false));
  ExtendedVocabulary extended{.tokens = {tokens.begin(), tokens.end()}};
  MALMOI_ASSIGN(extended.tokenizer, tokenizer::to_tokenizer_json(added.parts()));
  for (const std::string& token : tokens) {
    std::vector<int32_t> ids = tokenizer.encode(token, {.add_special = false, .parse_special = false});
    if (ids.empty())
      return invalid_data("the vocabulary has nothing for the token '" + token + "'", "--tokens", "leave it out");
    extended.origins.push_back(std::move(ids));
  }
  return extended;
}

Result<ExtendedVocabulary> extend_by_texts(const Tokenizer& tokenizer, const tokenizer::TextSource& texts,
                                           int64_t count, const Job& job) {
  MALMOI_ASSIGN(const std::string text_before, tokenizer::to_tokenizer_json(tokenizer.parts()));
  MALMOI_ASSIGN(Json json, parse_json(text_before, "tokenizer.json"));
  MALMOI_TRY(check_bpe(json_object(json, "model")));
  tokenizer::WordCounts words;
  std::string text;
  while (texts(text)) {
    MALMOI_TRY(job.stop.check());
    count_words(tokenizer.parts(), text, words);
  }
  BpeCorpus corpus = corpus_of(tokenizer, words);
  const size_t old_size = corpus.pieces.size();
  if (corpus.counts.empty())
    return invalid_data("no word of it has two tokens that could become one", "--data", "give more text");
  MALMOI_ASSIGN(
      const std::vector<BpeMerge> merges,
      tokenizer::learn_merges(corpus, {.vocab_size = old_size + static_cast<size_t>(count), .min_frequency = 2},
                              [&](size_t) { return !job.stop.requested(); }));
  ExtendedVocabulary extended;
  Json& model = json["model"];
  if (!model.contains("merges")) model["merges"] = Json::array();
  for (const BpeMerge& merge : merges) {
    model["merges"].push_back(Json::array({corpus.pieces[merge.left], corpus.pieces[merge.right]}));
    if (merge.product < old_size + extended.tokens.size()) continue;  // a piece that is there already
    std::vector<int32_t> ids;
    append_origins(merge.left, old_size, extended.origins, ids);
    append_origins(merge.right, old_size, extended.origins, ids);
    model["vocab"][corpus.pieces[merge.product]] = merge.product;
    extended.tokens.push_back(corpus.pieces[merge.product]);
    extended.origins.push_back(std::move(ids));
  }
  if (extended.tokens.empty())
    return invalid_data("no two tokens stand beside each other twice", "--data", "give more text");
  extended.tokenizer = dump_json(json);
  return extended;
}

}  // namespace malmoi::reshape
