#include <gtest/gtest.h>

#include "base/json.h"

namespace malmoi {
namespace {

std::string object_of(size_t keys) {
  std::string text = "{";
  for (size_t i = 0; i < keys; ++i) text += (i ? ",\"k" : "\"k") + std::to_string(i) + "\":" + std::to_string(i);
  return text + "}";
}

// Few keys are searched one by one, many by the index: both sides of the border and the border itself.
TEST(JsonObject, KeepsOrderAndFindsEveryKey) {
  for (size_t keys : {0, 1, 15, 16, 17, 33, 1000}) {
    Json object = parse_json(object_of(keys), "x").value();
    ASSERT_EQ(object.size(), keys);
    size_t i = 0;
    for (const auto& [key, value] : object.items()) {
      EXPECT_EQ(key, "k" + std::to_string(i));
      EXPECT_EQ(object.at(key), i++);
    }
    EXPECT_FALSE(object.contains("k"));
    EXPECT_EQ(object.find("none"), object.end());
    EXPECT_EQ(object.dump(), object_of(keys));
  }
}

TEST(JsonObject, LaterKeyReplacesAndErasureLeavesTheOthers) {
  Json object = parse_json(object_of(40), "x").value();
  object["k3"] = "new";
  object["last"] = 1;
  EXPECT_EQ(object.size(), 41u);
  EXPECT_EQ(object.erase("k0"), 1u);
  EXPECT_EQ(object.erase("k0"), 0u);
  EXPECT_EQ(object.at("k3"), "new");
  EXPECT_EQ(object.begin().key(), "k1");
  while (object.size() > 2) object.erase(object.begin());
  EXPECT_EQ(object.dump(), R"({"k39":39,"last":1})");
  for (int i = 0; i < 30; ++i) object["again" + std::to_string(i)] = i;
  EXPECT_EQ(object.at("again29"), 29);
  object.clear();
  EXPECT_FALSE(object.contains("last"));
}

TEST(JsonObject, CopiesAndMovesAreWholeAndApart) {
  Json object = parse_json(object_of(50), "x").value();
  Json copy = object;
  copy["k7"] = "changed";
  copy.erase("k8");
  EXPECT_EQ(object.at("k7"), 7);
  EXPECT_EQ(object.at("k8"), 8);
  EXPECT_NE(object, copy);
  Json moved = std::move(object);
  EXPECT_EQ(moved.at("k49"), 49);
}

// Counts the keys that are looked at: a constant number per key whatever their number, also where most are absent.
TEST(KeyIndex, LooksAtAFewKeysForEach) {
  for (size_t count : {1000, 16000, 256000}) {
    std::vector<std::string> keys;
    KeyIndex index;
    size_t looked = 0;
    auto key_at = [&](size_t i) { return ++looked, std::string_view(keys[i]); };
    for (size_t i = 0; i < count; ++i) {
      std::string key = "key" + std::to_string(i);
      ASSERT_EQ(index.find(key, count, key_at), count);
      keys.push_back(std::move(key));
      index.add(keys.back(), i, key_at);
    }
    for (size_t i = 0; i < count; ++i) ASSERT_EQ(index.find(keys[i], count, key_at), i);
    EXPECT_LT(looked, 8 * count);
  }
}

}  // namespace
}  // namespace malmoi
