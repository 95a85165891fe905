// Evaluations from outside: ids without a tokenizer, characters that a vocabulary has not, a run's folder as a model.
#include "app/eval/eval.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/token_file.h"
#include "infer/tiny_model.h"
#include "model/save.h"

namespace malmoi::app {
namespace {

using testing::Contains;
using testing::HasSubstr;

class Evaluation : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = Path(testing::TempDir()) / "malmoi_evaluation";
    std::filesystem::remove_all(folder_);
    ASSERT_TRUE(model::save_model(*infer::tiny_model(), folder_ / "model", DType::kF32).ok());
    job_.message = [this](const std::string& line) { messages_.push_back(line); };
    job_.warn = job_.message;
  }
  void write_ids(const std::vector<int32_t>& ids) {
    auto writer = data::TokenWriter::create(folder_ / "ids.bin", 264);
    ASSERT_TRUE(writer.ok() && writer->add(ids).ok() && writer->commit().ok());
  }
  Result<EvalReport> evaluate_ids() {
    EvalOptions options{.model = (folder_ / "model").string(), .tokens = folder_ / "ids.bin", .dtype = DType::kF32};
    return evaluate(options, job_);
  }
  Result<EvalReport> evaluate_text(const Path& model, const std::string& text) {
    EXPECT_TRUE(write_file(folder_ / "text.txt", text).ok());
    return evaluate({.model = model.string(), .text = {folder_ / "text.txt"}, .dtype = DType::kF32}, job_);
  }

  Path folder_;
  Job job_;
  std::vector<std::string> messages_;
};

TEST_F(Evaluation, IdsNeedNoTokenizer) {
  write_ids({'a', 'b', 'c', 'd', infer::kTinyEnd});
  auto report = evaluate_ids();
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->perplexity.tokens, 4);
  EXPECT_TRUE(to_json(*report)["bits_per_byte"].is_null()) << "what the ids stand for is not known";

  ASSERT_TRUE(write_file(folder_ / "model" / "tokenizer.json", infer::tiny_tokenizer_json()).ok());
  auto spelled = evaluate_ids();
  ASSERT_TRUE(spelled.ok()) << spelled.error().to_string();
  EXPECT_EQ(spelled->perplexity.bytes, 3u) << "an end of text stands for no bytes";
  EXPECT_EQ(spelled->perplexity.nats, report->perplexity.nats);
}

TEST_F(Evaluation, UnknownCharactersAreSaid) {
  ASSERT_TRUE(tokenizer::Tokenizer::characters("abc \n")->save(folder_ / "model").ok());
  auto report = evaluate_text(folder_ / "model", "abc 한글 cba");
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(to_json(*report)["unknown_characters"], 2);
  EXPECT_THAT(messages_, Contains(HasSubstr("2 of 11 characters")));
}

TEST_F(Evaluation, ARunStandsForItsBestModel) {
  ASSERT_TRUE(write_file(folder_ / "model" / "tokenizer.json", infer::tiny_tokenizer_json()).ok());
  auto last = evaluate_text(folder_, "the end");
  ASSERT_TRUE(last.ok()) << last.error().to_string();
  EXPECT_THAT(messages_, Contains(HasSubstr("is a training run")));
  std::filesystem::rename(folder_ / "model", folder_ / "best");
  EXPECT_TRUE(evaluate_text(folder_, "the end").ok());
  messages_.clear();
  EXPECT_TRUE(evaluate_text(folder_ / "best", "the end").ok());
  EXPECT_TRUE(messages_.empty());

  ASSERT_TRUE(make_folder(folder_ / "work").ok());
  std::filesystem::rename(folder_ / "best", folder_ / "work" / "best");
  auto above = evaluate_text(folder_, "the end");
  ASSERT_FALSE(above.ok());
  EXPECT_THAT(above.error().to_string(), HasSubstr("did you mean " + (folder_ / "work").string()));
}

}  // namespace
}  // namespace malmoi::app
