// Answers of the data beside sampled ones: what of a row becomes ids, and which rows are which.
#include "app/train/given_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "app/train/rollouts.h"
#include "app/train/small_run.h"
#include "infer/tiny_model.h"
#include "model/save.h"

namespace malmoi::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class AnswersOfTheData : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = test_folder("given_answers");
    model_ = infer::tiny_model();
    ASSERT_TRUE(model::save_model(*model_, folder_ / "base").ok());
    ASSERT_TRUE(write_file(folder_ / "base" / "tokenizer.json", infer::tiny_tokenizer_json()).ok());
    auto tokenizer = tokenizer::Tokenizer::load(folder_ / "base");
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().to_string();
    tokenizer_ = std::make_unique<tokenizer::Tokenizer>(*std::move(tokenizer));
    job_.warn = [this](const std::string& line) { warnings_.push_back(line); };
    document_.root = {
        {"objective",
         {{"name", "distillation"}, {"teacher", (folder_ / "base").string()}, {"max_tokens", 3}, {"on_policy", 0.0}}},
        {"model", {{"init_from", (folder_ / "base").string()}}},
        {"data", {{"format", "prompts"}, {"train", {(folder_ / "prompts.jsonl").string()}}, {"sequence_length", 48}}},
        {"train", {{"batch_size", 4}, {"steps", 2}, {"dtype", "f32"}}},
        {"out", (folder_ / "run").string()}};
    write_rows({{{"prompt", "ab"}, {"completion", "?!"}}});
  }
  void write_rows(const std::vector<Json>& rows) const {
    std::string lines;
    for (const Json& row : rows) lines += dump_json(row) + "\n";
    ASSERT_TRUE(write_file(folder_ / "prompts.jsonl", lines).ok());
  }
  Result<PreparedData> prepared() {
    MALMOI_ASSIGN(config_, train::parse_train_config(document_));
    return prepare_rollouts(config_, model_, *tokenizer_, job_);
  }
  std::string refusal() {
    const auto data = prepared();
    return data.ok() ? "accepted" : data.error().to_string();
  }
  // Texts of the rows, with | before what is learned and $ for the end.
  std::vector<std::string> texts(train::ExampleSource& source, uint64_t first, uint64_t count) const {
    train::Examples out;
    const Status done = source.prepare(first, count);
    EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().to_string());
    for (uint64_t n = first; done.ok() && n < first + count; ++n) source.append(n, out);
    const auto ids = out.input.batch().ids;
    std::vector<std::string> rows;
    for (const autograd::Run& run : out.input.runs()) {
      std::string& text = rows.emplace_back();
      bool learned = false;
      text += tokenizer_->decode(std::vector<int32_t>{ids[static_cast<size_t>(run.begin)]}, false);
      for (int64_t row = run.begin; row < run.begin + run.length; ++row) {
        const int32_t target = out.targets[static_cast<size_t>(row)];
        if (target >= 0 && !std::exchange(learned, true)) text += '|';
        const int32_t next = row + 1 < run.begin + run.length ? ids[static_cast<size_t>(row) + 1] : target;
        text += next == infer::kTinyEnd ? "$" : tokenizer_->decode(std::vector<int32_t>{next}, false);
      }
    }
    return rows;
  }

  Path folder_;
  ConfigDocument document_;
  train::TrainConfig config_;
  std::unique_ptr<model::Model> model_;
  std::unique_ptr<tokenizer::Tokenizer> tokenizer_;
  Job job_;
  std::vector<std::string> warnings_;
};

TEST_F(AnswersOfTheData, GoOnWithTextsAndAnswerConversations) {
  write_rows({{{"prompt", "ab"}, {"completion", "?!"}},
              {{"prompt", {{{"role", "user"}, {"content", "hi"}}}}, {"completion", "ho"}}});
  document_.root["data"]["order"] = "sequential";
  auto data = prepared();
  ASSERT_TRUE(data.ok()) << data.error().to_string();
  EXPECT_THAT(texts(*data->train, 0, 2), testing::ElementsAre("ab|?!$", "user: hi\nassistant:| ho$"));
  const std::vector<train::NamedFigure> told = data->train->told();
  ASSERT_EQ(told.size(), 1u) << "nothing was sampled";
  EXPECT_EQ(told[0], (train::NamedFigure{"on_policy", 0.0}));
  EXPECT_EQ(answers_bytes(config_, *model_), 0u);
  config_.data.valid = config_.data.train;
  EXPECT_GT(answers_bytes(config_, *model_), 0u) << "prompts that are held out are answered, too";
}

TEST_F(AnswersOfTheData, AShareOfTheRowsIsSampledByTheirNumber) {
  document_.root["objective"]["on_policy"] = 0.25;
  constexpr uint64_t kRows = 200;
  auto data = prepared();
  ASSERT_TRUE(data.ok()) << data.error().to_string();
  const std::vector<std::string> all = texts(*data->train, 0, kRows);
  const auto given = static_cast<size_t>(std::ranges::count(all, "ab|?!$"));
  EXPECT_GT(given, kRows * 65 / 100);
  EXPECT_LT(given, kRows * 85 / 100);
  std::map<std::string, double> told;
  for (const auto& [name, value] : data->train->told()) told[name] = value;
  EXPECT_EQ(told.at("on_policy"), static_cast<double>(kRows - given) / kRows);
  EXPECT_LE(told.at("answer_tokens"), 3) << "of sampled answers alone";
  auto again = prepared();
  ASSERT_TRUE(again.ok());
  const std::vector<std::string> later = texts(*again->train, 96, 40);
  EXPECT_TRUE(std::equal(later.begin(), later.end(), all.begin() + 96)) << "whatever was prepared before";
}

TEST_F(AnswersOfTheData, AreCutAndSaid) {
  write_rows({{{"prompt", "ab"}, {"completion", std::string(100, 'x')}}});
  auto data = prepared();
  ASSERT_TRUE(data.ok()) << data.error().to_string();
  EXPECT_EQ(texts(*data->train, 0, 1)[0], "ab|" + std::string(46, 'x'));
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_THAT(warnings_[0], AllOf(HasSubstr("1 answer "), HasSubstr("data.sequence_length")));
}

TEST_F(AnswersOfTheData, MustBeThere) {
  write_rows({{{"prompt", "ab"}, {"completion", "?!"}}, {{"prompt", "ab"}}});
  EXPECT_THAT(refusal(), AllOf(HasSubstr("line 2"), HasSubstr("no 'completion'"), HasSubstr("objective.on_policy")));
  document_.root["objective"]["on_policy"] = 1.0;
  EXPECT_EQ(refusal(), "accepted");
  document_.root["objective"]["on_policy"] = 1.5;
  EXPECT_THAT(refusal(), HasSubstr("objective.on_policy"));
}

}  // namespace
}  // namespace malmoi::app
