// Biases of tokens by id, by spelling and by text.
#include "app/use/token_biases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace malmoi::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(TokenBiases, NameTokensByIdOrText) {
  auto tokenizer = *tokenizer::Tokenizer::characters("ab=");
  chat::SamplingOptions sampling;
  ASSERT_TRUE(add_token_biases(&tokenizer, {"7=-100", "b=2.5", "==1"}, sampling).ok());
  EXPECT_THAT(sampling.logit_bias,
              ElementsAre(Pair(7, -100.f), Pair(*tokenizer.id_of("b"), 2.5f), Pair(*tokenizer.id_of("="), 1.f)));
}

TEST(TokenBiases, WhatIsNoPairIsRefused) {
  auto tokenizer = *tokenizer::Tokenizer::characters("ab");
  chat::SamplingOptions sampling;
  for (const char* wrong : {"a", "=1", "a=", "a=much", "a=nan", "a=inf", "ab=1", "-1=1"}) {
    Status status = add_token_biases(&tokenizer, {wrong}, sampling);
    ASSERT_FALSE(status.ok()) << wrong;
    EXPECT_THAT(status.error().to_string(), HasSubstr("--logit-bias"));
  }
  EXPECT_FALSE(add_token_biases(nullptr, {"a=1"}, sampling).ok());
  EXPECT_TRUE(add_token_biases(nullptr, {"1=1"}, sampling).ok());
}

}  // namespace
}  // namespace malmoi::app
