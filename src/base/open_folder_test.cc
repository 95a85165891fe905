#include "base/open_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/descriptor.h"
#include "base/test_folder.h"

namespace malmoi {
namespace {

namespace fs = std::filesystem;

class OpenFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    const Path root = test_folder("open_folder");
    ASSERT_TRUE(make_folder(root / "shown" / "one").ok());
    ASSERT_TRUE(write_file(root / "shown" / "one" / "text", "inside").ok());
    ASSERT_TRUE(write_file(root / "secret", "outside").ok());
    ASSERT_TRUE(make_folder(root / "other").ok());
    fs::create_symlink(root / "secret", root / "shown" / "one" / "link");
    fs::create_directory_symlink(root / "other", root / "shown" / "away");
    ASSERT_EQ(::mkfifo((root / "shown" / "one" / "pipe").c_str(), 0600), 0);
    auto opened = OpenFolder::open(root / "shown");
    ASSERT_TRUE(opened.ok()) << opened.error().to_string();
    folder_.push_back(*std::move(opened));
  }
  const OpenFolder& shown() const { return folder_.front(); }
  std::vector<OpenFolder> folder_;
};

TEST_F(OpenFolderTest, WhatStandsInItIsRead) {
  auto one = shown().folder("one");
  ASSERT_TRUE(one.ok()) << one.error().to_string();
  EXPECT_EQ(*one->read("text", 100), "inside");
  EXPECT_FALSE(one->read("text", 3).ok()) << "more than the limit";
  EXPECT_TRUE(one->has("text"));
  EXPECT_FALSE(one->has("nothing"));
}

TEST_F(OpenFolderTest, AFileOfTheYear1970IsThere) {
  auto one = shown().folder("one");
  ASSERT_TRUE(one.ok()) << one.error().to_string();
  const timespec times[] = {{0, 0}, {0, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (one->path() / "text").c_str(), times, 0), 0);
  EXPECT_EQ(one->changed("text"), 0);
  EXPECT_TRUE(one->has("text"));
}

TEST_F(OpenFolderTest, NoNameLeadsOut) {
  for (const char* name : {"", ".", "..", "../secret", "one/../../secret", "/etc/passwd", "one/text", "a\nb"}) {
    EXPECT_FALSE(is_single_name(name)) << name;
    EXPECT_FALSE(shown().folder(name).ok()) << name;
    EXPECT_FALSE(shown().file(name).ok()) << name;
    EXPECT_FALSE(shown().write(name).ok()) << name;
    EXPECT_FALSE(shown().has(name)) << name;
  }
  EXPECT_FALSE(is_single_name(std::string("a\0b", 3)));
  EXPECT_FALSE(is_single_name(std::string(256, 'a')));
  EXPECT_TRUE(is_single_name("말모이 1.0"));
}

TEST_F(OpenFolderTest, LinksAndPipesAreNotFollowed) {
  EXPECT_FALSE(shown().folder("away").ok());
  auto one = shown().folder("one");
  ASSERT_TRUE(one.ok());
  EXPECT_FALSE(one->file("link").ok());
  EXPECT_FALSE(one->write("link").ok());
  EXPECT_FALSE(one->file("pipe").ok());
  EXPECT_FALSE(one->has("link"));
  EXPECT_EQ(shown().folders(10), std::vector<std::string>{"one"});
}

TEST_F(OpenFolderTest, AFileIsWrittenAnew) {
  auto one = shown().folder("one");
  ASSERT_TRUE(one.ok());
  auto fd = one->write("text");
  ASSERT_TRUE(fd.ok()) << fd.error().to_string();
  const Descriptor file(*fd);
  EXPECT_EQ(*one->read("text", 100), "");
}

}  // namespace
}  // namespace malmoi
