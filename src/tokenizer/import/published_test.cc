// Files as models are published with them: odd names, odd patterns, odd tokens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "formats/gguf.h"
#include "base/test_folder.h"
#include "tokenizer/import/gguf_vocab.h"
#include "tokenizer/import/importers.h"
#include "tokenizer/import/llama_cpp.h"
#include "tokenizer/models/bpe.h"

namespace malmoi::tokenizer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Published, RanksInAFileOfSentencePiecesName) {
  const Path folder = test_folder("ranks-as-model");
  ASSERT_TRUE(write_file(folder / "tokenizer.model", "YQ== 0\nYg== 1\nYWI= 2\n").ok());
  auto without = Tokenizer::load(folder);
  ASSERT_FALSE(without.ok());
  EXPECT_THAT(without.error().to_string(), HasSubstr("pattern.json"));
  ASSERT_TRUE(write_file(folder / "pattern.json", R"({"pattern": "\\w+"})").ok());
  auto with = Tokenizer::load(folder);
  ASSERT_TRUE(with.ok()) << with.error().to_string();
  EXPECT_THAT(with->encode("abb"), ElementsAre(2, 1));
}

std::vector<std::string> cut(const std::string& regex, std::string_view text) {
  auto pattern = Pattern::compile(regex);
  EXPECT_TRUE(pattern.ok()) << pattern.error().to_string();
  std::vector<Span> matches;
  (*pattern)->find_all(text, matches);
  std::vector<std::string> out;
  for (Span match : matches) out.emplace_back(text.substr(match.begin, match.end - match.begin));
  return out;
}

TEST(Published, KimiCutsHanFromOtherLetters) {
  const PreType* kimi = find_pre_type("kimi-k2");
  ASSERT_NE(kimi, nullptr);
  const std::string text = "HTMLParser漢字가나's \u6f22abc 1234 don't!\n\n x";
  EXPECT_THAT(cut(kimi->original[0], text),
              ElementsAre("HTMLParser", "漢字", "가나's", " ", "漢", "abc", " ", "123", "4", " don't", "!\n\n", " x"));
  EXPECT_THAT(cut(kimi->llama_cpp[0], text),
              ElementsAre("HTMLParser", "漢字", "가나's", " ", "漢", "abc", " ", "123", "4", " don't", "!\n\n", " x"));
  // Marks are letters of a word in the pattern, not in llama.cpp's own code.
  EXPECT_THAT(cut(kimi->original[0], "e\u0301a"), ElementsAre("e\u0301a"));
  EXPECT_THAT(cut(kimi->llama_cpp[0], "e\u0301a"), ElementsAre("e", "\u0301a"));
}

// By hand from llama.cpp's own code: a number belongs with what stands before it until its first group ends.
TEST(Published, AfmoeGroupsDigitsFromTheRight) {
  const PreType* afmoe = find_pre_type("afmoe");
  ASSERT_NE(afmoe, nullptr);
  EXPECT_FALSE(afmoe->clean_spaces);
  ASSERT_EQ(afmoe->llama_cpp.size(), 3u);
  EXPECT_THAT(cut(afmoe->llama_cpp[0], "in 1234567 and 12"), ElementsAre("in 1", "234", "567", " and 12"));
  EXPECT_THAT(cut(afmoe->llama_cpp[1], "ab漢字かな 한국어ไทย!"),
              ElementsAre("漢字かな", "한국어ไ"));  // of Thai from U+0E40 on
  EXPECT_THAT(cut(afmoe->llama_cpp[2], "Hello, world.\n  x"), ElementsAre("Hello", ",", " world", ".\n", " ", " x"));
}

// The model "whitespace": white space goes, the rest is merged as it is spelled, and bytes stand for what is no piece.
TEST(Published, WhitespaceVocabularies) {
  std::vector<std::string> tokens = {"<s>", "a", "b", "ab", "中", "文", "中文", "A", "<0x63>"};
  auto opened = [&](const char* model, std::optional<bool> lowercase) {
    formats::GgufMetadata metadata;
    metadata.set_text("general.architecture", "bert");
    metadata.set_text("tokenizer.ggml.model", model);
    metadata.set_text("tokenizer.ggml.pre", "whitespace");
    metadata.set_texts("tokenizer.ggml.tokens", tokens);
    metadata.set_texts("tokenizer.ggml.merges", std::vector<std::string>{"a b", "中 文"});
    if (lowercase) metadata.set_bool("tokenizer.ggml.normalizer.lowercase", *lowercase);
    const Path file = Path(::testing::TempDir()) / "whitespace.gguf";
    EXPECT_TRUE(formats::write_gguf(file, metadata).ok());
    auto tokenizer = load_gguf_tokenizer(file, Compat::kDefault);
    EXPECT_TRUE(tokenizer.ok()) << (tokenizer.ok() ? "" : tokenizer.error().to_string());
    return tokenizer;
  };
  const std::string text = " ab\u3000中文 A\nc z";  // z has neither a piece nor a byte
  auto plain = opened("whitespace", {});
  ASSERT_TRUE(plain.ok());
  EXPECT_THAT(plain->encode(text), ElementsAre(3, 6, 7, 8));
  auto lower = opened("whitespace", true);
  ASSERT_TRUE(lower.ok());
  EXPECT_THAT(lower->encode(text), ElementsAre(3, 6, 1, 8));
  tokens.emplace_back(" ");
  auto gpt2 = opened("gpt2", true);  // white space is cut off there, not dropped, and nothing is lower-cased
  ASSERT_TRUE(gpt2.ok());
  EXPECT_THAT(gpt2->encode(text), ElementsAre(9, 3, 6, 9, 7, 8, 9));
}

TEST(Published, TokensBeyondTheByteAlphabetAreWrittenAsLlamaDoes) {
  GgufVocab vocab;
  vocab.kind = GgufVocab::Kind::kBpe;
  for (const char* text : {"\u0120a", "a\uac00"}) {
    GgufToken token{.text = text};
    token.as.normal = true;
    vocab.tokens.push_back(token);
  }
  LlamaDecoder decoder(vocab);
  EXPECT_EQ(decoder.token_bytes(0), " a");
  EXPECT_EQ(decoder.token_bytes(1), "a[UNK_BYTE_0xeab080a\uac00]");
  EXPECT_EQ(decoder.decode(std::vector<int32_t>{0, 1}, false), " aa[UNK_BYTE_0xeab080a\uac00]");
}

}  // namespace
}  // namespace malmoi::tokenizer
