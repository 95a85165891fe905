// Gaps: the tokens around them by every family's names, and tokenizers without them.
#include "infer/infill.h"

#include <gtest/gtest.h>

#include "infer/provider.h"
#include "infer/tiny_model.h"

namespace malmoi::infer {
namespace {

// The tokenizer of bytes with more tokens, from id 257 on.
tokenizer::Tokenizer tokenizer_with(const std::vector<std::string>& names) {
  Json json = *parse_json(tiny_tokenizer_json(), "tokenizer.json");
  Json added = json["added_tokens"][0];
  int32_t id = kTinyEnd;
  for (const std::string& name : names) {
    added["id"] = ++id;
    added["content"] = name;
    json["added_tokens"].push_back(added);
  }
  auto tokenizer = tokenizer::Tokenizer::from_json(dump_json(json));
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.error().to_string();
  return *std::move(tokenizer);
}

TEST(Infill, TheGapStandsBehindWhatIsAroundIt) {
  const auto tokenizer = tokenizer_with({"<|fim_middle|>", "<|fim_suffix|>", "<|fim_prefix|>", "<|fim_pad|>"});
  const auto prompt = infill_prompt(tokenizer, {.before = "ab", .after = "<|fim_pad|>"});
  ASSERT_TRUE(prompt.ok()) << prompt.error().to_string();
  std::vector<int32_t> want = {259, 'a', 'b', 258};
  for (char c : std::string("<|fim_pad|>")) want.push_back(c);
  want.push_back(257);
  EXPECT_EQ(prompt->ids, want) << "special tokens that somebody writes are text";
  EXPECT_EQ(prompt->end_ids, (std::vector<int32_t>{260}));
}

TEST(Infill, FamiliesHaveNamesOfTheirOwn) {
  for (const std::vector<std::string>& names :
       {std::vector<std::string>{"<fim_prefix>", "<fim_suffix>", "<fim_middle>"},
        {"<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"},
        {"▁<PRE>", "▁<SUF>", "▁<MID>"}}) {
    const auto prompt = infill_prompt(tokenizer_with(names), {.before = "a", .after = "b"});
    ASSERT_TRUE(prompt.ok()) << names[0];
    EXPECT_EQ(prompt->ids, (std::vector<int32_t>{257, 'a', 258, 'b', 259})) << names[0];
  }
}

TEST(Infill, ATokenizerWithoutThemSaysSo) {
  const auto prompt = infill_prompt(tokenizer_with({"<fim_prefix>", "<fim_suffix>"}), {.before = "a", .after = "b"});
  ASSERT_FALSE(prompt.ok());
  EXPECT_EQ(prompt.error().where, "suffix");
}

TEST(Infill, AProviderPreparesGaps) {
  const auto model = tiny_model();
  const auto tokenizer = tokenizer_with({"<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<fim_pad>"});
  auto engine = *Engine::create(*model, tokenizer);
  EngineProvider provider(*engine, tokenizer, {.model = {.name = "tiny"}, .stop_ids = {kTinyEnd}});
  auto prepared = provider.prepare({.prompt = chat::Gap{.before = "a", .after = "b"}});
  ASSERT_TRUE(prepared.ok()) << prepared.error().to_string();
  EXPECT_EQ(std::get<std::vector<int32_t>>(prepared->prompt), (std::vector<int32_t>{257, 'a', 258, 'b', 259}));
  EXPECT_EQ(prepared->end_ids, (std::vector<int32_t>{260}));
}

}  // namespace
}  // namespace malmoi::infer
