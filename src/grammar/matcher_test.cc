// Tokens: masks against trying every token, walks that must end in valid texts, copies, threads.
#include "grammar/matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "base/json.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "grammar/limits.h"
#include "grammar/fixtures_test.h"

namespace malmoi::grammar {
namespace {

using chat::Constraint;
using ::testing::HasSubstr;

constexpr const char* kPerson = R"({"type": "object", "properties": {
  "name": {"type": "string"}, "이름": {"type": "string", "maxLength": 12}, "age": {"type": "integer", "minimum": 0, "maximum": 150},
  "tags": {"type": "array", "items": {"enum": ["red", "green", "한글"]}, "maxItems": 3},
  "child": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}, "any": {}}, "required": ["name", "age"], "additionalProperties": {"type": "boolean"}})";

std::vector<Constraint> constraints() {
  return {{Constraint::Kind::kJsonObject, ""},
          {Constraint::Kind::kJsonSchema, kPerson},
          {Constraint::Kind::kJsonSchema,
           R"({"type": "array", "items": {"type": "number", "minimum": -2.5}, "minItems": 2})"},
          {Constraint::Kind::kRegex, "(예|아니오|[a-z]{2,40}), [가-힣]+\\."},
          {Constraint::Kind::kRegex, "[^x]*"},
          {Constraint::Kind::kGbnf, "root ::= word (\" \" word)* \".\"\nword ::= [a-z]+ | [가-힣]+ | \"(\" root \")\""},
          {Constraint::Kind::kGbnf, "root ::= (a b?){2,5}\na ::= \"the \" | \"th\" | [a-e]{0,3}\nb ::= a | \"e \""}};
}

std::vector<tokenizer::Tokenizer> tokenizers() {
  std::vector<tokenizer::Tokenizer> out;
  out.push_back(byte_level_tokenizer());
  out.push_back(sentencepiece_tokenizer());
  return out;
}

bool has(const std::vector<uint64_t>& mask, int32_t id) {
  return mask[static_cast<size_t>(id) / 64] >> (static_cast<size_t>(id) % 64) & 1;
}

std::vector<uint64_t> mask_of(const Matcher& matcher) {
  std::vector<uint64_t> mask(matcher.vocabulary().mask_words());
  const Status status = matcher.allowed(mask);
  EXPECT_TRUE(status.ok()) << status.error().to_string();
  return mask;
}

// Every token is allowed exactly where reading its bytes succeeds.
void expect_mask_is_right(const Matcher& matcher, const std::vector<uint64_t>& mask) {
  for (int32_t id = 0; id < matcher.vocabulary().size(); ++id) {
    Matcher copy = matcher;
    ASSERT_EQ(has(mask, id), copy.accept(id)) << id << " '" << matcher.vocabulary().bytes(id) << "'";
  }
}

int32_t random_token(const std::vector<uint64_t>& mask, Rng& rng) {
  std::vector<int32_t> allowed;
  for (size_t id = 0; id < 64 * mask.size(); ++id)
    if (has(mask, static_cast<int32_t>(id))) allowed.push_back(static_cast<int32_t>(id));
  return allowed[static_cast<size_t>(rng.uniform() * static_cast<double>(allowed.size()))];
}

TEST(Matcher, MasksAreWhatEveryTokenAloneSays) {
  for (const tokenizer::Tokenizer& tokenizer : tokenizers()) {
    const auto vocabulary = Vocabulary::make(tokenizer);
    const int32_t end = tokenizer.eos_id().value_or(0);
    for (const Constraint& constraint : constraints()) {
      SCOPED_TRACE(constraint.text);
      auto grammar = compile(constraint, vocabulary);
      ASSERT_TRUE(grammar.ok()) << grammar.error().to_string();
      Rng rng(7);
      for (int walk = 0; walk < 6; ++walk) {
        Matcher matcher(*grammar, {end});
        for (int step = 0; step < 25 && !matcher.has_ended(); ++step) {
          const std::vector<uint64_t> mask = mask_of(matcher);
          if (step % 3 == walk % 3) expect_mask_is_right(matcher, mask);
          if (::testing::Test::HasFailure()) return;
          ASSERT_TRUE(matcher.accept(random_token(mask, rng)));
        }
      }
    }
  }
}

// The first of some tokens that close what is open, or spell what must come; else any.
int32_t closing_token(const Matcher& matcher) {
  constexpr std::string_view kWanted = "\"}]:0name,bcdfghijklopqrstuvwxyz";
  const std::vector<uint64_t> mask = mask_of(matcher);
  int32_t best = -1;
  size_t best_place = kWanted.size() + 1;
  for (int32_t id = 0; id < matcher.vocabulary().size(); ++id) {
    if (!has(mask, id)) continue;
    const std::string_view bytes = matcher.vocabulary().bytes(id);
    const size_t place = bytes.size() == 1 ? std::min(kWanted.find(bytes), kWanted.size()) : kWanted.size();
    if (place >= best_place) continue;
    best_place = place;
    best = id;
  }
  return best;
}

void check_person(const Json& value) {
  ASSERT_TRUE(value.is_object());
  ASSERT_TRUE(value.contains("name") && value["name"].is_string());
  ASSERT_TRUE(value.contains("age") && value["age"].is_number_integer());
  EXPECT_GE(value["age"].get<int64_t>(), 0);
  EXPECT_LE(value["age"].get<int64_t>(), 150);
  for (const auto& [key, member] : value.items()) {
    if (key == "이름") {
      EXPECT_TRUE(member.is_string() && count_code_points(member.get<std::string>()) <= 12);
    } else if (key == "tags") {
      EXPECT_TRUE(member.is_array() && member.size() <= 3);
    } else if (key == "child") {
      if (!member.is_null()) check_person(member);
    } else if (key != "name" && key != "age" && key != "any") {
      EXPECT_TRUE(member.is_boolean()) << key;
    }
  }
}

TEST(Matcher, RandomWalksEndInValidTexts) {
  const tokenizer::Tokenizer tokenizer = byte_level_tokenizer();
  const auto vocabulary = Vocabulary::make(tokenizer);
  auto grammar = compile({Constraint::Kind::kJsonSchema, kPerson}, vocabulary);
  ASSERT_TRUE(grammar.ok()) << grammar.error().to_string();
  int whole = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Rng rng(seed);
    Matcher matcher(*grammar, {});
    std::string text;
    // Freely at first, then straight to the end.
    constexpr int kFreeSteps = 60, kAllSteps = 260;
    for (int step = 0; step < kAllSteps && !matcher.is_ended_only(); ++step) {
      const bool free = step < kFreeSteps && rng.uniform() < 0.7;
      const int32_t id = free ? random_token(mask_of(matcher), rng) : closing_token(matcher);
      ASSERT_TRUE(matcher.accept(id));
      text += vocabulary->bytes(id);
    }
    if (!matcher.can_end()) continue;
    ++whole;
    auto value = parse_json(text, "walk");
    ASSERT_TRUE(value.ok()) << text;
    check_person(*value);
  }
  EXPECT_GT(whole, 50);
}

TEST(Matcher, EveryTokenOfAValidTextIsAllowed) {
  for (const tokenizer::Tokenizer& tokenizer : tokenizers()) {
    const auto vocabulary = Vocabulary::make(tokenizer);
    auto grammar = compile({Constraint::Kind::kJsonSchema, kPerson}, vocabulary);
    ASSERT_TRUE(grammar.ok());
    for (const char* text :
         {R"({"name": "홍길동 😀", "age": 42, "tags": ["red", "한글"], "child": null, "any": {"x": [1.5e3]}})",
          R"({"name":"\"quoted\" \\ \u00e9","이름":"가나다","age":0,"child":{"name":"","age":150}})",
          "{\n  \"name\": \"x\",\n  \"age\": 7,\n  \"extra\": true\n}"}) {
      Matcher matcher(*grammar, {});
      std::string read;
      for (int32_t id : tokenizer.encode(text)) {
        if (vocabulary->bytes(id).empty()) continue;
        // What the tokenizer writes before a first word is no part of the text.
        if (read.empty() && vocabulary->bytes(id) == " ") continue;
        ASSERT_TRUE(has(mask_of(matcher), id)) << read << "|" << vocabulary->bytes(id);
        ASSERT_TRUE(matcher.accept(id));
        read += vocabulary->bytes(id);
      }
      EXPECT_EQ(read, text);
      EXPECT_TRUE(matcher.can_end());
      EXPECT_TRUE(matcher.is_ended_only());
    }
  }
}

TEST(Matcher, EndsAreAllowedWhereTheTextIsWhole) {
  const tokenizer::Tokenizer tokenizer = byte_level_tokenizer();
  const auto vocabulary = Vocabulary::make(tokenizer);
  auto grammar = compile({Constraint::Kind::kRegex, "ab?"}, vocabulary);
  ASSERT_TRUE(grammar.ok());
  const int32_t end = 5;  // an ordinary token that the caller ends with
  Matcher matcher(*grammar, {end, -1, 1'000'000});
  EXPECT_FALSE(has(mask_of(matcher), end));
  EXPECT_FALSE(matcher.accept(end));
  EXPECT_FALSE(matcher.accept(-1));
  EXPECT_FALSE(matcher.accept(1'000'000));
  ASSERT_TRUE(matcher.accept_text("a"));
  EXPECT_TRUE(matcher.can_end());
  EXPECT_FALSE(matcher.is_ended_only());
  EXPECT_TRUE(has(mask_of(matcher), end));
  ASSERT_TRUE(matcher.accept_text("b"));
  EXPECT_TRUE(matcher.is_ended_only());
  std::vector<float> logits(vocabulary->size() + 10, 1.0f);
  ASSERT_TRUE(matcher.forbid(logits).ok());
  for (size_t id = 0; id < logits.size(); ++id) EXPECT_EQ(logits[id] == 1.0f, id == end) << id;
  ASSERT_TRUE(matcher.accept(end));
  EXPECT_TRUE(matcher.has_ended());
  EXPECT_FALSE(matcher.accept_text("a"));
}

TEST(Matcher, WhatIsRefusedChangesNothing) {
  auto grammar = compile({Constraint::Kind::kJsonObject, ""}, byte_level_tokenizer());
  ASSERT_TRUE(grammar.ok());
  Matcher matcher(*grammar, {});
  ASSERT_TRUE(matcher.accept_text("{\"a\": [1"));
  const std::vector<uint64_t> before = mask_of(matcher);
  Matcher copy = matcher;
  EXPECT_FALSE(matcher.accept_text(", 2}"));
  EXPECT_EQ(mask_of(matcher), before);
  ASSERT_TRUE(copy.accept_text(", 2]}"));
  EXPECT_TRUE(copy.can_end());
  EXPECT_EQ(mask_of(matcher), before);
}

TEST(Matcher, SpecialTokensAreNeverAllowed) {
  for (const tokenizer::Tokenizer& tokenizer : tokenizers()) {
    auto grammar = compile({Constraint::Kind::kRegex, "(.|\\n)*"}, tokenizer);
    ASSERT_TRUE(grammar.ok());
    Matcher matcher(*grammar, {});
    const std::vector<uint64_t> mask = mask_of(matcher);
    size_t allowed = 0;
    for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
      EXPECT_FALSE(tokenizer.is_special(id) && has(mask, id)) << tokenizer.piece(id);
      allowed += has(mask, id);
    }
    EXPECT_GT(allowed, static_cast<size_t>(tokenizer.vocab_size()) / 2);
  }
}

TEST(Matcher, AVocabularyThatCannotGoOnIsAnError) {
  auto grammar = compile({Constraint::Kind::kRegex, "ab"}, *tokenizer::Tokenizer::characters("a"));
  ASSERT_TRUE(grammar.ok());
  Matcher matcher(*grammar, {});
  ASSERT_TRUE(matcher.accept_text("a"));
  std::vector<uint64_t> mask(matcher.vocabulary().mask_words());
  const Status status = matcher.allowed(mask);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().to_string(), HasSubstr("no token of the vocabulary"));
}

TEST(Matcher, AmbiguityBeyondTheLimitIsAnError) {
  // Every token leaves a memory of each of its bytes, and each may be read in many ways.
  std::string text = "root ::= x{1,100000}\nx ::= [a-z] y? | [a-z]\ny ::= ";
  for (char c = 'a'; c <= 'z'; ++c) text += std::string(c > 'a' ? " | " : "") + "[a-z] x \"" + c + "\"";
  auto grammar = compile({Constraint::Kind::kGbnf, text}, byte_level_tokenizer());
  ASSERT_TRUE(grammar.ok()) << grammar.error().to_string();
  Matcher matcher(*grammar, {});
  std::vector<uint64_t> mask(matcher.vocabulary().mask_words());
  Status status;
  for (int i = 0; i < 60 && status.ok(); ++i) {
    status = matcher.allowed(mask);
    if (status.ok() && !matcher.accept_text("a")) status = matcher.status();
  }
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().to_string(), HasSubstr("ambiguous"));
}

Json all_words_of_three_letters() {
  Json vocabulary = Json::object();
  for (char first = 'a'; first <= 'z'; ++first)
    for (char second = 'a'; second <= 'z'; ++second)
      for (char third = 'a'; third <= 'z'; ++third) vocabulary[std::string{first, second, third}] = vocabulary.size();
  return {{"model", {{"type", "BPE"}, {"vocab", std::move(vocabulary)}, {"merges", Json::array()}}},
          {"decoder", {{"type", "ByteLevel"}}}};
}

TEST(Matcher, TooMuchWorkForAMaskIsAnError) {
  // After each byte hundreds of readings, on stacks that remember all bytes: every token makes sets of its own.
  std::string text = "root ::= ";
  for (char c = 'a'; c <= 'z'; ++c) text += std::string("\"") + c + "\" root \"" + c + "\" | ";
  text += "many\nmany ::= ";
  for (int i = 0; i < 400; ++i) text += std::string(i > 0 ? " | " : "") + "[a-z]* \"" + std::to_string(i) + "\"";
  auto tokenizer = tokenizer::Tokenizer::from_json(dump_json(all_words_of_three_letters()));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().to_string();
  auto grammar = compile({Constraint::Kind::kGbnf, text}, *tokenizer);
  ASSERT_TRUE(grammar.ok()) << grammar.error().to_string();
  Matcher matcher(*grammar, {});
  std::vector<uint64_t> mask(matcher.vocabulary().mask_words());
  const Status status = matcher.allowed(mask);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().to_string(), HasSubstr("takes too long"));
}

TEST(Matcher, ThreadsShareAGrammar) {
  const auto vocabulary = Vocabulary::make(byte_level_tokenizer());
  auto grammar = compile({Constraint::Kind::kJsonSchema, kPerson}, vocabulary);
  ASSERT_TRUE(grammar.ok());
  std::vector<std::vector<int32_t>> texts(4);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < texts.size(); ++i)
    threads.emplace_back([&, i] {
      Rng rng(i / 2);
      Matcher matcher(*grammar, {});
      for (int step = 0; step < 40 && !matcher.is_ended_only(); ++step) {
        texts[i].push_back(random_token(mask_of(matcher), rng));
        matcher.accept(texts[i].back());
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(texts[0], texts[1]);
  EXPECT_EQ(texts[2], texts[3]);
}

}  // namespace
}  // namespace malmoi::grammar
