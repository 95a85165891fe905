// The fast ways of encoding against the plain ones, over any vocabulary and any text: pieces a line up to an empty line, then
// the text. Byte-level ids must decode to the text again.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/utf8.h"
#include "tokenizer/import/importers.h"
#include "tokenizer/import/plain_score_bpe.h"
#include "tokenizer/import/sentencepiece_normalizer.h"
#include "tokenizer/models/bpe.h"
#include "tokenizer/models/merge_table.h"
#include "tokenizer/models/byte_alphabet.h"
#include "tokenizer/models/unigram.h"
#include "tokenizer/pipeline/fast_path.h"
#include "tokenizer/tokenizer.h"

namespace {

using namespace malmoi::tokenizer;

void require(bool holds) {
  if (!holds) std::abort();
}

std::vector<int32_t> ids_of(const std::vector<Token>& tokens) {
  std::vector<int32_t> ids;
  for (const Token& token : tokens) ids.push_back(token.id);
  return ids;
}

std::vector<int32_t> encoded(const Model& model, std::string_view text) {
  std::vector<int32_t> ids;
  if (!text.empty()) model.encode(text, ids);
  return ids;
}

std::vector<std::string> pieces_of(std::string_view list) {
  std::vector<std::string> pieces{"<unk>"};
  std::unordered_set<std::string> seen{"<unk>"};
  for (size_t at = 0; at < list.size() && pieces.size() < 500;) {
    const size_t end = std::min(list.find('\n', at), list.size());
    std::string piece = malmoi::replace_invalid_utf8(list.substr(at, end - at));
    if (!piece.empty() && seen.insert(piece).second) pieces.push_back(std::move(piece));
    at = end + 1;
  }
  return pieces;
}

// SentencePiece's merging by scores, equal ones among them; every fourth piece is unused or user-defined where asked.
void check_score_bpe(const std::vector<std::string>& pieces, std::string_view text, bool odd_kinds) {
  ScoreBpeOptions options;
  for (size_t i = 0; i < pieces.size(); ++i) {
    PieceKind kind = i == 0 ? PieceKind::kUnknown : PieceKind::kNormal;
    if (odd_kinds && i % 4 == 3) kind = i % 8 == 3 ? PieceKind::kUnused : PieceKind::kUserDefined;
    options.pieces.push_back({pieces[i], -static_cast<float>(i / 2), kind});
  }
  auto model = make_score_bpe(options, "fuzz");
  require(model.ok());
  std::vector<int32_t> plain = ids_of(PlainScoreBpe(options).run(text)), fast = encoded(**model, text);
  require(plain == fast);
  std::vector<Token> tokens;
  if (!text.empty()) (*model)->tokenize(text, tokens);
  require(ids_of(tokens) == fast);
}

// The lowest id anywhere, the leftmost of equals, again and again.
std::vector<int32_t> merge_plainly(const std::vector<std::string>& pieces, std::string_view text) {
  std::unordered_map<std::string, int32_t> ids;
  for (size_t i = 0; i < pieces.size(); ++i) ids.emplace(pieces[i], static_cast<int32_t>(i));
  std::vector<std::string> parts;
  for (char c : text) parts.emplace_back(1, c);
  if (auto whole = ids.find(std::string(text)); whole != ids.end()) parts = {std::string(text)};
  while (true) {
    size_t best = parts.size();
    int32_t lowest = INT32_MAX;
    for (size_t i = 0; i + 1 < parts.size(); ++i)
      if (auto found = ids.find(parts[i] + parts[i + 1]); found != ids.end() && found->second < lowest) {
        lowest = found->second;
        best = i;
      }
    if (best == parts.size()) break;
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<ptrdiff_t>(best) + 1);
  }
  std::vector<int32_t> out;
  for (const std::string& part : parts) out.push_back(ids.at(part));
  return out;
}

void check_bytes(const std::vector<std::string>& list, std::string_view text) {
  std::vector<std::string> pieces;
  std::unordered_set<std::string> seen;
  for (int b = 0; b < 256; ++b) pieces.push_back(std::string(1, static_cast<char>(b)));
  for (const std::string& piece : list)
    if (piece.size() > 1 && seen.insert(piece).second) pieces.push_back(piece);
  BpeOptions options;
  options.merge_by_id = true;
  for (size_t i = 0; i < pieces.size(); ++i) options.vocabulary.add(spell_bytes(pieces[i]), static_cast<int32_t>(i));
  auto model = make_bpe(std::move(options), "fuzz");
  require(model.ok());
  std::vector<int32_t> ids = encoded(**model, text);
  std::string joined;
  for (int32_t id : ids) joined += pieces[static_cast<size_t>(id)];
  require(joined == text);
  require(ids == merge_plainly(pieces, text));
}

void check_unigram(const std::vector<std::string>& pieces, std::string_view text, bool single) {
  UnigramOptions options;
  options.single_precision = single;
  options.unk_id = 0;
  for (size_t i = 0; i < pieces.size(); ++i) {
    options.pieces.push_back(pieces[i]);
    options.scores.push_back(-1.0 - static_cast<double>(i % 37) * 0.37);
  }
  auto model = make_unigram(std::move(options), "fuzz");
  require(model.ok());
  std::vector<Token> tokens;
  if (!text.empty()) (*model)->tokenize(text, tokens);
  require(ids_of(tokens) == encoded(**model, text));
  require(ids_of(tokens) == encoded(**model, text));  // now from the cache
}

SentencePieceNormalization spaces_of(uint32_t choice) {
  SentencePieceNormalization rules;
  rules.add_dummy_prefix = choice & 1;
  rules.remove_extra_whitespaces = choice & 2;
  return rules;
}

// By words as they were given, under SentencePiece's rules.
void check_raw_words(const std::vector<std::string>& pieces, const std::vector<bool>& user_defined,
                     std::string_view text, const SentencePieceNormalizer& normalizer) {
  UnigramOptions options;
  options.single_precision = true;
  options.unk_id = 0;
  for (size_t i = 0; i < pieces.size(); ++i) {
    options.pieces.push_back(pieces[i]);
    const bool wins = !user_defined.empty() && user_defined[i];
    options.scores.push_back(wins ? -0.1 : -1.0 - static_cast<double>(i % 37) * 0.37);
    options.usable.push_back(i > 0);
  }
  auto model = make_unigram(std::move(options), "fuzz");
  require(model.ok());
  if (!normalizer.usable()) return;
  NormalizedText whole = NormalizedText::of(text, 0, false);
  normalizer.normalize(whole);
  std::vector<Token> tokens;
  if (!whole.text.empty()) (*model)->tokenize(whole.text, tokens);
  for (int pass = 0; pass < 2; ++pass) {  // then from memory
    std::vector<int32_t> ids;
    if (dynamic_cast<const WordEncoder&>(**model).encode_by_words(text, normalizer, ids))
      require(ids == ids_of(tokens));
    else require(ids.empty());
  }
}

// With each way of treating spaces; with every fifth piece user-defined with one of them.
void check_raw_words(const std::vector<std::string>& pieces, std::string_view text) {
  static const std::vector<std::unique_ptr<SentencePieceNormalizer>> plain = [] {
    std::vector<std::unique_ptr<SentencePieceNormalizer>> made;
    for (uint32_t choice = 0; choice < 4; ++choice)
      made.push_back(std::make_unique<SentencePieceNormalizer>(spaces_of(choice)));
    return made;
  }();
  for (const auto& normalizer : plain) check_raw_words(pieces, {}, text, *normalizer);
  SentencePieceNormalization rules = spaces_of(static_cast<uint32_t>(text.size()));
  std::vector<bool> user_defined(pieces.size());
  for (size_t i = 4; i < pieces.size(); i += 5) {
    user_defined[i] = true;
    rules.user_defined.add(pieces[i], static_cast<int32_t>(i));
  }
  check_raw_words(pieces, user_defined, text, SentencePieceNormalizer(std::move(rules)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t cut = std::min(input.find("\n\n"), input.size());
  std::vector<std::string> pieces = pieces_of(input.substr(0, cut));
  std::string text = malmoi::replace_invalid_utf8(input.substr(std::min(cut + 2, input.size()), 1500));
  check_score_bpe(pieces, text, false);
  check_score_bpe(pieces, text, true);
  check_bytes(pieces, text);
  check_unigram(pieces, text, true);
  check_unigram(pieces, text, false);
  for (std::string& piece : pieces)  // spelled with spaces
    for (size_t at; (at = piece.find('_')) != std::string::npos;) piece.replace(at, 1, "\u2581");
  check_raw_words(pieces, text);
  return 0;
}
