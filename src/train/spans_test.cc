// Tests of corrupted spans: how much is cut out, that nothing is lost, and that it follows from the example's number.
#include "train/spans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace malmoi::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int32_t kEnd = 1, kFirstSentinel = 900;

TokenRules rules_of(int32_t sentinels = 100) {
  TokenRules rules{.vocab_size = 1000};
  for (int32_t i = 0; i < sentinels; ++i) rules.sentinels.push_back(kFirstSentinel + i);
  rules.end_id = kEnd;
  rules.decoder_start_token_id = 0;
  return rules;
}

std::vector<int32_t> text_of(size_t length) {
  std::vector<int32_t> text(length);
  std::iota(text.begin(), text.end(), 2);
  return text;
}

bool is_sentinel(int32_t id) { return id >= kFirstSentinel; }

// The text again: each sentinel of the input replaced by what follows it in the output.
std::vector<int32_t> restored(const CorruptedText& corrupted) {
  std::vector<int32_t> text;
  for (int32_t id : corrupted.input) {
    if (!is_sentinel(id)) {
      text.push_back(id);
      continue;
    }
    auto at = std::find(corrupted.output.begin(), corrupted.output.end(), id) + 1;
    for (; !is_sentinel(*at) && *at != kEnd; ++at) text.push_back(*at);
  }
  text.pop_back();  // the end
  return text;
}

TEST(Spans, NothingIsLostAndSharesAreThoseAskedFor) {
  Rng rng(1);
  double spans = 0, noise = 0;
  for (size_t length : {2u, 3u, 7u, 100u, 512u}) {
    const std::vector<int32_t> text = text_of(length);
    const CorruptedText out = corrupt_spans(text, {}, rules_of(), rng);
    EXPECT_EQ(restored(out), text);
    const SpanCounts counts = count_spans(static_cast<int64_t>(length), {}, 100);
    EXPECT_EQ(out.input.size(), length - static_cast<size_t>(counts.noise - counts.spans) + 1);
    EXPECT_EQ(out.output.size(), static_cast<size_t>(counts.noise + counts.spans) + 1);
    EXPECT_EQ(out.input.back(), kEnd);
    EXPECT_EQ(out.output.back(), kEnd);
    EXPECT_EQ(out.output.front(), kFirstSentinel);
    EXPECT_FALSE(is_sentinel(out.input.front())) << "a text begins with what stays";
    spans = static_cast<double>(counts.spans);
    noise = static_cast<double>(counts.noise);
  }
  EXPECT_NEAR(noise / 512, 0.15, 0.001);
  EXPECT_NEAR(noise / spans, 3, 0.1);
}

TEST(Spans, EveryPlaceIsCutOutAsOften) {
  constexpr int kTimes = 4000;
  std::vector<int> cut(20, 0);
  for (uint64_t n = 0; n < kTimes; ++n) {
    Rng rng(7, n);
    for (int32_t id : corrupt_spans(text_of(20), {.noise_density = 0.3, .mean_span = 2}, rules_of(), rng).output) {
      if (id != kEnd && !is_sentinel(id)) ++cut[static_cast<size_t>(id - 2)];
    }
  }
  EXPECT_EQ(cut[0], 0) << "the first token always stays";
  EXPECT_GT(cut[19], kTimes / 4) << "the last is always cut out, as the reference has it";
  for (size_t i = 4; i < 16; ++i) EXPECT_NEAR(cut[i], kTimes * 0.3, kTimes * 0.1) << i;
}

TEST(Spans, FewSentinelsMakeFewSpans) {
  Rng rng(1);
  const CorruptedText out = corrupt_spans(text_of(300), {}, rules_of(2), rng);
  EXPECT_EQ(std::count_if(out.input.begin(), out.input.end(), is_sentinel), 2);
  EXPECT_EQ(restored(out), text_of(300));
}

class Documents final : public ExampleSource {
 public:
  explicit Documents(std::vector<std::vector<int32_t>> documents) : documents_(std::move(documents)) {}
  uint64_t size() const override { return 1; }
  uint64_t tokens() const override { return 1; }
  void append(uint64_t, Examples& out) const override {
    for (const auto& document : documents_) out.input.add(document);
  }

 private:
  std::vector<std::vector<int32_t>> documents_;
};

std::unique_ptr<ExampleSource> corrupted(std::vector<std::vector<int32_t>> documents, int64_t room) {
  auto made = corrupt_sequences(std::make_unique<Documents>(std::move(documents)), rules_of(), {}, 5, room);
  EXPECT_TRUE(made.ok()) << made.error().to_string();
  return std::move(*made);
}

TEST(Spans, FollowFromTheNumberAlone) {
  auto source = corrupted({text_of(200)}, 300);
  Examples first, again, other;
  source->append(3, first);
  source->append(3, again);
  source->append(4, other);
  EXPECT_EQ(first.targets, again.targets);
  EXPECT_THAT(std::vector<int32_t>(first.input.batch().ids.begin(), first.input.batch().ids.end()),
              testing::ElementsAreArray(again.input.batch().ids));
  EXPECT_NE(first.targets, other.targets);
}

TEST(Spans, EachDocumentIsATextAndTheDecoderReadsItsOutputMovedRight) {
  std::vector<int32_t> ended = text_of(9);
  ended.push_back(kEnd);
  auto source = corrupted({ended, {50}, text_of(30)}, 64);
  Examples out;
  source->append(0, out);
  const nn::Batch input = out.input.batch(), decoder = out.decoder.batch();
  ASSERT_EQ(input.runs.size(), 2u) << "of one token nothing can be cut out";
  ASSERT_EQ(decoder.runs.size(), 2u);
  EXPECT_EQ(std::count(input.ids.begin(), input.ids.end(), kEnd), 2) << "an end that stood there is the text's";
  ASSERT_EQ(decoder.rows(), static_cast<int64_t>(out.targets.size()));
  for (const autograd::Run& run : decoder.runs) {
    EXPECT_EQ(decoder.ids[static_cast<size_t>(run.begin)], 0);
    for (int64_t row = run.begin + 1; row < run.begin + run.length; ++row)
      EXPECT_EQ(decoder.ids[static_cast<size_t>(row)], out.targets[static_cast<size_t>(row - 1)]);
  }
}

TEST(Spans, AnExampleKeepsItsRoom) {
  for (int64_t room : {3, 8, 20, 64}) {
    auto source = corrupted({text_of(12), text_of(2), text_of(40), text_of(3)}, room);
    for (uint64_t n = 0; n < 20; ++n) {
      Examples out;
      source->append(n, out);
      EXPECT_LE(out.input.rows(), room);
      EXPECT_LE(out.decoder.rows(), room);
    }
  }
}

TEST(Spans, AVocabularyWithoutSentinelsOrAnEndIsRefused) {
  auto told = [](TokenRules rules) {
    auto made =
        corrupt_sequences(std::make_unique<Documents>(std::vector<std::vector<int32_t>>{{2, 3}}), rules, {}, 1, 8);
    return made.ok() ? "accepted" : made.error().to_string();
  };
  EXPECT_THAT(told(rules_of(0)), HasSubstr("<extra_id_0>"));
  TokenRules endless = rules_of();
  endless.end_id.reset();
  EXPECT_THAT(told(endless), HasSubstr("no end of text"));
}

}  // namespace
}  // namespace malmoi::train
