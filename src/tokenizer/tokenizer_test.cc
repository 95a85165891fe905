// Whole tokenizers: there and back, streams, offsets, files, and files that are wrong.
#include "tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "base/utf8.h"
#include "tokenizer/models/bpe.h"
#include "tokenizer/models/byte_alphabet.h"
#include "tokenizer/parts.h"
#include "tokenizer/test_data.h"

namespace malmoi::tokenizer {
namespace {

// A byte-level tokenizer of 256 bytes, some merges, and a special token.
std::string byte_level_json(bool ignore_merges = false) {
  Json vocabulary = Json::object(), merges = Json::array();
  for (int b = 0; b < 256; ++b) vocabulary[spell_bytes(std::string(1, static_cast<char>(b)))] = b;
  auto merge = [&](std::string_view left, std::string_view right) {
    std::string l = spell_bytes(left), r = spell_bytes(right);
    merges.push_back({l, r});
    vocabulary[l + r] = vocabulary.size();
  };
  merge("\xEC", "\x95");
  merge("\xEC\x95", "\x88");
  merge("l", "l");
  merge("h", "e");
  merge("he", "ll");
  merge(" ", "h");
  Json out;
  out["version"] = "1.0";
  out["added_tokens"] = {{{"id", 300}, {"content", "<|end|>"}, {"special", true}, {"normalized", false}}};
  out["normalizer"] = nullptr;
  out["pre_tokenizer"] = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
  out["post_processor"] = {
      {"type", "TemplateProcessing"},
      {"single",
       {{{"Sequence", {{"id", "A"}, {"type_id", 0}}}}, {{"SpecialToken", {{"id", "<|end|>"}, {"type_id", 0}}}}}},
      {"pair", {{{"Sequence", {{"id", "A"}, {"type_id", 0}}}}, {{"Sequence", {{"id", "B"}, {"type_id", 1}}}}}},
      {"special_tokens", {{"<|end|>", {{"id", "<|end|>"}, {"ids", {300}}, {"tokens", {"<|end|>"}}}}}}};
  out["decoder"] = {{"type", "ByteLevel"}};
  out["model"] = {{"type", "BPE"}, {"ignore_merges", ignore_merges}, {"vocab", vocabulary}, {"merges", merges}};
  return out.dump();
}

Tokenizer byte_level() {
  auto tokenizer = Tokenizer::from_json(byte_level_json());
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.error().to_string();
  return *std::move(tokenizer);
}

TEST(Tokenizer, ByteLevelComesBackExactly) {
  Tokenizer tokenizer = byte_level();
  for (const std::string& text : test_texts()) {
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
    std::string pieces;
    for (int32_t id : tokenizer.encode(text)) pieces += tokenizer.token_bytes(id);
    EXPECT_EQ(pieces, text);
  }
}

TEST(Tokenizer, IdsOffsetsAndSpecials) {
  // "h" and "e" merge before " " and "h" do: the earlier merge wins.
  Tokenizer tokenizer = byte_level();
  Encoding encoding = tokenizer.encode_full("안 hell<|end|>", {.add_special = true});
  EXPECT_EQ(encoding.ids, (std::vector<int32_t>{257, 32, 260, 300, 300}));
  using Offsets = std::vector<std::pair<uint32_t, uint32_t>>;
  EXPECT_EQ(encoding.offsets, (Offsets{{0, 1}, {1, 2}, {2, 6}, {6, 13}, {0, 0}}));
  EXPECT_EQ(encoding.special_tokens_mask, (std::vector<int32_t>{0, 0, 0, 0, 1}));
  EXPECT_EQ(tokenizer.encode("<|end|>", {.parse_special = false}).size(), 7u);
  EXPECT_EQ(tokenizer.decode(encoding.ids, true), "안 hell");
  EXPECT_EQ(tokenizer.encode_pair("a", "b").type_ids, (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(tokenizer.encode_pair("a", "b").sequence_ids, (std::vector<int8_t>{0, 1}));
  EXPECT_EQ(tokenizer.eos_id(), std::nullopt);
  EXPECT_TRUE(tokenizer.is_special(300));
  EXPECT_EQ(tokenizer.vocab_size(), 301);
  EXPECT_EQ(tokenizer.id_of("<|end|>"), 300);
  EXPECT_EQ(tokenizer.decode(std::vector<int32_t>{-5, 299, 'a', 1 << 30}), "a");
}

TEST(Tokenizer, FastAndFullWaysAgree) {
  for (bool ignore_merges : {false, true}) {
    auto tokenizer = Tokenizer::from_json(byte_level_json(ignore_merges));
    ASSERT_TRUE(tokenizer.ok());
    for (const std::string& text : test_texts()) EXPECT_EQ(tokenizer->encode(text), tokenizer->encode_full(text).ids);
  }
}

TEST(Tokenizer, BytesThatAreNotUtf8BecomeReplacements) {
  Tokenizer tokenizer = byte_level();
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("a\xFF\xEC\x95z")), "a\uFFFD\uFFFDz");
  EXPECT_EQ(tokenizer.decode(std::vector<int32_t>{256}), "\uFFFD");
}

TEST(Tokenizer, StreamsNeverGiveHalfACharacter) {
  Tokenizer tokenizer = byte_level();
  for (const std::string& text : test_texts()) {
    if (text.size() > 2000) continue;
    StreamDecoder stream(tokenizer, false);
    std::string all;
    for (int32_t id : tokenizer.encode(text)) {
      std::string part = stream.push(id);
      EXPECT_TRUE(is_valid_utf8(part));
      all += part;
    }
    all += stream.finish();
    EXPECT_EQ(all, text);
  }
}

TEST(Tokenizer, SavedFilesOpenAgain) {
  Path folder = std::filesystem::temp_directory_path() / "malmoi_tokenizer_test";
  Tokenizer tokenizer = byte_level();
  ASSERT_TRUE(tokenizer.save(folder).ok());
  auto again = Tokenizer::load(folder);
  ASSERT_TRUE(again.ok()) << again.error().to_string();
  for (const std::string& text : test_texts())
    EXPECT_EQ(again->encode(text, {.add_special = true}), tokenizer.encode(text, {.add_special = true}));
  std::filesystem::remove_all(folder);
}

TEST(Tokenizer, Characters) {
  auto tokenizer = Tokenizer::characters("안녕 abc\n");
  ASSERT_TRUE(tokenizer.ok());
  EXPECT_EQ(tokenizer->vocab_size(), 7);
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("cab 안!\n녕")), "cab 안\n녕");  // what is not known is dropped
  EXPECT_FALSE(Tokenizer::characters("").ok());
  std::string json = *to_tokenizer_json(tokenizer->parts());
  auto again = Tokenizer::from_json(json);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->encode("abc 녕"), tokenizer->encode("abc 녕"));
}

TEST(Tokenizer, ManyThreadsAtOnce) {
  Tokenizer tokenizer = byte_level();
  std::vector<std::string> all = test_texts();
  std::vector<std::vector<int32_t>> want;
  for (const std::string& text : all) want.push_back(tokenizer.encode(text));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(tokenizer.encode(all[i]), want[i]);
    });
  for (std::thread& thread : threads) thread.join();
}

// A text without a pre-tokenizer comes whole: cut at its word marks it must give what merging the whole gives.
TEST(Tokenizer, WordsAreMergedAlone) {
  Json vocabulary = {{"<unk>", 0}, {"▁", 1}, {"a", 2}, {"b", 3}, {"▁a", 4}, {"ab", 5}, {"▁▁", 6}, {"▁ab", 7}};
  Json merges = Json::array({"▁ a", "a b", "▁ ▁", "▁a b"});
  Json json = {
      {"model",
       {{"type", "BPE"}, {"unk_token", "<unk>"}, {"fuse_unk", true}, {"vocab", vocabulary}, {"merges", merges}}},
      {"normalizer", {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "▁"}}}};
  auto tokenizer = Tokenizer::from_json(json.dump());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().to_string();
  uint64_t state = 5;
  for (int n = 0; n < 300; ++n) {
    std::string text;
    for (int i = 0; i < n % 90; ++i) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      text += "ab xy"[(state >> 33) % 5];
    }
    EXPECT_EQ(tokenizer->encode(text), tokenizer->encode_full(text).ids) << text;
  }
}

TEST(Tokenizer, TokensThatSwallowSpacesTakeLinearTime) {
  auto t = Tokenizer::from_json(
      R"({"added_tokens": [{"id": 2, "content": " ", "lstrip": true, "special": true}], "model": {"type": "WordLevel", "vocab": {"a": 0, "<unk>": 1}, "unk_token": "<unk>"}})");
  ASSERT_TRUE(t.ok()) << t.error().to_string();
  EXPECT_EQ(t->encode(std::string(1 << 20, ' ')).size(), size_t{1} << 20);
  EXPECT_EQ(t->encode("a  a"), (std::vector<int32_t>{0, 2, 2, 0}));
}

// A tokenizer.json of a few kilobytes that would make gigabytes of a short text.
TEST(TokenizerJson, PostProcessorsThatExplodeAreErrors) {
  auto opened = [](const Json& processor) {
    const Json file = {{"model", {{"type", "WordLevel"}, {"vocab", {{"a", 0}}}, {"unk_token", "a"}}},
                       {"post_processor", processor}};
    return Tokenizer::from_json(file.dump());
  };
  auto repeated = [](const Json& piece, size_t times) { return Json(std::vector<Json>(times, piece)); };
  const Json text = {{"Sequence", {{"id", "A"}}}}, special = {{"SpecialToken", {{"id", "x"}}}};
  auto processing = [&](const Json& single, size_t ids) {
    const Json tokens = {{"x", {{"id", "x"}, {"ids", std::vector<int>(ids, 0)}}}};
    return Json{
        {"type", "TemplateProcessing"}, {"single", single}, {"pair", Json::array()}, {"special_tokens", tokens}};
  };
  auto sequence = [](const std::vector<Json>& steps) { return Json{{"type", "Sequence"}, {"processors", steps}}; };
  const Json usual = processing({special, text, special}, 3);
  ASSERT_TRUE(opened(usual).ok());
  EXPECT_EQ(opened(usual)->encode("a", {.add_special = true}).size(), 7u);
  const Json roberta = {{"type", "RobertaProcessing"}, {"sep", {"a", 0}}, {"cls", {"a", 0}}};
  ASSERT_TRUE(opened(sequence({usual, roberta})).ok());
  const std::pair<Json, std::string> hostile[] = {
      {processing(repeated(special, 2000), 2000), "put around"},
      {processing(repeated(special, 100'000), 0), "put around"},
      {processing(repeated(text, 17), 1), "repeated"},
      {sequence({processing(repeated(text, 5), 1), processing(repeated(text, 5), 1)}), "repeated"},
      {sequence(std::vector<Json>(40'000, roberta)), "put around"},
      {sequence({sequence(std::vector<Json>(300, roberta)), processing(repeated(special, 300), 300)}), "put around"},
  };
  for (const auto& [processor, why] : hostile) {
    auto tokenizer = opened(processor);
    ASSERT_FALSE(tokenizer.ok());
    EXPECT_NE(tokenizer.error().to_string().find(why), std::string::npos) << tokenizer.error().to_string();
    EXPECT_NE(tokenizer.error().to_string().find("post_processor"), std::string::npos);
  }
}

TEST(TokenizerJson, NormalizersThatExplodeAreErrors) {
  auto opened = [](const Json& normalizer) {
    const Json file = {{"model", {{"type", "WordLevel"}, {"vocab", {{"a", 0}}}, {"unk_token", "a"}}},
                       {"normalizer", normalizer}};
    return Tokenizer::from_json(file.dump());
  };
  auto replace = [](const std::string& from, const std::string& to) {
    return Json{{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
  };
  auto times = [](const Json& step, size_t n) {
    return Json{{"type", "Sequence"}, {"normalizers", std::vector<Json>(n, step)}};
  };
  EXPECT_TRUE(opened(times(replace(" ", "\u2581"), 40)).ok());
  EXPECT_TRUE(opened(times(Json{{"type", "NFKD"}}, 40)).ok());
  const std::pair<Json, std::string> hostile[] = {
      {times(replace("a", "aa"), 100), "64 times"},
      {times(times(replace("\u4e2d", "\u4e2d\u4e2d\u4e2d"), 4), 30), "64 times"},
      {replace(" ", std::string(5000, 'x')), "4096"},
      {{{"type", "Prepend"}, {"prepend", std::string(5000, 'x')}}, "4096"},
  };
  for (const auto& [normalizer, why] : hostile) {
    auto tokenizer = opened(normalizer);
    ASSERT_FALSE(tokenizer.ok()) << why;
    EXPECT_NE(tokenizer.error().to_string().find(why), std::string::npos) << tokenizer.error().to_string();
    EXPECT_NE(tokenizer.error().to_string().find("normalizer"), std::string::npos);
  }
}

TEST(TokenizerJson, WrongFilesAreErrors) {
  auto error_of = [](std::string_view json) {
    auto tokenizer = Tokenizer::from_json(json, "wrong.json");
    return tokenizer.ok() ? std::string() : tokenizer.error().to_string();
  };
  EXPECT_NE(error_of("{\"model\": ").find("byte"), std::string::npos);
  EXPECT_NE(error_of("[]").find("wrong.json"), std::string::npos);
  EXPECT_NE(error_of("{}").find("model"), std::string::npos);
  EXPECT_NE(error_of(R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}})").find("merges[0]"),
            std::string::npos);
  EXPECT_NE(error_of(R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["a a"]}})").find("aa"), std::string::npos);
  EXPECT_NE(error_of(R"({"model":{"type":"WordLevel","vocab":{"a":-1}}})").find("vocab"), std::string::npos);
  EXPECT_NE(error_of(R"({"model":{"type":"WordLevel","vocab":{"a":200000000}}})").find("beyond"), std::string::npos);
  EXPECT_NE(error_of(R"({"model":{"type":"Magic","vocab":{}}})").find("Magic"), std::string::npos);
  EXPECT_NE(
      error_of(R"({"model":{"type":"WordLevel","vocab":{"a":0}},"normalizer":{"type":"NFX"}})").find("normalizer"),
      std::string::npos);
  EXPECT_NE(
      error_of(
          R"({"model":{"type":"WordLevel","vocab":{"a":0}},"pre_tokenizer":{"type":"Split","pattern":{"Regex":"("},"behavior":"Isolated"}})")
          .find("pattern"),
      std::string::npos);
  std::string deep = R"({"model":{"type":"WordLevel","vocab":{"a":0}},"normalizer":)";
  for (int i = 0; i < 100; ++i) deep += R"({"type":"Sequence","normalizers":[)";
  deep += R"({"type":"NFC"})";
  for (int i = 0; i < 100; ++i) deep += "]}";
  EXPECT_NE(error_of(deep + "}").find("deep"), std::string::npos);
}

}  // namespace
}  // namespace malmoi::tokenizer
