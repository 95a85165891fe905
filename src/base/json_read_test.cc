// Parts of JSON of any type: those that fit are found, all others are none.
#include "base/json_read.h"

#include <gtest/gtest.h>

namespace malmoi {
namespace {

TEST(JsonRead, CountsAndNumbersOfAnotherTypeAreNone) {
  const Json object = *parse_json(
      R"({"n": 7, "minus": -1, "large": 18446744073709551615, "half": 0.5, "text": "7", "list": [7], "none": null})",
      "");
  EXPECT_EQ(json_count(object, "n"), 7);
  EXPECT_EQ(json_count(object, "n", 7), 7);
  EXPECT_EQ(json_count(object, "n", 6), std::nullopt);
  for (const char* key : {"minus", "large", "half", "text", "list", "none", "absent"})
    EXPECT_EQ(json_count(object, key), std::nullopt) << key;
  EXPECT_EQ(json_number(object, "n"), 7);
  EXPECT_EQ(json_number(object, "half"), 0.5);
  for (const char* key : {"text", "list", "none", "absent"}) EXPECT_EQ(json_number(object, key), std::nullopt) << key;
  for (const Json& other : {Json(), Json(3), Json::array({1})}) {
    EXPECT_EQ(json_count(other, "n"), std::nullopt);
    EXPECT_EQ(json_number(other, "n"), std::nullopt);
  }
  EXPECT_EQ(json_list(object, "list").size(), 1u);
  EXPECT_TRUE(json_list(object, "text").is_array() && json_list(object, "text").empty());
  EXPECT_TRUE(json_object(object, "list").is_object() && json_object(object, "list").empty());
  EXPECT_EQ(json_object(Json{{"inner", {{"a", 1}}}}, "inner").size(), 1u);
  EXPECT_EQ(json_count({{"n", 7}}, "n"), 7) << "a number that was not parsed is signed";
}

}  // namespace
}  // namespace malmoi
