// Bodies: what is no request is refused in time, and in few words.
#include <gtest/gtest.h>

#include <functional>

#include "base/test_growth.h"
#include "protocol/test_requests.h"

namespace malmoi::protocol {
namespace {

TEST(Body, ObjectsOfTooManyKeysAreRefusedBeforeTheyAreBuilt) {
  auto object = [](size_t keys) {
    std::string text = "{\"prompt\":\"a\"";
    for (size_t i = 1; i < keys; ++i) text += ",\"k" + std::to_string(i) + "\":{\"a\":[1,\"b:{c\\\":\"]}";
    return text + "}";
  };
  EXPECT_TRUE(parse_body(object(kMaxKeys)).ok());
  auto refused = parse_body(object(kMaxKeys + 1));
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().what.find("keys"), std::string::npos);
  EXPECT_FALSE(parse_body("{\"a\":[" + object(kMaxKeys + 1) + "]}").ok());
  // Many objects of few keys are no matter, and quotes do not hide any.
  std::string messages = "{\"messages\":[";
  for (int i = 0; i < 5000; ++i) messages += "{\"role\":\"user\",\"content\":\"\\\\\"},";
  EXPECT_TRUE(parse_body(messages + "{}]}").ok());
  std::string hidden = "{\"a\":\"\\\"\"";
  for (size_t i = 0; i < kMaxKeys; ++i) hidden += ",\"" + std::to_string(i) + "\":1";
  EXPECT_FALSE(parse_body(hidden + "}").ok());
}

// Refusing takes time in proportion to the bytes.
TEST(Body, RefusingIsLinearInTheBytes) {
  auto keys = [](size_t n) {
    std::string text = "{\"a\":1";
    for (size_t i = 0; i < n / 10; ++i) text += ",\"" + std::to_string(10000 + i) + "\":1";
    return text + "}";
  };
  auto name = [](size_t n) { return "{\"" + std::string(n, 'x') + "\":1}"; };
  auto nested = [](size_t n) { return std::string(n, '['); };
  auto bias = [](size_t n) {
    std::string text = "{\"prompt\":\"a\",\"logit_bias\":{\"1\":1";
    for (size_t i = 0; i < n / 10; ++i) text += ",\"" + std::to_string(10000 + i) + "\":1";
    return text + "}}";
  };
  auto refuse = [](const std::string& body) { EXPECT_FALSE(completion(body).ok()); };
  for (const auto& make : {std::function<std::string(size_t)>(keys), {name}, {nested}, {bias}})
    EXPECT_LT(growth_of(make, refuse, 1 << 16), kSteepestGrowth);
}

TEST(Body, WhatAClientSentIsNotRepeatedWhole) {
  std::string huge(1 << 20, 'x');
  EXPECT_LT(completion("{\"prompt\":\"a\",\"" + huge + "\":1}").error().to_string().size(), 1000u);
  EXPECT_EQ(shown(huge).size(), 103u);
  EXPECT_EQ(shown("짧은 글"), "짧은 글");
}

TEST(Body, MustBeOneObject) {
  for (const char* wrong : {"", "[]", "null", "{", "{\"prompt\":\"\xff\"}", "{\"a\":\"\\ud800\"}", "{} {}"})
    EXPECT_FALSE(parse_body(wrong).ok()) << wrong;
  EXPECT_FALSE(parse_body(std::string(100000, '[')).ok());
}

}  // namespace
}  // namespace malmoi::protocol
