#include "serve/api_key.h"

#include <gtest/gtest.h>

#include "serve/caller.h"
#include "serve/key_ring.h"
#include "serve/secret.h"

namespace malmoi::serve {
namespace {

ApiKey key_with_secret(const std::string& name, const std::string& secret) {
  ApiKey key{.name = name, .digest = sha256(secret), .scopes = Scopes::of_clients()};
  return key;
}

TEST(ApiKeys, ReadBackAsTheyWereWritten) {
  ApiKey limited = key_with_secret("a", "one");
  limited.limits = {.requests_per_minute = 3, .tokens_per_minute = 4, .concurrency = 5};
  limited.created = 1795770874;
  limited.expires = 4102444800;
  ApiKey admin = key_with_secret("b", "two");
  admin.scopes = Scopes::all();
  auto read = read_keys(print_keys({limited, admin}), "keys.json");
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].digest, limited.digest);
  EXPECT_EQ((*read)[0].limits, limited.limits);
  EXPECT_EQ((*read)[0].created, limited.created);
  EXPECT_EQ((*read)[0].expires, limited.expires);
  EXPECT_EQ((*read)[0].scopes, limited.scopes);
  EXPECT_EQ((*read)[1].scopes, Scopes::all());
  EXPECT_EQ((*read)[1].limits, KeyLimits());
}

TEST(ApiKeys, WhatIsWrongInAFileIsNamed) {
  const std::string digest(64, 'a');
  const std::string good = R"("name":"a","sha256":")" + digest + R"(","scopes":["embed"])";
  ASSERT_TRUE(read_keys("{\"keys\":[{" + good + "}]}", "f").ok());
  struct Wrong {
    std::string text, says;
  };
  for (const Wrong& wrong : std::vector<Wrong>{
           {"", "f"},
           {"[]", "'keys'"},
           {"{\"keys\":{}}", "'keys'"},
           {"{\"keys\":[1]}", "keys[0]"},
           {"{\"keys\":[{\"name\":\"a b\"}]}", "name"},
           {"{\"keys\":[{\"name\":\"a\",\"sha256\":\"AA\",\"scopes\":[\"embed\"]}]}", "sha256"},
           {"{\"keys\":[{\"name\":\"a\",\"sha256\":\"" + digest + "\",\"scopes\":[]}]}", "scopes"},
           {"{\"keys\":[{\"name\":\"a\",\"sha256\":\"" + digest + "\",\"scopes\":[\"root\"]}]}", "root"},
           {"{\"keys\":[{" + good + ",\"request_per_minute\":3}]}", "request_per_minute"},
           {"{\"keys\":[{" + good + ",\"concurrency\":0}]}", "concurrency"},
           {"{\"keys\":[{" + good + ",\"tokens_per_minute\":\"9\"}]}", "tokens_per_minute"},
           {"{\"keys\":[{" + good + ",\"tokens_per_minute\":1000000001}]}", "tokens_per_minute"},
           {"{\"keys\":[{" + good + ",\"expires\":\"soon\"}]}", "expires"},
           {"{\"keys\":[{" + good + "},{" + good + "}]}", "two keys"},
           {"{\"keys\":[{" + good + R"(},{"name":"b","sha256":")" + digest + R"(","scopes":["admin"]}]})",
            "another name"}}) {
    auto read = read_keys(wrong.text, "f");
    ASSERT_FALSE(read.ok()) << wrong.text;
    EXPECT_NE(read.error().to_string().find(wrong.says), std::string::npos) << read.error().to_string();
  }
}

TEST(ApiKeys, AnEndBeforeAllClocksHasPassed) {
  for (const char* long_ago : {"1970-01-01", "1900-01-01T00:00:00Z"}) {
    auto read = read_keys(R"({"keys":[{"name":"a","sha256":")" + std::string(64, 'a') +
                              R"(","scopes":["embed"],"expires":")" + long_ago + "\"}]}",
                          "f");
    ASSERT_TRUE(read.ok()) << read.error().to_string();
    EXPECT_GT(read->front().expires, 0) << long_ago;
  }
}

TEST(ApiKeys, DigestsAsText) {
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest_of_hex(to_hex(sha256("abc"))), sha256("abc"));
  EXPECT_EQ(digest_of_hex(std::string(64, 'G')), "");
  auto one = new_secret(), other = new_secret();
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_NE(*one, *other);
  EXPECT_EQ(one->size(), 43u);
}

TEST(KeyRing, AKeyThatStaysGoesOnWithWhatItHasUsed) {
  ApiKey a = key_with_secret("a", "one");
  a.limits.requests_per_minute = 2;
  KeyRing ring;
  ring.set({a, key_with_secret("b", "two")}, 0);
  EXPECT_FALSE(ring.find(sha256("three")));
  EXPECT_FALSE(ring.find(sha256("two"))->limits);
  ASSERT_TRUE(ring.find(sha256("one")));
  EXPECT_FALSE(ring.find(sha256("one"))->limits->begin(0));
  ring.set({a}, 0);
  EXPECT_FALSE(ring.find(sha256("two")));
  EXPECT_EQ(ring.find(sha256("one"))->limits->requests().left(0), 1);
  ring.set({key_with_secret("a", "another")}, 0);
  EXPECT_FALSE(ring.find(sha256("another"))->limits);
  ring.set({}, 0);
  EXPECT_FALSE(ring.find(sha256("another")));
}

TEST(Caller, AddressesOfOneNetworkAreOneClient) {
  auto at = [](const char* text) { return caller_at(boost::asio::ip::make_address(text)); };
  EXPECT_EQ(at("10.0.0.1").name, "10.0.0.1");
  EXPECT_NE(at("10.0.0.1").client, at("10.0.0.2").client);
  EXPECT_EQ(at("::ffff:10.0.0.1").client, at("10.0.0.1").client);
  EXPECT_EQ(at("::ffff:10.0.0.1").name, "10.0.0.1");
  EXPECT_EQ(at("2001:db8:1:2::1").client, at("2001:db8:1:2:ffff::9").client);
  EXPECT_NE(at("2001:db8:1:2::1").client, at("2001:db8:1:3::1").client);
  EXPECT_EQ(at("2001:db8:1:2::1").name, "2001:db8:1:2::1");
  EXPECT_NE(caller_with_key("10.0.0.1", Scopes::all(), nullptr).client, at("10.0.0.1").client);
}

}  // namespace
}  // namespace malmoi::serve
