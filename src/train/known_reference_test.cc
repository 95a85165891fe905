// What a reference says, asked before: the same losses and gradients, and never what it said of other rows or by other weights.
#include "train/known_reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/test_folder.h"
#include "formats/npy.h"
#include "train/tiny_models.h"

namespace malmoi::train {
namespace {

using testing::HasSubstr;

constexpr uint64_t kRowsOfTest = 5;

class ShuffledRows final : public ExampleSource {
 public:
  ShuffledRows(const ObjectiveEntry& entry, const model::Model& model, uint64_t first = 0)
      : entry_(entry), model_(model), first_(first) {}
  uint64_t size() const override { return kRowsOfTest; }
  uint64_t tokens() const override { return kRowsOfTest * 8; }
  uint64_t row_of(uint64_t n) const override { return permute(n % size(), size(), 11, n / size()); }
  void append(uint64_t n, Examples& out) const override {
    append_random_row(entry_, model_, first_ + row_of(n), 8, out);
  }

 private:
  const ObjectiveEntry& entry_;
  const model::Model& model_;
  uint64_t first_;
};

class AskedBefore : public testing::TestWithParam<const char*> {
 protected:
  AskedBefore() : entry_(objective_entry(GetParam())), folder_(test_folder(std::string("known-") + GetParam())) {}

  // A model that has moved away from its reference.
  std::unique_ptr<Trained> moved(bool known) const {
    auto trained = std::make_unique<Trained>(entry_, "llama", std::vector<std::string>{},
                                             ObjectiveConfig{.precompute_reference = known});
    move_away(*trained->model);
    return trained;
  }
  Result<ReferenceSums> ask(const Trained& trained, uint64_t first = 0, int64_t batch = 2) const {
    return know_reference(ShuffledRows(entry_, *trained.model, first),
                          {.trained = *trained.model,
                           .reference = {.model = trained.frozen.get()},
                           .batch_size = batch,
                           .arena_bytes = 64 << 20},
                          folder_, {});
  }
  StepResult step(Trained& trained, const ExampleSource& rows) const {
    constexpr double kNoRate = 0;
    // The second epoch, in another order than the reference was asked in.
    auto fill = [&](int64_t part, Examples& out) {
      for (uint64_t n = 0; n < 2; ++n) rows.append(kRowsOfTest + 2 * static_cast<uint64_t>(part) + n, out);
    };
    return trained.stepper->step(2, fill, 0, 1, kNoRate);
  }
  std::vector<Path> kept() const {
    std::vector<Path> files;
    for (const auto& file : std::filesystem::directory_iterator(folder_)) files.push_back(file.path());
    return files;
  }

  const ObjectiveEntry& entry_;
  Path folder_;
};

TEST_P(AskedBefore, GivesTheSameLossAndGradients) {
  auto asking = moved(false), knowing = moved(true);
  auto sums = ask(*knowing);
  ASSERT_TRUE(sums.ok()) << sums.error().to_string();
  const KnownReference known(std::make_unique<ShuffledRows>(entry_, *knowing->model), *sums);
  const StepResult want = step(*asking, ShuffledRows(entry_, *asking->model)), got = step(*knowing, known);
  EXPECT_NEAR(got.loss, want.loss, 1e-5 * (1 + std::abs(want.loss)));
  ASSERT_EQ(got.figures.size(), want.figures.size());
  for (size_t i = 0; i < got.figures.size(); ++i)
    EXPECT_NEAR(got.figures[i].value, want.figures[i].value, 1e-5 * (1 + std::abs(want.figures[i].value)))
        << got.figures[i].name;
  EXPECT_NEAR(got.grad_norm, want.grad_norm, 1e-4 * want.grad_norm);
  EXPECT_EQ(knowing->objective->bytes_beside(), 0u) << "nothing of it is held";
  EXPECT_GT(asking->objective->bytes_beside(), 0u);
}

TEST_P(AskedBefore, IsKeptAndReadAgain) {
  auto trained = moved(true);
  const std::vector<float> first = ask(*trained)->values;
  ASSERT_EQ(kept().size(), 1u);
  const Path file = kept()[0];
  EXPECT_EQ(ask(*trained, 0, 5)->values, first);
  std::vector<float> others(first.size(), -3.0f);
  ASSERT_TRUE(formats::write_npy(file, {static_cast<int64_t>(others.size())}, others).ok());
  EXPECT_EQ(ask(*trained)->values, others) << "it was asked again";
  ASSERT_TRUE(write_file(file, "damaged").ok());
  EXPECT_EQ(ask(*trained)->values, first);
  EXPECT_EQ(kept().size(), 1u);
}

TEST_P(AskedBefore, OtherRowsOrWeightsAreAskedAnew) {
  auto trained = moved(true);
  const std::vector<float> first = ask(*trained)->values;
  EXPECT_NE(ask(*trained, 1)->values, first);
  EXPECT_EQ(kept().size(), 2u);
  auto& entries = trained->frozen->parameters.entries();
  auto matrix = std::ranges::find_if(entries, [](const auto& entry) { return !entry->slots.empty(); });
  (*matrix)->parameter.compute.as<float>()[(*matrix)->spec.shape.columns() * 3] += 0.25f;  // of one row alone
  EXPECT_TRUE(ask(*trained).ok());
  EXPECT_EQ(kept().size(), 3u);
}

INSTANTIATE_TEST_SUITE_P(Objectives, AskedBefore, testing::Values("dpo", "ipo", "kto", "apo"));

TEST(KnownReferences, AStopLeavesNothing) {
  const ObjectiveEntry& entry = objective_entry("dpo");
  const Trained trained(entry, "llama");
  const Path folder = test_folder("known-stopped");
  StopSource stop;
  stop.request();
  auto sums = know_reference(ShuffledRows(entry, *trained.model),
                             {.trained = *trained.model, .reference = {.model = trained.frozen.get()}}, folder,
                             {.progress = {}, .message = {}, .warn = {}, .stop = stop.token()});
  ASSERT_FALSE(sums.ok());
  EXPECT_EQ(sums.error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

}  // namespace
}  // namespace malmoi::train
