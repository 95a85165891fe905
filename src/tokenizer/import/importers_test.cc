// Imported tokenizers against the answers of sentencepiece 0.2.3 and llama.cpp, and malformed files.
#include "tokenizer/import/importers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "base/utf8.h"
#include "tokenizer/import/gguf_vocab.h"
#include "tokenizer/import/llama_cpp.h"
#include "tokenizer/import/plain_score_bpe.h"
#include "tokenizer/import/rust_pattern.h"
#include "tokenizer/import/sentencepiece.h"
#include "tokenizer/test_data.h"

namespace malmoi::tokenizer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Imported : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    name_ = GetParam();
    gguf_ = name_.starts_with("gguf");
    const std::string file = gguf_ ? "vocab.gguf" : "tokenizer.model";
    path_ = Path(::testing::TempDir()) / ("malmoi_import_" + name_ + (gguf_ ? ".gguf" : ".model"));
    ASSERT_TRUE(write_file(path_, test_file(name_ + "/" + file)).ok());
    for (const Json& line : test_lines("texts")) texts_.push_back(line.get<std::string>());
  }
  void TearDown() override { std::filesystem::remove(path_); }

  void expect_ids(const Tokenizer& t, const Json& row, const char* key, EncodeOptions options) {
    const Json& want = row.contains(key) ? row[key] : row["ids"];
    const std::string& text = texts_[row["i"].get<size_t>()];
    std::vector<int32_t> got = t.encode(text, options);
    EXPECT_EQ(t.encode_full(text, options).ids, got) << name_ << " " << key << " " << row["i"];
    if (want.is_array()) {
      EXPECT_EQ(got, want.get<std::vector<int32_t>>()) << name_ << " " << key << " " << row["i"];
    } else {
      EXPECT_EQ(got.size(), want["n"].get<size_t>()) << name_ << " " << key << " " << row["i"];
    }
  }
  void expect_text(const std::string& got, const Json& want, const std::string& what) {
    if (want.is_string()) {
      EXPECT_EQ(got, want.get<std::string>()) << what;
    } else if (want.contains("bytes")) {
      EXPECT_EQ(got.size(), want["bytes"].get<size_t>()) << what;
    }
  }

  std::string name_;
  bool gguf_ = false;
  Path path_;
  std::vector<std::string> texts_;
};

TEST_P(Imported, GivesTheReferencesIdsAndTexts) {
  auto t = Tokenizer::load(path_);
  ASSERT_TRUE(t.ok()) << t.error().to_string();
  std::vector<Json> rows = test_lines("import/" + name_ + "/expected");
  ASSERT_EQ(rows.size(), 185u);
  for (const Json& row : rows) {
    expect_ids(*t, row, "ids", {.parse_special = false});
    expect_ids(*t, row, "ids_special", {.add_special = true, .parse_special = gguf_});
    if (gguf_) expect_ids(*t, row, "ids_parse", {});
    if (!row["ids"].is_array()) continue;
    const Json decoded = row.contains("decoded") ? row["decoded"] : Json(texts_[row["i"].get<size_t>()]);
    const std::string where = name_ + " " + row["i"].dump();
    expect_text(t->decode(row["ids"].get<std::vector<int32_t>>()), decoded, where);
    const Json& special = row.contains("ids_special") ? row["ids_special"] : row["ids"];
    if (!special.is_array()) continue;
    std::vector<int32_t> ids = special.get<std::vector<int32_t>>();
    expect_text(t->decode(ids), row.contains("decoded_special") ? row["decoded_special"] : decoded, where);
    expect_text(t->decode(ids, true), row.contains("decoded_skip") ? row["decoded_skip"] : decoded, where);
  }
  for (const Json& row : test_lines("import/" + name_ + "/decode"))
    expect_text(t->decode(row["ids"].get<std::vector<int32_t>>()), row["decoded"], name_ + " cut");
}

// Offsets: within the text, in order, and for exact texts the pieces join to it.
TEST_P(Imported, OffsetsAreInOrder) {
  auto t = Tokenizer::load(path_);
  ASSERT_TRUE(t.ok());
  for (const std::string& text : texts_) {
    Encoding e = t->encode_full(text, {.parse_special = false});
    uint32_t last = 0;
    size_t length = count_code_points(text);
    for (auto [begin, end] : e.offsets) {
      EXPECT_LE(begin, end);
      EXPECT_GE(begin, last);  // the bytes of a run without pieces share its span
      EXPECT_LE(end, length);
      last = begin;
    }
  }
}

// No prefix of the file, and no file with some bytes changed, does more than give an error or another tokenizer.
TEST_P(Imported, DamagedFilesAreErrorsOrOtherTokenizers) {
  std::string file = *read_file(path_);
  Rng rng(1);
  for (int i = 0; i < 60; ++i) {
    std::string bad = file.substr(0, i < 30 ? rng.below(file.size()) : file.size());
    for (int k = 0; k < (i < 30 ? 0 : 8); ++k)
      bad[rng.below(std::min<size_t>(bad.size(), 4000))] = static_cast<char>(rng.next_u32());
    ASSERT_TRUE(write_file(path_, bad).ok());
    auto t = Tokenizer::load(path_);
    if (!t.ok()) {
      EXPECT_THAT(t.error().where, HasSubstr("malmoi_import_"));
    } else {
      t->decode(t->encode(texts_[0]));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Imported,
                         ::testing::Values("sp-unigram-nfkc", "sp-unigram-identity-bytes", "sp-bpe-llama2",
                                           "sp-bpe-gemma", "sp-bpe-nfkc-cf", "sp-char", "gguf-sp-bpe-gemma",
                                           "gguf-sp-bpe-llama2", "gguf-sp-unigram-identity-bytes",
                                           "gguf-sp-unigram-nfkc"));

std::vector<int32_t> ids_of(const std::vector<Token>& tokens) {
  std::vector<int32_t> ids;
  for (const Token& token : tokens) ids.push_back(token.id);
  return ids;
}

// The fast merging by score against the plain one, with user-defined and unused pieces and characters that have none.
TEST(ScoreBpe, EqualsThePlainWay) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed);
    ScoreBpeOptions options{.pieces = {{"<unk>", 0, PieceKind::kUnknown}, {"<s>", 0, PieceKind::kControl}}};
    options.sentencepiece = seed % 3 != 0;
    options.byte_fallback = seed % 2 == 0;
    const std::vector<std::string> letters = {"a", "b", "가", "\xE2\x96\x81", "c"};
    if (options.byte_fallback || !options.sentencepiece)
      for (int b = 0; b < 256; ++b)
        options.pieces.push_back(
            {std::string("<0x") + "0123456789ABCDEF"[b >> 4] + "0123456789ABCDEF"[b & 15] + ">", 0, PieceKind::kByte});
    std::vector<std::string> known;
    for (size_t i = 0; i < 40; ++i) {
      std::string text;
      for (size_t k = 1 + rng.below(4); k > 0; --k) text += letters[rng.below(letters.size() - (i % 5 == 0 ? 0 : 1))];
      if (std::find(known.begin(), known.end(), text) != known.end()) continue;
      known.push_back(text);
      const uint64_t kind = rng.below(12);
      options.pieces.push_back({text, -static_cast<float>(rng.below(20)),
                                kind == 0   ? PieceKind::kUserDefined
                                : kind == 1 ? PieceKind::kUnused
                                            : PieceKind::kNormal});
    }
    PlainScoreBpe plain(options);
    auto fast = make_score_bpe(options, "test");
    ASSERT_TRUE(fast.ok());
    for (int n = 0; n < 20; ++n) {
      std::string text;
      for (size_t k = rng.below(n < 18 ? 12 : 300); k > 0; --k) text += letters[rng.below(letters.size())];
      std::vector<Token> tokens;
      std::vector<int32_t> ids;
      (*fast)->tokenize(text, tokens);
      (*fast)->encode(text, ids);
      EXPECT_EQ(ids_of(tokens), ids_of(plain.run(text))) << seed << " " << text;
      EXPECT_EQ(ids, ids_of(tokens)) << seed << " " << text;
      uint32_t at = 0;
      for (const Token& token : tokens) {
        EXPECT_EQ(token.begin, at);
        at = token.end;
      }
      EXPECT_EQ(at, text.size());
    }
  }
}

TEST(SentencePieceProto, WhatIsWrittenIsRead) {
  auto model = parse_sentencepiece(test_file("sp-bpe-gemma/tokenizer.model"), "x");
  ASSERT_TRUE(model.ok());
  const std::string written = write_sentencepiece(*model);
  auto again = parse_sentencepiece(written, "x");
  ASSERT_TRUE(again.ok()) << again.error().to_string();
  ASSERT_EQ(again->pieces.size(), model->pieces.size());
  EXPECT_EQ(again->bos_id(), 2);
  EXPECT_EQ(again->eos_id(), 1);
  EXPECT_EQ(again->pad_id(), 0);
  EXPECT_EQ(again->unk_id(), 3);
  EXPECT_FALSE(again->add_dummy_prefix);
  EXPECT_TRUE(again->byte_fallback);
  EXPECT_EQ(write_sentencepiece(*again), written);
}

TEST(Tiktoken, RanksMergeAndSpecialsAreFound) {
  std::string ranks;
  for (const char* line : {"YQ== 0", "Yg== 1", "Yw== 2", "YWI= 3", "YWJj 4", "IA== 5"})
    ranks += std::string(line) + "\n";
  auto t = tiktoken_tokenizer(ranks, R"({"pattern": " ?\\w+|\\s+", "special_tokens": {"<|endoftext|>": 9}})", "r", "p");
  ASSERT_TRUE(t.ok()) << t.error().to_string();
  EXPECT_THAT(t->encode("abc abab"), ElementsAre(4, 5, 3, 3));
  EXPECT_THAT(t->encode("ab<|endoftext|>c"), ElementsAre(3, 9, 2));
  EXPECT_EQ(t->decode(std::vector<int32_t>{3, 9, 2}), "ab<|endoftext|>c");
  EXPECT_EQ(t->eos_id(), 9);
}

TEST(RustPattern, IsSpelledForOniguruma) {
  EXPECT_EQ(oniguruma_spelling(R"(\p{N}{1,3}+| ?[^\s\p{L}]++[\r\n]*+|\s++$)"),
            R"((?>\p{N}{1,3})| ?[^\s\p{L}]++[\r\n]*+|\s++\z)");
  EXPECT_EQ(oniguruma_spelling(R"((?:a|[b$])ab{2}+^\$)"), R"((?:a|[b$])a(?>b{2})\A\$)");
  EXPECT_EQ(oniguruma_spelling("(?:가{2}|나){1,2}+{"), "(?>(?:가{2}|나){1,2}){");
  EXPECT_EQ(oniguruma_spelling("["), "[");
}

TEST(Tiktoken, ErrorsNameTheLine) {
  const std::string pattern = R"({"pattern": "\\w+"})";
  for (const char* bad : {"YQ==", "YQ== x", "Y 1", "YQ== -1", "YQ== 0\nYQ== 1", "YQ== 0\nYg== 0", "YQ== 99999999"}) {
    auto t = tiktoken_tokenizer(bad, pattern, "ranks", "pattern");
    ASSERT_FALSE(t.ok()) << bad;
    EXPECT_THAT(t.error().where, HasSubstr("ranks:")) << bad;
  }
  EXPECT_FALSE(tiktoken_tokenizer("YQ== 0", "{}", "ranks", "pattern").ok());
  EXPECT_FALSE(tiktoken_tokenizer("YQ== 0", R"({"pattern": "("})", "ranks", "pattern").ok());
  EXPECT_FALSE(
      tiktoken_tokenizer("YQ== 0", R"({"pattern": "a", "special_tokens": {"x": -4}})", "ranks", "pattern").ok());
}

TEST(Tekken, IdsAreShiftedAndTheVocabularyCut) {
  const std::string json =
      R"({"config": {"pattern": "\\w+|\\s", "default_vocab_size": 4, "default_num_special_tokens": 2},
    "vocab": [{"rank": 0, "token_bytes": "YQ=="}, {"rank": 1, "token_bytes": "Yg=="}, {"rank": 2, "token_bytes": "YWI="}]})";
  auto t = tekken_tokenizer(json, "tekken.json");
  ASSERT_TRUE(t.ok()) << t.error().to_string();
  EXPECT_THAT(t->encode("ab"), ElementsAre(2, 3));  // "ab" lies beyond the cut
  EXPECT_EQ(t->id_of("<s>"), 1);
  EXPECT_FALSE(tekken_tokenizer("{}", "tekken.json").ok());
  EXPECT_FALSE(
      tekken_tokenizer(
          R"({"config": {"pattern": "a", "default_vocab_size": 99, "default_num_special_tokens": 2}, "vocab": []})",
          "t")
          .ok());
}

TEST(VocabTxt, IsBert) {
  auto t = vocab_txt_tokenizer("[PAD]\n[UNK]\n[CLS]\n[SEP]\nhello\nwor\n##ld\n", true, "vocab.txt");
  ASSERT_TRUE(t.ok()) << t.error().to_string();
  EXPECT_THAT(t->encode("Hello WORLD", {.add_special = true}), ElementsAre(2, 4, 5, 6, 3));
  EXPECT_FALSE(vocab_txt_tokenizer("a\nb\n", true, "vocab.txt").ok());
}

TEST(LlamaCpp, SpacesAreCleaned) {
  EXPECT_EQ(clean_llama_spaces("a , b . c ! d ?"), "a, b. c! d?");
  EXPECT_EQ(clean_llama_spaces("it 's I 'm we 're they 've don 't he 'd we 'll"),
            "it's I'm we're they've don 't he 'd we 'll");
  EXPECT_EQ(clean_llama_spaces("a ' b"), "a'b");
  EXPECT_EQ(clean_llama_spaces(""), "");
}

TEST(LlamaCpp, LongestSpecialTokensGoFirst) {
  GgufVocab vocab;
  auto add = [&](const std::string& text, GgufAttributes as) {
    vocab.ids.add(text, static_cast<int32_t>(vocab.tokens.size()));
    vocab.tokens.push_back({text, 0, as, PieceKind::kNormal});
  };
  add("ab", {.user_defined = true});
  add("bcd", {.user_defined = true});
  add("<x>", {.control = true, .rstrip = true});
  LlamaSplitter splitter(vocab);
  auto tokens = [&](std::string_view text, bool parse) {
    std::vector<Piece> pieces;
    splitter.split(text, parse, pieces);
    std::vector<std::pair<std::string, int32_t>> out;
    for (const Piece& p : pieces) out.emplace_back(text.substr(p.begin, p.end - p.begin), p.token);
    return out;
  };
  using Out = std::vector<std::pair<std::string, int32_t>>;
  EXPECT_EQ(tokens("abcd ab", true), (Out{{"a", -1}, {"bcd", 1}, {" ", -1}, {"ab", 0}}));
  EXPECT_EQ(tokens("<x> \n z", true), (Out{{"<x> \n ", 2}, {"z", -1}}));
  EXPECT_EQ(tokens("<x> z", false), (Out{{"<x> z", -1}}));
}

// llama.cpp's rule: each special in turn, the longest first, from left to right in what is left.
std::vector<Piece> split_plainly(const GgufVocab& vocab, std::string_view text) {
  std::vector<int32_t> order;
  for (size_t i = 0; i < vocab.tokens.size(); ++i) order.push_back(static_cast<int32_t>(i));
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return vocab.tokens[static_cast<size_t>(a)].text.size() > vocab.tokens[static_cast<size_t>(b)].text.size();
  });
  std::vector<Piece> pieces{{0, static_cast<uint32_t>(text.size()), 0}};
  for (int32_t id : order) {
    const std::string& special = vocab.tokens[static_cast<size_t>(id)].text;
    std::vector<Piece> next;
    for (const Piece& piece : pieces) {
      uint32_t done = piece.begin;
      while (piece.token < 0) {
        const size_t at = text.substr(0, piece.end).find(special, done);
        if (at == std::string_view::npos) break;
        const auto begin = static_cast<uint32_t>(at), end = static_cast<uint32_t>(at + special.size());
        if (done < begin) next.push_back({done, begin, done});
        next.push_back({begin, end, begin, id});
        done = end;
      }
      if (piece.token >= 0) next.push_back(piece);
      else if (done < piece.end) next.push_back({done, piece.end, done});
    }
    pieces = std::move(next);
  }
  return pieces;
}

TEST(LlamaCpp, SplitsAtTheLongestSpecialsAnywhereFirst) {
  GgufVocab vocab;
  for (const char* text : {" ", "   ", "     ", "ab", "abab", "bab", "a  ", "b a"}) {
    GgufToken token{.text = text};
    token.as.user_defined = true;
    vocab.tokens.push_back(token);
  }
  LlamaSplitter splitter(vocab);
  std::vector<std::string> texts{std::string(100, ' '),
                                 std::string(3, ' ') + "ababab" + std::string(13, ' ') + "b a b"};
  uint64_t state = 5;
  for (int i = 0; i < 300; ++i) {
    std::string& text = texts.emplace_back();
    while (text.size() < 40) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      text.append(1 + (state >> 40) % 9, "ab c"[(state >> 33) % 4]);
    }
  }
  for (const std::string& text : texts) {
    std::vector<Piece> got;
    splitter.split(text, false, got);
    std::vector<Piece> want = split_plainly(vocab, text);
    ASSERT_EQ(got.size(), want.size()) << text;
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(got[i].begin, want[i].begin) << text;
      EXPECT_EQ(got[i].token, want[i].token) << text;
    }
  }
}

TEST(PreTypes, NamesAreUniqueAndPatternsCompile) {
  std::vector<std::string_view> names = pre_type_names();
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::unique(names.begin(), names.end()), names.end());
  for (std::string_view name : names) {
    const PreType* type = find_pre_type(name);
    ASSERT_NE(type, nullptr);
    for (const auto* list : {&type->llama_cpp, &type->original})
      for (const std::string& pattern : *list) {
        auto compiled = Pattern::compile(pattern);
        EXPECT_TRUE(compiled.ok()) << name << ": " << compiled.error().to_string();
      }
  }
  EXPECT_EQ(find_pre_type("no such name"), nullptr);
}

TEST(Importers, EveryOneKnowsItsFiles) {
  for (const char* name : {"tokenizer.model", "x.tiktoken", "tekken.json", "vocab.txt", "m.gguf"}) {
    int found = 0;
    for (const Importer& importer : importers()) found += importer.matches(name);
    EXPECT_EQ(found, 1) << name;
  }
}

}  // namespace
}  // namespace malmoi::tokenizer
