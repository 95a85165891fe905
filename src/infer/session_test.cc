// Passes of a session: in one or in pieces, from forks, of encoders and encoder-decoders; what is refused; the memory that
// states may take where nobody says.
#include "infer/session.h"

#include <gtest/gtest.h>

#include <cmath>

#include "infer/sampling.h"
#include "infer/state_budget.h"
#include "infer/tiny_model.h"

namespace malmoi::infer {
namespace {

constexpr size_t kVocab = 264;

std::unique_ptr<Session> session_of(const model::Model& model, const SessionOptions& options = {}) {
  auto session = Session::create(model, options);
  EXPECT_TRUE(session.ok()) << session.error().to_string();
  return *std::move(session);
}

std::vector<int32_t> some_ids(int32_t n) {
  std::vector<int32_t> ids;
  for (int32_t i = 0; i < n; ++i) ids.push_back((31 * i + 5) % 250);
  return ids;
}

std::vector<float> logits_of(Session& session) {
  auto logits = session.logits();
  EXPECT_TRUE(logits.ok()) << logits.error().to_string();
  return {logits->begin(), logits->end()};
}

void expect_same_logits(std::span<const float> a, std::span<const float> b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-4) << i;
}

TEST(Session, PiecesGiveWhatOnePassGives) {
  for (auto& model : {tiny_model(), tiny_window_model(9)}) {
    auto session = session_of(*model);
    std::vector<int32_t> ids = some_ids(70);
    session->add({.ids = ids}, 70);
    std::vector<float> whole = logits_of(*session);
    ASSERT_EQ(whole.size(), 70 * kVocab);
    nn::SequenceState state = *session->open();
    for (int64_t done = 0; done < 70;) {
      int64_t n = std::min<int64_t>(done == 0 ? 33 : 9, 70 - done), wanted = std::min<int64_t>(n, 4);
      session->append(state, std::span(ids).subspan(static_cast<size_t>(done), static_cast<size_t>(n)), wanted);
      done += n;
      std::vector<float> got = logits_of(*session);
      expect_same_logits(got, std::span(whole).subspan(static_cast<size_t>(done - wanted) * kVocab, got.size()));
      EXPECT_EQ(state.length(), done);
    }
  }
}

TEST(Session, WhatIsForgottenIsNotRead) {
  auto model = tiny_model();
  auto session = session_of(*model);
  std::vector<int32_t> ids = some_ids(9), others = some_ids(4);
  session->add({.ids = ids}, 1);
  std::vector<float> whole = logits_of(*session);
  {
    nn::SequenceState gone = *session->open();
    session->append(gone, others, 2);
    session->forget();
  }
  nn::SequenceState state = *session->open();
  session->append(state, ids, 1);
  expect_same_logits(logits_of(*session), whole);
}

TEST(Session, ForksGoOnApart) {
  auto model = tiny_model();
  auto session = session_of(*model);
  std::vector<int32_t> ids = some_ids(40), other = some_ids(40);
  for (size_t i = 20; i < 40; ++i) other[i] += 3;
  nn::SequenceState first = *session->open();
  session->append(first, std::span(ids).first(20), 0);
  EXPECT_TRUE(logits_of(*session).empty());
  nn::SequenceState second = *first.fork();
  session->append(first, std::span(ids).subspan(20));
  session->append(second, std::span(other).subspan(20));
  std::vector<float> both = logits_of(*session);
  session->add({.ids = ids}, 1);
  session->add({.ids = other}, 1);
  expect_same_logits(both, logits_of(*session));
}

TEST(Session, WithoutRoomNothingIsReadAndTheNextPassIsClean) {
  auto model = tiny_model();
  auto session = session_of(*model, {.state_bytes = 16384});  // two pages of each layer
  nn::SequenceState first = *session->open(), second = *session->open();
  session->append(first, some_ids(20));
  logits_of(*session);
  session->append(first, some_ids(5));
  session->append(second, some_ids(60));
  auto failed = session->logits();
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, ErrorCode::kOutOfMemory);
  EXPECT_EQ(first.length(), 20);
  EXPECT_EQ(second.length(), 0);
  session->append(first, some_ids(5));
  EXPECT_EQ(logits_of(*session).size(), kVocab);
  EXPECT_EQ(first.length(), 25);
}

TEST(Session, AnEncoderReadsTextsWhole) {
  auto model = tiny_encoder();
  auto session = session_of(*model);
  std::vector<int32_t> ids = some_ids(12), mask(12, 1);
  session->add({.ids = ids}, 12);
  EXPECT_EQ(logits_of(*session).size(), 12 * kVocab);
  session->add({.ids = std::span(ids).first(7)}, 0);
  std::vector<float> brief = *session->hidden();
  ASSERT_EQ(brief.size(), 7u * 32);
  for (size_t i = 7; i < 12; ++i) mask[i] = 0;  // padding behind a text changes nothing of it
  session->add({.ids = ids, .mask = mask}, 0);
  std::vector<float> padded = *session->hidden();
  expect_same_logits(brief, std::span(padded).first(brief.size()));
  auto state = session->open();
  ASSERT_FALSE(state.ok());
  EXPECT_EQ(state.error().code, ErrorCode::kUsage);
}

TEST(Session, AClassifierGivesARowOfLabelsForEachText) {
  auto model = tiny_encoder(model::Task::kClassification);
  auto session = session_of(*model);
  session->add({.ids = some_ids(12)}, 1);
  session->add({.ids = some_ids(5)}, 1);
  EXPECT_EQ(logits_of(*session).size(), 2u * 3);
}

// The last token that is no padding counts: by the mask, and by the id of padding, wherever the padding stands.
TEST(Session, ADecoderScoresATextByItsLastToken) {
  constexpr int32_t kPad = 255;
  auto model = tiny_scorer(kPad);
  auto session = session_of(*model);
  auto scores = [&](const std::vector<nn::RunInput>& texts) {
    for (const nn::RunInput& text : texts) session->add(text, 1);
    return logits_of(*session);
  };
  const std::vector<int32_t> ids = some_ids(12), other = some_ids(5), nothing(4, kPad);
  std::vector<int32_t> longer = ids, ended = ids, before(3, kPad), mask(15, 1), mask_before(15, 1);
  longer.insert(longer.end(), {9, 8, 7});
  ended.insert(ended.end(), 3, kPad);
  before.insert(before.end(), ids.begin(), ids.end());
  std::fill(mask.end() - 3, mask.end(), 0);
  std::fill_n(mask_before.begin(), 3, 0);
  std::vector<int32_t> positions(3, 0);
  for (int32_t i = 0; i < 12; ++i) positions.push_back(i);
  const std::vector<float> alone = scores({{.ids = ids}}), one = scores({{.ids = std::span(ids).first(11)}});
  ASSERT_EQ(alone.size(), 1u);
  EXPECT_GT(std::abs(alone[0] - one[0]), 1e-3);
  expect_same_logits(scores({{.ids = longer, .mask = mask}}), alone);
  expect_same_logits(scores({{.ids = ended}}), alone);
  expect_same_logits(scores({{.ids = before, .positions = positions, .mask = mask_before}}), alone);
  const std::vector<float> packed = scores({{.ids = other}, {.ids = ended}, {.ids = nothing}, {.ids = ids}});
  ASSERT_EQ(packed.size(), 4u) << "a row for each text of the pass";
  EXPECT_NEAR(packed[1], alone[0], 1e-4);
  EXPECT_NEAR(packed[3], alone[0], 1e-4);
  EXPECT_NEAR(packed[2], scores({{.ids = std::span(nothing).first(1)}})[0], 1e-4) << "the first of nothing but padding";
  EXPECT_GT(std::abs(packed[0] - alone[0]), 1e-3);
}

TEST(Session, ASourceInTheStateIsTheSourceOfThePass) {
  auto model = tiny_encoder_decoder();
  auto session = session_of(*model);
  std::vector<int32_t> source = some_ids(45), answer = some_ids(10);
  nn::RunInput run{.ids = source};
  session->add({.ids = answer}, 10, &run);
  std::vector<float> whole = logits_of(*session);
  nn::SequenceState state = *session->open();
  ASSERT_TRUE(session->read_source(state, source).ok());
  nn::SequenceState fork = *state.fork();
  session->append(state, std::span(answer).first(6), 6);
  expect_same_logits(logits_of(*session), std::span(whole).first(6 * kVocab));
  session->append(fork, answer, 10);
  expect_same_logits(logits_of(*session), whole);
}

TEST(Session, WhatAModelCannotDoIsSaidInOneLine) {
  auto decoder = tiny_model(), encoder = tiny_encoder(), labels = tiny_encoder(model::Task::kClassification),
       pair = tiny_encoder_decoder();
  EXPECT_TRUE(check_generates(*decoder).ok());
  EXPECT_TRUE(check_generates(*pair).ok());
  EXPECT_TRUE(check_continues(*decoder).ok());
  EXPECT_TRUE(check_classifies(*labels).ok());
  for (const Status& status : {check_generates(*encoder), check_generates(*labels), check_continues(*pair),
                               check_continues(*encoder), check_classifies(*decoder), check_classifies(*encoder)}) {
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kUsage);
    EXPECT_FALSE(status.error().what.empty() || status.error().where.empty() || status.error().remedy.empty());
    EXPECT_EQ(status.error().to_string().find('\n'), std::string::npos);
  }
}

TEST(StateBudget, IsHalfOfWhatIsFree) {
  EXPECT_EQ(available_bytes("MemTotal:  16 kB\nMemFree: 1 kB\nMemAvailable:    1234 kB\nBuffers: 2 kB\n"),
            1234u * 1024);
  EXPECT_EQ(available_bytes("MemTotal: 16 kB\n"), 0u);
  EXPECT_EQ(available_bytes("MemAvailable:"), 0u);
  EXPECT_GE(default_state_bytes(), size_t{64} << 20);
}

}  // namespace
}  // namespace malmoi::infer
