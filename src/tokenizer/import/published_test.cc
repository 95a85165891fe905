// Files as models are published with them: odd names, odd patterns, odd tokens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tokenizer/import/gguf_vocab.h"
#include "tokenizer/import/importers.h"
#include "tokenizer/import/llama_cpp.h"
#include "tokenizer/models/bpe.h"

namespace malmoi::tokenizer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Published, RanksInAFileOfSentencePiecesName) {
  const Path folder = Path(::testing::TempDir()) / "ranks-as-model";
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(make_folder(folder).ok());
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
