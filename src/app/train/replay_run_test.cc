// Runs that go on on another corpus and replay the first: both losses are told, and a run that is stopped goes on the same.
#include "app/train/small_run.h"

namespace malmoi::app {
namespace {

class ReplayRun : public SmallRun {
 protected:
  void SetUp() override {
    SmallRun::SetUp();
    train_base();
    std::string text;
    for (int i = 0; i < 40; ++i) text += "lazy dogs jump quick. over the brown fox the jug. ";
    ASSERT_TRUE(write_file(folder_ / "new.txt", text).ok());
  }
  std::vector<Json> metrics_of(const std::string& out, int64_t steps, bool replays, bool resume = false) const {
    const std::string old = (folder_ / "text.txt").string();
    ConfigDocument document = run_from_base(out, steps);
    document.root["data"] = {
        {"train", {(folder_ / "new.txt").string()}}, {"valid_fraction", 0.2}, {"sequence_length", 16}};
    document.root["train"]["eval_every"] = 2;
    if (replays) document.root["data"]["replay"] = {{"train", {old}}, {"valid", {old}}, {"share", 0.5}};
    return SmallRun::metrics_of(document, resume);
  }
};

TEST_F(ReplayRun, TellsBothLossesAndGoesOnTheSame) {
  const std::vector<Json> whole = metrics_of("whole", 4, true), plain = metrics_of("plain", 4, false);
  ASSERT_EQ(whole.size(), 4u);
  EXPECT_NE(whole[0]["loss"], plain[0]["loss"]) << "half of the step is of the other corpus";
  EXPECT_TRUE(whole[1].contains("valid_loss"));
  EXPECT_TRUE(whole[1].contains("valid_replay_loss"));
  EXPECT_NE(whole[1]["valid_loss"], whole[1]["valid_replay_loss"]);
  EXPECT_FALSE(whole[0].contains("valid_replay_loss") || plain[1].contains("valid_replay_loss"));
  metrics_of("parts", 2, true);
  const std::vector<Json> parts = metrics_of("parts", 4, true, true);
  ASSERT_EQ(parts.size(), whole.size());
  for (size_t s = 0; s < whole.size(); ++s) EXPECT_EQ(parts[s]["loss"], whole[s]["loss"]) << s;
  EXPECT_TRUE(malmoi::exists(folder_ / "whole" / "replay" / "train.bin"));
}

}  // namespace
}  // namespace malmoi::app
