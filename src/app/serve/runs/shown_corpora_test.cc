// Corpora as the server shows them, over what `malmoi data build` writes.
#include "app/serve/runs/shown_corpora.h"

#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "formats/zstd_stream.h"

namespace malmoi::app {
namespace {

using serve::DocumentQuery;

class ShownCorporaTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = test_folder("shown_corpora");
    const Path corpus = root_ / "data" / "small";
    ASSERT_TRUE(make_folder(corpus).ok());
    write("manifest.json",
          R"({"format":"malmoi-corpus","documents":3,"text_bytes":12,"languages":{"ko":{"documents":3}},)"
          R"("shards":[{"file":"train-0.jsonl.zst","split":"train"}]})");
    write("report.json", R"({"dropped":{"min_characters":2}})");
    write("DATACARD.md", "# Data card");
    write_zstd(
        "train-0.jsonl.zst",
        "{\"id\":\"a\",\"text\":\"one\"}\n{\"id\":\"b\",\"text\":\"two\"}\n{\"id\":\"bc\",\"text\":\"three\"}\n");
    write_zstd(
        "events.jsonl.zst",
        "{\"id\":\"x\",\"dropped\":\"min_characters\",\"detail\":\"2 < 20\"}\n{\"id\":\"a\",\"changed\":\"pii\"}\n"
        "{\"id\":\"y\",\"dropped\":\"min_characters\"}\n");
    ASSERT_TRUE(write_file(root_ / "secret", "{\"id\":\"secret\",\"text\":\"no\"}\n").ok());
    auto opened = ShownCorpora::open(root_ / "data");
    ASSERT_TRUE(opened.ok());
    corpora_ = *std::move(opened);
  }
  void write(const std::string& file, const std::string& text) {
    ASSERT_TRUE(write_file(root_ / "data" / "small" / file, text).ok());
  }
  void write_zstd(const std::string& file, const std::string& text) { write(file, formats::zstd_compress(text)); }
  Json documents(const DocumentQuery& query) {
    const protocol::Reply reply = corpora_->documents("small", query);
    const Json* json = std::get_if<Json>(&reply);
    if (json) return *json;
    return {{"failed", std::get<protocol::ApiError>(reply).message}};
  }

  Path root_;
  std::unique_ptr<ShownCorpora> corpora_;
};

TEST_F(ShownCorporaTest, TheListTheReportAndTheCard) {
  const Json list = std::get<Json>(corpora_->list());
  ASSERT_EQ(list["corpora"].size(), 1u);
  EXPECT_EQ(list["corpora"][0]["name"], "small");
  EXPECT_EQ(list["corpora"][0]["documents"], 3);
  const Json shown = std::get<Json>(corpora_->show("small"));
  EXPECT_EQ(shown["report"]["dropped"]["min_characters"], 2);
  EXPECT_EQ(shown["card_text"], "# Data card");
  for (const char* name : {"..", "", "small/..", "nothing"})
    EXPECT_EQ(std::get<protocol::ApiError>(corpora_->show(name)).status, 404) << name;
}

TEST_F(ShownCorporaTest, WhatWasDroppedAndWhy) {
  const Json all = documents({.kept = false});
  ASSERT_EQ(all["documents"].size(), 3u) << all;
  EXPECT_EQ(all["documents"][0]["detail"], "2 < 20");
  EXPECT_EQ(all["documents"][1]["dropped"], false);
  EXPECT_EQ(all["next_offset"], nullptr);
  const Json page = documents({.kept = false, .reason = "min_characters", .limit = 1});
  EXPECT_EQ(page["documents"].size(), 1u);
  EXPECT_EQ(page["next_offset"], 1);
  EXPECT_EQ(documents({.kept = false, .reason = "min_characters", .offset = 1})["documents"][0]["id"], "y");
}

TEST_F(ShownCorporaTest, DocumentsAreReadFromItsOwnShardsAlone) {
  EXPECT_EQ(documents({.limit = 2})["documents"][1]["text"], "two");
  EXPECT_EQ(documents({.find = "c", .limit = 1})["documents"][0]["id"], "bc");
  EXPECT_EQ(documents({})["documents"].size(), 3u);
  write("manifest.json", R"({"format":"malmoi-corpus","shards":[{"file":"../../secret","split":"train"}]})");
  const Json beyond = documents({});
  EXPECT_TRUE(beyond.contains("failed")) << "a shard that lies elsewhere is not opened: " << beyond;
}

TEST_F(ShownCorporaTest, ShardsBehindAFullPageAreNotOpened) {
  write(
      "manifest.json",
      R"({"format":"malmoi-corpus","shards":[{"file":"train-0.jsonl.zst","split":"train"},{"file":"gone","split":"a"}]})");
  const Json page = documents({.limit = 2});
  EXPECT_EQ(page["documents"].size(), 2u) << page;
  EXPECT_EQ(page["next_offset"], 2);
  EXPECT_TRUE(documents({}).contains("failed"));
}

TEST_F(ShownCorporaTest, ADamagedFileIsAnErrorWithoutItsPath) {
  write("events.jsonl.zst", formats::zstd_compress("{\"id\":\"x\",\"dropped\":\"y\"}\n").substr(0, 20));
  const Json failed = documents({.kept = false});
  ASSERT_TRUE(failed.contains("failed")) << failed;
  EXPECT_EQ(failed["failed"].get<std::string>().find("/proc"), std::string::npos);
}

}  // namespace
}  // namespace malmoi::app
