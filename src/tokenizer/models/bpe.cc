#include "tokenizer/models/bpe.h"

#include <algorithm>
#include <array>

#include "tokenizer/json/fields.h"
#include "tokenizer/json/vocabulary_json.h"
#include "tokenizer/models/byte_alphabet.h"
#include "tokenizer/models/marked_words.h"
#include "tokenizer/models/merge_table.h"
#include "tokenizer/models/merge_ways.h"
#include "tokenizer/models/whole_words.h"
#include "tokenizer/models/window_merger.h"
#include "tokenizer/models/word_cache.h"
#include "tokenizer/pipeline/fast_path.h"
#include "tokenizer/unicode/code_points.h"

namespace malmoi::tokenizer {
namespace {

void bpe_fields(auto& options, auto& in) {
  in.number_or_null("dropout", options.dropout);
  in.text_or_null("unk_token", options.unk_token);
  in.text_or_null("continuing_subword_prefix", options.continuing_subword_prefix);
  in.text_or_null("end_of_word_suffix", options.end_of_word_suffix);
  in.field("fuse_unk", options.fuse_unk);
  in.field("byte_fallback", options.byte_fallback);
  in.field("ignore_merges", options.ignore_merges);
  in.required("vocab", options.vocabulary);
  in.custom(
      "merges", options.merges,
      [&](const JsonNode& list, IdPairs& merges) { return read_merges(list, options.vocabulary, merges); },
      [&](std::string& out, const IdPairs& merges) { write_merges(out, options.vocabulary, merges); });
}

class Bpe final : public Model, public CutEncoder {
 public:
  explicit Bpe(BpeOptions options) : options_(std::move(options)), number_(next_model_number()) {
    if (!options_.unk_token.empty()) unk_ = options_.vocabulary.find_id(options_.unk_token);
    for (int b = 0; b < 256; ++b) {
      const auto byte = static_cast<size_t>(b);
      byte_ids_[byte] = options_.vocabulary.find_id(spell_bytes(std::string(1, static_cast<char>(b))));
      fallback_ids_[byte] = options_.vocabulary.find_id(byte_token(b));
    }
    every_byte_ = std::all_of(byte_ids_.begin(), byte_ids_.end(), [](int32_t id) { return id >= 0; });
  }

  Status prepare(std::string_view where);

  bool takes_bytes() const override { return bytes_; }
  void expect_bytes() override;
  void tokenize(std::string_view piece, std::vector<Token>& tokens) const override;
  void encode(std::string_view piece, std::vector<int32_t>& ids) const override;
  void encode_cut(std::string_view text, const CoveringPattern& pattern, std::vector<int32_t>& ids) const override;
  const Vocabulary& vocabulary() const override { return options_.vocabulary; }
  std::optional<int32_t> unk_id() const override { return unk_ < 0 ? std::nullopt : std::optional<int32_t>(unk_); }
  std::string_view type() const override { return "BPE"; }
  Status write_json(std::string& out) const override;

 private:
  Status add_listed_merges(std::string_view where);
  void add_merges_by_id();
  template <typename Way>
  void each_way_by_id(Way&& way) const;
  // `key`: of the piece, or null.
  int32_t whole_piece(std::string_view piece, const WordKey* key) const {
    if (!whole_first_) return -1;
    if (key && whole_words_) return whole_words_->find(*key, piece);
    return (bytes_ ? raw_vocabulary_ : options_.vocabulary).find_id(piece);
  }
  void encode_by(WordCache& cache, std::string_view text, auto&& next_end, std::vector<int32_t>& ids) const;
  void first_symbols(std::string_view piece, std::vector<Symbol>& symbols) const;
  void first_bytes(std::string_view piece, std::vector<Symbol>& symbols) const;
  void first_characters(std::string_view piece, std::vector<Symbol>& symbols) const;
  void encode_new(std::string_view piece, const WordKey* key, std::vector<int32_t>& ids) const;
  void find_boundary();

  BpeOptions options_;
  uint64_t number_;
  MergeTable merges_;
  Vocabulary raw_vocabulary_;              // whole pieces as raw bytes, where bytes_
  std::optional<WholeWords> whole_words_;  // the shorter ones of raw_vocabulary_
  std::array<int32_t, 256> byte_ids_{}, fallback_ids_{};
  int32_t unk_ = -1;
  bool every_byte_ = false;   // has an id
  bool bytes_ = false;        // pieces are raw bytes
  bool whole_first_ = false;  // a piece that is in the vocabulary is its token
  bool marks_words_ = false;  // no merge reaches over the beginning of a run of word marks
};

Status Bpe::prepare(std::string_view where) {
  whole_first_ = options_.ignore_merges || options_.merge_by_id;
  if (options_.merge_by_id) {
    expect_bytes();
    add_merges_by_id();
    return {};
  }
  MALMOI_TRY(add_listed_merges(where));
  find_boundary();
  return {};
}

// Texts without a pre-tokenizer come whole. Where no merge joins something before a word mark to it, words can be merged
// alone: the mark must be a piece itself (so that no unknown run reaches over it), and nothing may depend on the ends of the
// text.
void Bpe::find_boundary() {
  if (!options_.continuing_subword_prefix.empty() || !options_.end_of_word_suffix.empty() || whole_first_) return;
  if (options_.vocabulary.find_id(kWordMark) < 0) return;
  marks_words_ = true;
  for (auto [left, right] : options_.merges) {
    bool crosses = options_.vocabulary.spelling(right).starts_with(kWordMark) &&
                   !options_.vocabulary.spelling(left).ends_with(kWordMark);
    if (crosses) marks_words_ = false;
  }
}

void Bpe::expect_bytes() {
  bool characters =
      !options_.continuing_subword_prefix.empty() || !options_.end_of_word_suffix.empty() || options_.byte_fallback;
  if (bytes_ || characters) return;
  bytes_ = true;
  if (!whole_first_) return;
  const Vocabulary& spelled = options_.vocabulary;
  raw_vocabulary_.reserve(spelled.size(), 0);
  std::string raw;
  for (int32_t id = 0; id < spelled.id_limit(); ++id)
    if (spelled.has(id) && unspell_bytes(spelled.spelling(id), raw)) raw_vocabulary_.add(raw, id);
  whole_words_.emplace(raw_vocabulary_);
}

Status Bpe::add_listed_merges(std::string_view where) {
  const Vocabulary& vocabulary = options_.vocabulary;
  std::vector<MergeWay> ways;
  ways.reserve(options_.merges.size());
  size_t prefix = options_.continuing_subword_prefix.size();
  std::string made;
  for (size_t rank = 0; rank < options_.merges.size(); ++rank) {
    auto [left, right] = options_.merges[rank];
    std::string_view tail = vocabulary.spelling(right);
    made = vocabulary.spelling(left);
    made += tail.substr(std::min(prefix, tail.size()));
    int32_t id = vocabulary.find_id(made);
    if (id < 0)
      return invalid_data("merge " + std::to_string(rank) + " makes a piece that is not in the vocabulary: " + made,
                          std::string(where) + ", model.merges", "the vocabulary and the merges must belong together");
    ways.push_back({left, right, static_cast<uint32_t>(rank), id});
  }
  // How a piece begins depends on where it stands where there are prefixes and suffixes.
  const bool plain = prefix == 0 && options_.end_of_word_suffix.empty();
  merges_ = table_of_ways(ways, [&](int32_t id, std::vector<Symbol>& symbols) {
    const std::string_view piece = vocabulary.spelling(id);
    for (const CodePoint c : CodePoints(piece)) {
      const int32_t symbol = vocabulary.find_id(c.in(piece));
      if (symbol < 0 || !plain) return symbols.clear();
      symbols.push_back({symbol, 1});
    }
  });
  return {};
}

// Calls way(left, right, id) for every way to make a piece of two, in the order of the ids.
template <typename Way>
void Bpe::each_way_by_id(Way&& way) const {
  for (int32_t id = 0; id < raw_vocabulary_.id_limit(); ++id) {
    std::string_view piece = raw_vocabulary_.spelling(id);
    for (size_t cut = 1; cut < piece.size(); ++cut) {
      const int32_t left = raw_vocabulary_.find_id(piece.substr(0, cut));
      if (left < 0) continue;
      const int32_t right = raw_vocabulary_.find_id(piece.substr(cut));
      if (right >= 0) way(left, right, id);
    }
  }
}

void Bpe::add_merges_by_id() {
  std::vector<MergeWay> ways;
  each_way_by_id([&](int32_t left, int32_t right, int32_t id) {
    ways.push_back({left, right, static_cast<uint32_t>(id), id});
  });
  merges_ = table_of_ways(ways, [&](int32_t id, std::vector<Symbol>& symbols) {
    for (char c : raw_vocabulary_.spelling(id)) {
      const int32_t symbol = byte_ids_[static_cast<unsigned char>(c)];
      if (symbol < 0) return symbols.clear();
      symbols.push_back({symbol, 1});
    }
  });
}

void Bpe::first_symbols(std::string_view piece, std::vector<Symbol>& symbols) const {
  symbols.clear();
  if (bytes_) first_bytes(piece, symbols);
  else first_characters(piece, symbols);
}

void Bpe::first_bytes(std::string_view piece, std::vector<Symbol>& symbols) const {
  uint32_t unknown = 0;  // bytes of the pending unknown token
  for (char c : piece) {
    int32_t id = byte_ids_[static_cast<unsigned char>(c)];
    if (unknown && (id >= 0 || !options_.fuse_unk)) {
      symbols.push_back({unk_, unknown});
      unknown = 0;
    }
    if (id >= 0) symbols.push_back({id, 1});
    else if (unk_ >= 0) ++unknown;
  }
  if (unknown) symbols.push_back({unk_, unknown});
}

// As the reference does it, character by character: vocabulary, then bytes, then the unknown token. A pending unknown
// token is not flushed by byte tokens, which therefore come before it.
void Bpe::first_characters(std::string_view piece, std::vector<Symbol>& symbols) const {
  const std::string& prefix = options_.continuing_subword_prefix;
  const std::string& suffix = options_.end_of_word_suffix;
  std::string buffer;
  std::string_view before;  // the character looked up last: runs of one are looked up once
  int32_t id = -1;
  uint32_t unknown = 0;
  for (size_t at = 0; at < piece.size();) {
    size_t length = utf8_length(piece[at]);
    std::string_view c = piece.substr(at, length);
    bool first = at == 0, last = at + length == piece.size();
    if ((!first && !prefix.empty()) || (last && !suffix.empty())) {
      buffer = first ? "" : prefix;
      buffer += c;
      if (last) buffer += suffix;
      c = buffer;
    }
    at += length;
    if (c.data() == buffer.data() || !std::equal(c.begin(), c.end(), before.begin(), before.end())) {
      id = options_.vocabulary.find_id(c);
      before = c.data() == buffer.data() ? std::string_view() : c;
    }
    if (id >= 0) {
      if (unknown) symbols.push_back({unk_, unknown});
      unknown = 0;
      symbols.push_back({id, static_cast<uint32_t>(length)});
      continue;
    }
    if (options_.byte_fallback) {
      bool all = true;
      for (char b : c) all = all && fallback_ids_[static_cast<unsigned char>(b)] >= 0;
      if (all) {
        for (char b : c) symbols.push_back({fallback_ids_[static_cast<unsigned char>(b)], 1});
        continue;
      }
    }
    if (unk_ < 0) continue;
    if (unknown && !options_.fuse_unk) {
      symbols.push_back({unk_, unknown});
      unknown = 0;
    }
    unknown += static_cast<uint32_t>(length);
  }
  if (unknown) symbols.push_back({unk_, unknown});
}

void Bpe::tokenize(std::string_view piece, std::vector<Token>& tokens) const {
  if (int32_t id = whole_piece(piece, nullptr); id >= 0) {
    tokens.push_back({id, 0, static_cast<uint32_t>(piece.size())});
    return;
  }
  thread_local std::vector<Symbol> symbols;
  first_symbols(piece, symbols);
  if (merges_.size() > 0) merge_all(merges_, symbols);
  uint32_t at = 0;
  for (const Symbol& symbol : symbols) {
    tokens.push_back({symbol.id, at, at + symbol.length});
    at += symbol.length;
  }
}

void Bpe::encode(std::string_view piece, std::vector<int32_t>& ids) const {
  if (piece.size() > WordKey::kMaxLength) {
    if (!marks_words_ || bytes_) return encode_new(piece, nullptr, ids);
    return encode_by(
        thread_word_cache(number_), piece, [&](size_t begin) { return marked_word_end(piece, begin); }, ids);
  }
  const WordKey key(piece, piece.size());
  thread_word_cache(number_).encode(
      key, piece, ids, [&](std::string_view word, std::vector<int32_t>& out) { encode_new(word, &key, out); });
}

void Bpe::encode_cut(std::string_view text, const CoveringPattern& pattern, std::vector<int32_t>& ids) const {
  encode_by(
      thread_word_cache(number_), text, [&](size_t begin) { return pattern.next_end(text, begin); }, ids);
}

void Bpe::encode_by(WordCache& cache, std::string_view text, auto&& next_end, std::vector<int32_t>& ids) const {
  encode_words(
      cache, text, ids, next_end,
      [this](const WordKey& key) {
        if (whole_words_) whole_words_->prefetch(key);
      },
      [this](std::string_view word, const WordKey* key, std::vector<int32_t>& out) { encode_new(word, key, out); });
}

void Bpe::encode_new(std::string_view piece, const WordKey* key, std::vector<int32_t>& ids) const {
  if (int32_t id = whole_piece(piece, key); id >= 0) {
    ids.push_back(id);
    return;
  }
  if (bytes_ && every_byte_ && piece.size() <= kWindowPlaces && merges_.max_rank() <= kWindowMaxRank)
    return merge_window(merges_, piece, byte_ids_, ids);
  thread_local std::vector<Symbol> symbols;
  first_symbols(piece, symbols);
  if (merges_.size() > 0) merge_all(merges_, symbols);
  for (const Symbol& symbol : symbols) ids.push_back(symbol.id);
}

Status Bpe::write_json(std::string& out) const {
  if (!options_.merge_by_id) return write_bpe_json(options_, out);
  BpeOptions listed = options_;  // what tiktoken does, as a list
  listed.ignore_merges = true;
  each_way_by_id([&](int32_t left, int32_t right, int32_t) { listed.merges.emplace_back(left, right); });
  return write_bpe_json(listed, out);
}

}  // namespace

Status write_bpe_json(const BpeOptions& options, std::string& out) {
  FieldWriter writer(out, "BPE");
  bpe_fields(options, writer);
  return writer.finish();
}

extern const ComponentType<Model> bpe_model = {"BPE", [](const JsonNode& node, int) -> Result<std::unique_ptr<Model>> {
                                                 BpeOptions options;
                                                 FieldReader reader(node);
                                                 bpe_fields(options, reader);
                                                 MALMOI_TRY(reader.finish());
                                                 return make_bpe(std::move(options), node.where);
                                               }};

Result<std::unique_ptr<Model>> make_bpe(BpeOptions options, std::string_view where) {
  auto model = std::make_unique<Bpe>(std::move(options));
  MALMOI_TRY(model->prepare(where));
  return std::unique_ptr<Model>(std::move(model));
}

}  // namespace malmoi::tokenizer
