// Examples of two corpora: how often each comes, in what order, and what a configuration may say of it.
#include "train/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/config.h"

namespace malmoi::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Example n is the number `first` + n.
class Numbers final : public ExampleSource {
 public:
  Numbers(uint64_t size, int32_t first) : size_(size), first_(first) {}
  uint64_t size() const override { return size_; }
  uint64_t tokens() const override { return 10 * size_; }
  void append(uint64_t n, Examples& out) const override { out.targets.push_back(first_ + static_cast<int32_t>(n)); }

 private:
  uint64_t size_;
  int32_t first_;
};

ReplaySource mixed(uint64_t own, uint64_t replayed, double share) {
  return {std::make_unique<Numbers>(own, 0), std::make_unique<Numbers>(replayed, 1000), share};
}

TEST(Replay, EachSourceComesInItsOwnOrder) {
  const ReplaySource source = mixed(6, 2, 0.25);
  Examples out;
  for (uint64_t n = 0; n < 12; ++n) source.append(n, out);
  EXPECT_THAT(out.targets, ElementsAre(0, 1, 2, 1000, 3, 4, 5, 1001, 6, 7, 8, 1002));
  Examples alone;
  source.append(7, alone);
  EXPECT_THAT(alone.targets, ElementsAre(1001)) << "a function of its number";
}

TEST(Replay, AnEpochIsOneOfTheOwnCorpus) {
  for (double share : {0.001, 0.1, 0.25, 1.0 / 3, 0.5, 0.9}) {
    for (uint64_t own : {1u, 7u, 100u, 12345u}) {
      const ReplaySource source = mixed(own, 5, share);
      EXPECT_EQ(source.size() - replayed_before(source.size(), share), own) << share;
      EXPECT_LT(source.size() - 1 - replayed_before(source.size() - 1, share), own) << share;
      EXPECT_NEAR(static_cast<double>(replayed_before(source.size(), share)),
                  share * static_cast<double>(source.size()), 1);
    }
  }
  EXPECT_EQ(mixed(90, 5, 0.1).tokens(), 990u) << "99 examples, of which 9 are replayed";
}

TEST(Replay, StepsHaveEquallyMany) {
  for (uint64_t step = 0; step < 1000; ++step) {
    const uint64_t in_step = replayed_before(16 * (step + 1), 0.3) - replayed_before(16 * step, 0.3);
    EXPECT_GE(in_step, 4u);
    EXPECT_LE(in_step, 5u);
  }
  EXPECT_EQ(replayed_before(uint64_t{1} << 40, 0.5), uint64_t{1} << 39);
}

std::string refusal(const std::string& data, const std::string& more = "tokenizer: t\n") {
  auto document = parse_config(
      "model: {architecture: llama}\ntrain: {steps: 1}\nout: y\n" + more + "data: {train: [x], " + data + "}\n",
      "c.yaml");
  if (!document.ok()) return document.error().to_string();
  auto config = parse_train_config(*document);
  return config.ok() ? "accepted" : config.error().to_string();
}

TEST(ReplayConfig, WhatDoesNotGoTogetherIsNamed) {
  EXPECT_EQ(refusal("replay: {train: [old], valid: [held], share: 0.2}"), "accepted");
  EXPECT_EQ(refusal("format: ids, replay: {train: [old]}"), "accepted");
  EXPECT_THAT(refusal("replay: {share: 0.2}"), HasSubstr("replay.train"));
  EXPECT_THAT(refusal("replay: {train: [old], share: 1}"), HasSubstr("replay.share"));
  EXPECT_THAT(refusal("replay: {train: [old], part: 1}"), HasSubstr("part"));
  EXPECT_THAT(refusal("order: streams, replay: {train: [old]}"), HasSubstr("stands beside order: streams"));
  EXPECT_THAT(refusal("replay: {train: [old]}", "tokenizer: {type: char}\n"), HasSubstr("vocabulary of characters"));
  EXPECT_THAT(refusal("format: chat, replay: {train: [old]}", "tokenizer: t\nobjective: {name: sft}\n"),
              HasSubstr("belongs to format: text and ids"));
}

}  // namespace
}  // namespace malmoi::train
