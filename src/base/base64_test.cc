// Base64: the examples of RFC 4648, 10, and what is none.
#include "base/base64.h"

#include <gtest/gtest.h>

namespace malmoi {
namespace {

TEST(Base64, BothWays) {
  const std::pair<std::string, std::string> examples[] = {
      {"", ""},        {"f", "Zg=="},          {"fo", "Zm8="},
      {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}, {std::string("\xff\0", 2), "/wA="}};
  for (const auto& [bytes, text] : examples) {
    EXPECT_EQ(encode_base64(bytes), text);
    std::string back;
    EXPECT_TRUE(decode_base64(text, back)) << text;
    EXPECT_EQ(back, bytes);
  }
}

TEST(Base64, WhatIsNone) {
  std::string bytes;
  for (const char* text : {"Zg", "Z===", "Zm9*", "Zm9v\n"}) EXPECT_FALSE(decode_base64(text, bytes)) << text;
}

}  // namespace
}  // namespace malmoi
