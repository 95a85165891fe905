#include "app/serve/key_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file_lock.h"
#include "base/test_folder.h"
#include "serve/secret.h"

namespace malmoi::app {
namespace {

using serve::ApiKey;
using serve::Scope;
using serve::Scopes;

ApiKey wanted(const std::string& name) { return {.name = name, .scopes = Scopes::of_clients()}; }

TEST(KeyFile, KeysAreAddedAndRemovedAndOnlyTheirDigestsKept) {
  const Path file = test_folder("keys") / "deep" / "keys.json";
  auto first = create_key(file, wanted("ci"));
  ASSERT_TRUE(first.ok()) << first.error().to_string();
  ApiKey limited = wanted("page");
  limited.limits = {.requests_per_minute = 60, .tokens_per_minute = 1000, .concurrency = 2};
  limited.expires = 4102444800;
  auto second = create_key(file, limited);
  ASSERT_TRUE(second.ok()) << second.error().to_string();
  EXPECT_NE(first->secret, second->secret);
  EXPECT_EQ(first->secret.size(), 50u);  // 7 of the prefix, 43 of 256 bits

  const std::string text = *read_file(file);
  EXPECT_EQ(text.find(first->secret), text.npos);
  EXPECT_NE(text.find(serve::to_hex(serve::sha256(first->secret))), text.npos);
  auto keys = load_keys(file);
  ASSERT_TRUE(keys.ok()) << keys.error().to_string();
  ASSERT_EQ(keys->size(), 2u);
  EXPECT_EQ((*keys)[1].limits, limited.limits);
  EXPECT_EQ((*keys)[1].expires, limited.expires);
  EXPECT_GT((*keys)[1].created, 0);

  ASSERT_TRUE(remove_key(file, "ci").ok());
  keys = load_keys(file);
  ASSERT_TRUE(keys.ok());
  ASSERT_EQ(keys->size(), 1u);
  EXPECT_EQ(keys->front().name, "page");
}

TEST(KeyFile, OnlyItsOwnerReadsIt) {
  const Path file = test_folder("private_keys") / "keys.json";
  ASSERT_TRUE(create_key(file, wanted("a")).ok());
  struct stat info {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ::chmod(file.c_str(), 0644);
  ASSERT_TRUE(create_key(file, wanted("b")).ok());
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  EXPECT_NE(mask, 077u) << "files that others make are as they were";
}

TEST(KeyFile, WhatIsWrongIsSaidAndNothingChanges) {
  const Path file = test_folder("wrong_keys") / "keys.json";
  EXPECT_EQ(load_keys(file).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(remove_key(file, "a").error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(malmoi::exists(file));
  ASSERT_TRUE(create_key(file, wanted("a")).ok());
  const std::string before = *read_file(file);
  EXPECT_EQ(create_key(file, wanted("a")).error().code, ErrorCode::kUsage);
  EXPECT_EQ(create_key(file, wanted("two words")).error().code, ErrorCode::kUsage);
  EXPECT_EQ(create_key(file, wanted("")).error().code, ErrorCode::kUsage);
  ApiKey past = wanted("b");
  past.expires = 1000;
  EXPECT_EQ(create_key(file, past).error().where, "--expires");
  EXPECT_EQ(remove_key(file, "b").error().code, ErrorCode::kNotFound);
  auto other = FileLock::open(Path(file.string() + ".lock"));
  ASSERT_TRUE(other.ok());
  ASSERT_TRUE(other->try_lock());
  EXPECT_NE(create_key(file, wanted("c")).error().to_string().find("somebody else"), std::string::npos);
  EXPECT_EQ(*read_file(file), before);
}

}  // namespace
}  // namespace malmoi::app
