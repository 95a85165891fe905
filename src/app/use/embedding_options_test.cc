// The files of sentence-transformers, and of GGUF: pooling, prompts, and what is refused.
#include "app/use/embedding_options.h"

#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "formats/gguf.h"

namespace malmoi::app {
namespace {

class EmbeddingOptionsTest : public ::testing::Test {
 protected:
  void put(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    ASSERT_TRUE(write_file(folder_ / name, text).ok());
  }
  void put_modules(const std::string& more = "") {
    put("modules.json",
        R"([{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},
            {"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"},
            {"idx":2,"name":"2","path":"2_Normalize","type":"sentence_transformers.models.Normalize"})" +
            more + "]");
  }
  Path folder_ = test_folder("embedding_options");
};

TEST_F(EmbeddingOptionsTest, AFolderThatSaysNothingGivesTheMean) {
  const auto options = embedding_options(folder_);
  ASSERT_TRUE(options.ok()) << options.error().to_string();
  EXPECT_EQ(options->pooling, infer::TextPooling::kMean);
  EXPECT_EQ(options->query_prefix, "");
}

TEST_F(EmbeddingOptionsTest, PoolingAndPromptsAreRead) {
  put_modules();
  put("config_sentence_transformers.json", R"({"prompts":{"query":"query: ","passage":"passage: "}})");
  for (const auto& [field, pooling] : {std::pair{"cls_token", infer::TextPooling::kFirst},
                                       {"mean_tokens", infer::TextPooling::kMean},
                                       {"lasttoken", infer::TextPooling::kLast}}) {
    put("1_Pooling/config.json",
        std::string(R"({"word_embedding_dimension":8,"pooling_mode_max_tokens":false,"pooling_mode_)") + field +
            "\":true}");
    const auto options = embedding_options(folder_);
    ASSERT_TRUE(options.ok()) << options.error().to_string();
    EXPECT_EQ(options->pooling, pooling) << field;
    EXPECT_EQ(options->query_prefix, "query: ");
    EXPECT_EQ(options->document_prefix, "passage: ");
  }
}

TEST_F(EmbeddingOptionsTest, AFileOfGgufSaysItByANumber) {
  auto options_of = [&](uint32_t type) {
    formats::GgufMetadata metadata;
    metadata.set_text("general.architecture", "bert");
    metadata.set_u32("bert.pooling_type", type);
    const Path file = folder_ / "model.gguf";
    EXPECT_TRUE(formats::write_gguf(file, metadata).ok());
    return embedding_options(file);
  };
  EXPECT_EQ(options_of(1)->pooling, infer::TextPooling::kMean);
  EXPECT_EQ(options_of(2)->pooling, infer::TextPooling::kFirst);
  EXPECT_EQ(options_of(3)->pooling, infer::TextPooling::kLast);
  EXPECT_EQ(options_of(4).error().code, ErrorCode::kUnsupported);
}

TEST_F(EmbeddingOptionsTest, WhatIsNotHereIsRefused) {
  put_modules();
  for (const char* modes : {R"({"pooling_mode_max_tokens":true})", "{}", "[]",
                            R"({"pooling_mode_cls_token":true,"pooling_mode_max_tokens":true})"}) {
    put("1_Pooling/config.json", modes);
    EXPECT_EQ(embedding_options(folder_).error().code, ErrorCode::kUnsupported) << modes;
  }
  put("1_Pooling/config.json", R"({"pooling_mode_cls_token":true})");
  put_modules(R"(,{"idx":3,"name":"3","path":"3_Dense","type":"sentence_transformers.models.Dense"})");
  const auto dense = embedding_options(folder_);
  ASSERT_FALSE(dense.ok());
  EXPECT_NE(dense.error().what.find("Dense"), std::string::npos);
}

}  // namespace
}  // namespace malmoi::app
