// Runs whose reference is asked before the first step: the losses of those that ask it all along, also gone on with.
#include "app/train/small_run.h"
#include "formats/npy.h"

namespace malmoi::app {
namespace {

class KnownReferenceRun : public SmallRun {
 protected:
  void SetUp() override {
    SmallRun::SetUp();
    train_base();
    constexpr int64_t kRows = 6, kTokens = 8;
    std::vector<int32_t> chosen, rejected;
    for (int32_t i = 0; i < kRows * kTokens; ++i) {
      chosen.push_back(3 + i * 5 % 11);
      rejected.push_back(3 + i * 7 % 11);
    }
    for (int64_t r = 0; r < kRows; ++r) {  // one prompt of two tokens
      for (int64_t t = 0; t < 2; ++t)
        rejected[static_cast<size_t>(r * kTokens + t)] = chosen[static_cast<size_t>(r * kTokens + t)];
    }
    const Path arrays = folder_ / "pairs";
    ASSERT_TRUE(make_folder(arrays).ok());
    ASSERT_TRUE(formats::write_npy(arrays / "chosen_ids.npy", {kRows, kTokens}, chosen).ok());
    ASSERT_TRUE(formats::write_npy(arrays / "rejected_ids.npy", {kRows, kTokens}, rejected).ok());
    auto lengths = [&](const char* name, int32_t length) {
      ASSERT_TRUE(
          formats::write_npy(arrays / (std::string(name) + ".npy"), {kRows}, std::vector<int32_t>(kRows, length)).ok());
    };
    lengths("prompt_len", 2);
    lengths("chosen_len", 8);
    lengths("rejected_len", 7);
  }
  std::vector<double> losses_of(const Json& objective, const std::string& out, int64_t steps, bool resume = false) {
    const std::string pairs = (folder_ / "pairs").string();
    ConfigDocument document = run_from_base(out, steps);
    document.root["objective"] = objective;
    document.root["data"] = {{"format", "arrays"}, {"train", {pairs}}, {"valid", {pairs}}};
    document.root["train"]["eval_every"] = 2;
    document.root["train"]["optimizer"] = {{"lr", 0.01}};
    if (adapter_) document.root["adapter"] = {{"r", 2}};
    std::vector<double> losses;
    for (const Json& row : metrics_of(document, resume)) {
      losses.push_back(row["loss"].get<double>());
      if (row.contains("valid_loss")) losses.push_back(row["valid_loss"].get<double>());
    }
    return losses;
  }
  void expect_near(const std::vector<double>& got, const std::vector<double>& want) {
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-4) << i;
  }
  Json objective(bool known, const std::string& reference = "") const {
    Json object = {{"name", "dpo"}, {"precompute_reference", known}};
    if (!reference.empty()) object["reference"] = reference;
    return object;
  }
  bool adapter_ = false;
};

TEST_F(KnownReferenceRun, LosesTheSame) {
  const std::vector<double> asked = losses_of(objective(false), "asked", 4);
  expect_near(losses_of(objective(true), "known", 4), asked);
  losses_of(objective(true), "parts", 2);
  expect_near(losses_of(objective(true), "parts", 4, true), asked);
  size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder_ / "parts" / "data"))
    files += file.path().extension() == ".npy";
  EXPECT_EQ(files, 1u) << "rows to train on and held-out ones are the same here, and nothing was asked again";
}

TEST_F(KnownReferenceRun, OfAnotherModelAndOfAnAdaptersBase) {
  const std::string other = (folder_ / "run" / "ema").string();
  expect_near(losses_of(objective(true, other), "other-known", 3),
              losses_of(objective(false, other), "other-asked", 3));
  adapter_ = true;
  expect_near(losses_of(objective(true), "adapter-known", 3), losses_of(objective(false), "adapter-asked", 3));
}

}  // namespace
}  // namespace malmoi::app
