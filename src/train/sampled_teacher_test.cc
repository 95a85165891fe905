// Draws from a teacher: right in expectation, near to the whole distribution with many, and kept for the rows and the teacher that they are of.
#include "train/sampled_teacher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "base/test_folder.h"
#include "train/full_disk.h"
#include "train/tiny_models.h"

namespace malmoi::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(DrawnTokens, AreTheProbabilitiesWhereTheseAreWholeDraws) {
  const std::vector<float> logits = {std::log(0.25f), -200, std::log(0.5f), std::log(0.25f)};
  for (double u : {0.001, 0.3, 0.999}) {
    TaughtTokens drawn;
    draw_tokens(logits, 1, 4, u, drawn);
    draw_tokens(logits, 1, 8, u, drawn);
    EXPECT_THAT(drawn.ids, ElementsAre(0, 2, 3, 0, 2, 3)) << u;
    EXPECT_THAT(drawn.shares, ElementsAre(0.25f, 0.5f, 0.25f, 0.25f, 0.5f, 0.25f)) << u;
    EXPECT_THAT(drawn.starts, ElementsAre(0, 3, 6));
    EXPECT_NEAR(drawn.known[0], 0.5 * std::log(0.5) + 0.5 * std::log(0.25), 1e-6);
  }
}

TEST(DrawnTokens, AreUnbiasedAndLessThanADrawAway) {
  constexpr double kTemperature = 1.5;
  constexpr int kDraws = 5, kTries = 2000;
  Rng rng(3);
  std::vector<float> logits;
  for (int v = 0; v < 40; ++v) logits.push_back(static_cast<float>(2 * rng.normal()));
  std::vector<double> q, mean(logits.size(), 0);
  double total = 0;
  for (float logit : logits) total += std::exp(static_cast<double>(logit) / kTemperature);
  for (float logit : logits) q.push_back(std::exp(static_cast<double>(logit) / kTemperature) / total);
  for (int t = 0; t < kTries; ++t) {
    TaughtTokens drawn;
    draw_tokens(logits, kTemperature, kDraws, (t + 0.5) / kTries, drawn);
    ASSERT_LE(drawn.ids.size(), static_cast<size_t>(kDraws));
    double whole = 0;
    for (size_t e = 0; e < drawn.ids.size(); ++e) {
      const auto id = static_cast<size_t>(drawn.ids[e]);
      whole += static_cast<double>(drawn.shares[e]);
      mean[id] += static_cast<double>(drawn.shares[e]) / kTries;
      ASSERT_LT(std::abs(static_cast<double>(drawn.shares[e]) - q[id]), 1.0 / kDraws + 1e-6);
    }
    ASSERT_NEAR(whole, 1, 1e-6);
  }
  for (size_t v = 0; v < q.size(); ++v) EXPECT_NEAR(mean[v], q[v], 1e-3) << v;
}

TEST(DrawnTokens, OfNoNumbersAreNone) {
  TaughtTokens drawn;
  draw_tokens(std::vector<float>{1, NAN, 2}, 1, 4, 0.5, drawn);
  ASSERT_EQ(drawn.ids.size(), 1u);
  EXPECT_TRUE(std::isnan(drawn.known[0]));
}

constexpr uint64_t kTaughtRows = 6;

class RandomRows final : public ExampleSource {
 public:
  RandomRows(const model::Model& model, uint64_t first = 0) : model_(model), first_(first) {}
  uint64_t size() const override { return kTaughtRows; }
  uint64_t tokens() const override { return kTaughtRows * 8; }
  uint64_t row_of(uint64_t n) const override { return permute(n % size(), size(), 11, n / size()); }
  void append(uint64_t n, Examples& out) const override {
    append_random_row(objective_entry("distillation"), model_, first_ + row_of(n), 8, out);
  }

 private:
  const model::Model& model_;
  uint64_t first_;
};

class AskedTeacher : public testing::Test {
 protected:
  static std::unique_ptr<Trained> student(int64_t samples) {
    const ObjectiveConfig options{.distillation = {.alpha = 0.25, .temperature = 1.5, .samples = samples}};
    return std::make_unique<Trained>(objective_entry("distillation"), "llama", std::vector<std::string>{}, options);
  }
  Result<TaughtFile> ask(const Trained& trained, int64_t samples, uint64_t first = 0, int64_t batch = 2,
                         uint64_t seed = 1) {
    return know_teacher(RandomRows(*trained.model, first),
                        {.trained = *trained.model,
                         .reference = {.model = trained.frozen.get()},
                         .batch_size = batch,
                         .arena_bytes = 64 << 20},
                        {.samples = samples, .temperature = 1.5, .seed = seed}, folder_, job_);
  }
  std::vector<Path> kept() const {
    std::vector<Path> files;
    for (const auto& file : std::filesystem::directory_iterator(folder_)) files.push_back(file.path());
    return files;
  }
  // Of the second epoch, in another order than the teacher was asked in.
  static StepResult step(Trained& trained, const ExampleSource& rows) {
    auto fill = [&](int64_t part, Examples& out) {
      for (uint64_t n = 0; n < kTaughtRows / 2; ++n)
        rows.append(kTaughtRows + kTaughtRows / 2 * static_cast<uint64_t>(part) + n, out);
    };
    return trained.stepper->step(2, fill, 0, 1, 0);
  }
  StepResult sampled_step(int64_t samples, uint64_t seed = 1) {
    const auto trained = student(samples);
    auto taught = ask(*trained, samples, 0, 2, seed);
    EXPECT_TRUE(taught.ok()) << taught.error().to_string();
    return step(*trained, SampledTeacher(std::make_unique<RandomRows>(*trained->model), *std::move(taught)));
  }

  Path folder_ = test_folder("sampled_teacher");
  std::vector<std::string> warnings_;
  Job job_{.progress = {}, .message = {}, .warn = [this](const std::string& line) { warnings_.push_back(line); }};
};

TEST_F(AskedTeacher, ManyDrawsTeachWhatTheTeacherTeachesLive) {
  const auto live = student(0);
  const StepResult want = step(*live, RandomRows(*live->model)), got = sampled_step(kMostSamples);
  EXPECT_NEAR(got.loss, want.loss, 2e-3 * want.loss);
  EXPECT_NEAR(got.grad_norm, want.grad_norm, 2e-2 * want.grad_norm);
  ASSERT_EQ(got.figures.size(), want.figures.size());
  for (size_t i = 0; i < got.figures.size(); ++i) EXPECT_EQ(got.figures[i].name, want.figures[i].name);
  const auto known = student(8);
  EXPECT_EQ(known->objective->bytes_beside(), 0u) << "the teacher is let go";
  EXPECT_GT(live->objective->bytes_beside(), 0u);
  EXPECT_EQ(known->objective->bytes_asked_before(), live->objective->bytes_beside());
  EXPECT_EQ(live->objective->bytes_asked_before(), 0u);
}

TEST_F(AskedTeacher, FewDrawsTeachTheSameInExpectation) {
  const auto live = student(0);
  const double want = step(*live, RandomRows(*live->model)).loss;
  constexpr uint64_t kSeeds = 40;
  double mean = 0, squares = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const double loss = sampled_step(4, seed).loss;
    mean += loss / kSeeds;
    squares += loss * loss / kSeeds;
  }
  const double deviation = std::sqrt(std::max(squares - mean * mean, 0.0));
  EXPECT_GT(deviation, 0) << "other draws";
  EXPECT_NEAR(mean, want, 4 * deviation / std::sqrt(static_cast<double>(kSeeds)) + 1e-6);
}

TEST_F(AskedTeacher, IsKeptAndReadAgain) {
  const auto trained = student(5);
  ASSERT_TRUE(ask(*trained, 5).ok());
  ASSERT_EQ(kept().size(), 1u);
  const Path file = kept()[0];
  const std::string first = *read_file(file);
  ASSERT_TRUE(ask(*trained, 5, 0, 4).ok()) << "other parts, the same draws";
  EXPECT_EQ(kept().size(), 1u);
  EXPECT_TRUE(warnings_.empty());
  for (const std::string& damaged :
       {std::string("damaged"), first.substr(0, first.size() - 4), std::string(8, '\xFF') + first.substr(8)}) {
    ASSERT_TRUE(write_file(file, damaged).ok());
    EXPECT_FALSE(TaughtFile::open(file, kTaughtRows, 5, trained->model->vocab_size()).ok());
    ASSERT_TRUE(ask(*trained, 5).ok());
    EXPECT_EQ(*read_file(file), first);
  }
  ASSERT_EQ(warnings_.size(), 3u);
  EXPECT_THAT(warnings_[0], HasSubstr("asked again"));
}

TEST_F(AskedTeacher, NoBitOfTheFileMayBeAnother) {
  const auto trained = student(5);
  ASSERT_TRUE(ask(*trained, 5).ok());
  ASSERT_EQ(kept().size(), 1u);
  const std::string whole = *read_file(kept()[0]);
  const Path copy = folder_ / "copy.draws";
  const auto opens = [&](const std::string& bytes) {
    std::ofstream(copy, std::ios::binary) << bytes;  // without waiting for the disk
    return TaughtFile::open(copy, kTaughtRows, 5, trained->model->vocab_size()).ok();
  };
  EXPECT_TRUE(opens(whole));
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
    EXPECT_FALSE(opens(damaged)) << "byte " << at << " of " << whole.size();
  }
}

TEST_F(AskedTeacher, OtherRowsWeightsOrOptionsAreAskedAnew) {
  const auto trained = student(5);
  ASSERT_TRUE(ask(*trained, 5).ok());
  ASSERT_TRUE(ask(*trained, 5, 1).ok());
  EXPECT_EQ(kept().size(), 2u);
  ASSERT_TRUE(ask(*trained, 6).ok());
  ASSERT_TRUE(ask(*trained, 5, 0, 2, 9).ok());
  EXPECT_EQ(kept().size(), 4u);
  move_away(*trained->frozen);
  ASSERT_TRUE(ask(*trained, 5).ok());
  EXPECT_EQ(kept().size(), 5u);
}

TEST_F(AskedTeacher, AFullDiskIsSaidAndLeavesNothing) {
  const auto trained = student(5);
  {
    const FullDisk full(64);
    const auto asked = ask(*trained, 5);
    ASSERT_FALSE(asked.ok());
    EXPECT_THAT(asked.error().to_string(), HasSubstr(".draws"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  EXPECT_TRUE(ask(*trained, 5).ok());
}

TEST_F(AskedTeacher, AStopLeavesNothing) {
  StopSource stop;
  stop.request();
  job_.stop = stop.token();
  const auto stopped = ask(*student(5), 5);
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

}  // namespace
}  // namespace malmoi::train
