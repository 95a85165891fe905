// The pool of sequences' states: growth by pages, forks that copy on writing, windows, a budget that is an error, memories
// of encoders, recurrences.
#include "nn/state.h"

#include <gtest/gtest.h>

#include <cstring>

namespace malmoi::nn {
namespace {

constexpr int64_t kRows = StatePool::kPageRows;
constexpr int64_t kKeyWidth = 3, kValueWidth = 2;
constexpr size_t kPageBytes = kRows * (kKeyWidth + kValueWidth) * sizeof(float);
constexpr size_t kPlenty = 1 << 20;

LayerState keys_of(StateKind kind, int64_t window = 0) {
  return {.kind = kind, .key_width = kKeyWidth, .value_width = kValueWidth, .window = window};
}

std::unique_ptr<StatePool> pool_of(std::vector<LayerState> layers, size_t budget = kPlenty) {
  auto pool = StatePool::create(std::move(layers), DType::kF32, budget);
  EXPECT_TRUE(pool.ok()) << pool.error().to_string();
  return *std::move(pool);
}

SequenceState opened(StatePool& pool) {
  auto state = pool.open();
  EXPECT_TRUE(state.ok()) << state.error().to_string();
  return *std::move(state);
}

SequenceState forked(const SequenceState& state) {
  auto fork = state.fork();
  EXPECT_TRUE(fork.ok()) << fork.error().to_string();
  return *std::move(fork);
}

// What stands in a row tells who wrote it where: author, slot, position, column.
float mark(int author, int64_t slot, int64_t position, int64_t column) {
  return static_cast<float>(author * 1000000 + slot * 100000 + position * 10 + column);
}

// Rows in which keys and values lie side by side, as a fused product leaves them.
std::vector<float> rows_of(int author, int64_t slot, int64_t first, int64_t n) {
  std::vector<float> rows;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t c = 0; c < kKeyWidth + kValueWidth; ++c) rows.push_back(mark(author, slot, first + i, c));
  }
  return rows;
}

Status append(SequenceState& state, int author, int64_t n, int64_t slots = 1) {
  MALMOI_TRY(state.reserve(state.length() + n));
  for (int64_t slot = 0; slot < slots; ++slot) {
    std::vector<float> rows = rows_of(author, slot, state.length(), n);
    constexpr int64_t kStride = kKeyWidth + kValueWidth;
    state.write(slot, rows.data(), kStride, rows.data() + kKeyWidth, kStride, n);
  }
  state.advance(n);
  return {};
}

void expect_rows(const KeyPages& pages, int author, int64_t slot, int64_t from, int64_t to) {
  ASSERT_GE(from, pages.begin);
  ASSERT_LE(to, pages.begin + pages.length);
  for (int64_t position = from; position < to; ++position) {
    int64_t row = position - pages.begin;
    const auto* k = static_cast<const float*>(pages.k_pages[row / kRows]) + row % kRows * kKeyWidth;
    const auto* v = static_cast<const float*>(pages.v_pages[row / kRows]) + row % kRows * kValueWidth;
    for (int64_t c = 0; c < kKeyWidth; ++c) ASSERT_EQ(k[c], mark(author, slot, position, c)) << position;
    for (int64_t c = 0; c < kValueWidth; ++c) ASSERT_EQ(v[c], mark(author, slot, position, kKeyWidth + c)) << position;
  }
}

TEST(StatePool, KeepsWhatWasWrittenWhenItGrows) {
  auto pool = pool_of({keys_of(StateKind::kPagedKeys), keys_of(StateKind::kPagedKeys)});
  SequenceState state = opened(*pool);
  for (int64_t n : {1, 70, 129}) ASSERT_TRUE(append(state, 1, n, 2).ok());
  EXPECT_EQ(state.length(), 200);
  for (int64_t slot : {0, 1}) {
    KeyPages pages = state.keys(slot, 0);
    EXPECT_EQ(pages.length, 200);
    EXPECT_EQ(pages.begin, 0);
    expect_rows(pages, 1, slot, 0, 200);
  }
  EXPECT_EQ(state.bytes(), 2 * 7 * kPageBytes);
  EXPECT_EQ(pool->in_use(), pool->bytes_for(200));
}

TEST(StatePool, RowsWrittenBehindTheLengthAreSeenBeforeTheyCount) {
  auto pool = pool_of({keys_of(StateKind::kPagedKeys)});
  SequenceState state = opened(*pool);
  ASSERT_TRUE(state.reserve(2).ok());
  std::vector<float> rows = rows_of(1, 0, 0, 2);
  state.write(0, rows.data(), 5, rows.data() + 3, 5, 2);
  EXPECT_EQ(state.length(), 0);
  KeyPages pages = state.keys(0, 2);
  EXPECT_EQ(pages.length, 2);
  expect_rows(pages, 1, 0, 0, 2);
}

TEST(StatePool, TakesFromTheSystemWhatIsWantedAndUsesItAgain) {
  auto pool = pool_of({keys_of(StateKind::kPagedKeys)}, size_t{1} << 40);  // a bound, not memory
  const void* first = nullptr;
  for (int round = 0; round < 3; ++round) {
    SequenceState state = opened(*pool);
    ASSERT_TRUE(append(state, round, 5).ok());
    EXPECT_EQ(pool->in_use(), kPageBytes);
    const void* page = state.keys(0, 0).k_pages[0];
    if (!first) first = page;
    EXPECT_EQ(page, first);
  }
  EXPECT_EQ(pool->in_use(), 0u);
}

TEST(StatePool, ForksShareAndCopyOnWriting) {
  auto pool = pool_of({keys_of(StateKind::kPagedKeys)});
  SequenceState first = opened(*pool);
  ASSERT_TRUE(append(first, 1, 40).ok());
  SequenceState second = forked(first), third = forked(second);
  EXPECT_EQ(pool->in_use(), 2 * kPageBytes);
  EXPECT_EQ(second.length(), 40);
  ASSERT_TRUE(append(second, 2, 30).ok());  // a copy of the page with rows 32 to 39, and a page more
  EXPECT_EQ(pool->in_use(), 4 * kPageBytes);
  ASSERT_TRUE(append(first, 1, 3).ok());
  expect_rows(first.keys(0, 0), 1, 0, 0, 43);
  expect_rows(second.keys(0, 0), 1, 0, 0, 40);
  expect_rows(second.keys(0, 0), 2, 0, 40, 70);
  expect_rows(third.keys(0, 0), 1, 0, 0, 40);
  EXPECT_EQ(pool->in_use(), 5 * kPageBytes);
  ASSERT_TRUE(append(third, 3, 1).ok());  // nobody else reads the page any more
  EXPECT_EQ(pool->in_use(), 5 * kPageBytes);
  first = SequenceState();
  expect_rows(second.keys(0, 0), 1, 0, 0, 40);
  expect_rows(third.keys(0, 0), 3, 0, 40, 41);
  second = SequenceState();
  third = SequenceState();
  EXPECT_EQ(pool->in_use(), 0u);
}

TEST(StatePool, RoomReservedBeforeAForkIsTheFirstOnesOwn) {
  auto pool = pool_of({keys_of(StateKind::kPagedKeys)});
  SequenceState first = opened(*pool);
  ASSERT_TRUE(append(first, 1, 40).ok());
  ASSERT_TRUE(first.reserve(100).ok());
  SequenceState second = forked(first);
  ASSERT_TRUE(append(first, 1, 60).ok());
  ASSERT_TRUE(append(second, 2, 60).ok());
  expect_rows(first.keys(0, 0), 1, 0, 0, 100);
  expect_rows(second.keys(0, 0), 1, 0, 0, 40);
  expect_rows(second.keys(0, 0), 2, 0, 40, 100);
}

TEST(StatePool, AForkAtTheEndOfAPageCopiesNothing) {
  auto pool = pool_of({keys_of(StateKind::kPagedKeys)});
  SequenceState first = opened(*pool);
  ASSERT_TRUE(append(first, 1, 64).ok());
  SequenceState second = forked(first);
  ASSERT_TRUE(append(second, 2, 1).ok());
  EXPECT_EQ(pool->in_use(), 3 * kPageBytes);
}

TEST(StatePool, TruncateGivesPagesBackAndNeverWritesIntoAFork) {
  auto pool = pool_of({keys_of(StateKind::kPagedKeys)});
  SequenceState first = opened(*pool);
  ASSERT_TRUE(append(first, 1, 100).ok());
  SequenceState second = forked(first);
  EXPECT_FALSE(first.truncate(101));
  EXPECT_TRUE(first.truncate(100));
  EXPECT_TRUE(first.truncate(35));
  EXPECT_EQ(first.bytes(), 2 * kPageBytes);
  ASSERT_TRUE(append(first, 2, 50).ok());
  expect_rows(first.keys(0, 0), 1, 0, 0, 35);
  expect_rows(first.keys(0, 0), 2, 0, 35, 85);
  expect_rows(second.keys(0, 0), 1, 0, 0, 100);
  EXPECT_TRUE(first.truncate(0));
  EXPECT_EQ(first.bytes(), 0u);
  ASSERT_TRUE(append(first, 3, 5).ok());
  expect_rows(first.keys(0, 0), 3, 0, 0, 5);
}

TEST(StatePool, AWindowTakesNoMoreHoweverLongTheSequence) {
  constexpr int64_t kWindow = 50;
  auto pool = pool_of({keys_of(StateKind::kWindowKeys, kWindow)});
  SequenceState state = opened(*pool);
  size_t most = 0;
  for (int64_t step = 0; step < 200; ++step) {
    int64_t n = step % 7 == 0 ? 20 : 1;
    ASSERT_TRUE(state.reserve(state.length() + n).ok());
    most = std::max(most, pool->in_use());
    KeyPages before = state.keys(0, n);
    EXPECT_LE(before.begin, std::max<int64_t>(0, state.length() - kWindow + 1));  // all that the first query sees
    ASSERT_TRUE(append(state, 1, n).ok());
    KeyPages pages = state.keys(0, 0);
    EXPECT_EQ(pages.begin + pages.length, state.length());
    expect_rows(pages, 1, 0, pages.begin, state.length());
  }
  EXPECT_GT(state.length(), 700);
  EXPECT_EQ(most, pool->bytes_for(state.length(), 0, 20));
  EXPECT_LE(most, 4 * kPageBytes);
}

TEST(StatePool, AWindowGoesBackAsFarAsItsRowsAreThere) {
  auto pool = pool_of({keys_of(StateKind::kWindowKeys, 8)});
  SequenceState state = opened(*pool);
  ASSERT_TRUE(append(state, 1, 40).ok());
  ASSERT_TRUE(append(state, 1, 5).ok());
  EXPECT_EQ(state.keys(0, 0).begin, 0);  // position 45 - kUndoRows looks back at 22
  ASSERT_TRUE(append(state, 1, 12).ok());
  EXPECT_EQ(state.keys(0, 0).begin, 32);
  EXPECT_FALSE(state.truncate(38));  // position 38 looks back at 31
  EXPECT_EQ(state.length(), 57);
  EXPECT_TRUE(state.truncate(57 - StatePool::kUndoRows));
  ASSERT_TRUE(append(state, 2, 2).ok());
  expect_rows(state.keys(0, 0), 1, 0, 32, 41);
  expect_rows(state.keys(0, 0), 2, 0, 41, 43);
  EXPECT_TRUE(state.truncate(0));
  ASSERT_TRUE(append(state, 3, 2).ok());
  expect_rows(state.keys(0, 0), 3, 0, 0, 2);
}

TEST(StatePool, AForkOfAWindowIsWhole) {
  auto pool = pool_of({keys_of(StateKind::kWindowKeys, 8), keys_of(StateKind::kPagedKeys)});
  SequenceState first = opened(*pool);
  ASSERT_TRUE(append(first, 1, 50, 2).ok());
  SequenceState second = forked(first);
  ASSERT_TRUE(append(second, 2, 30, 2).ok());
  ASSERT_TRUE(append(first, 1, 30, 2).ok());
  for (int64_t slot : {0, 1}) {
    expect_rows(first.keys(slot, 0), 1, slot, 64, 80);
    expect_rows(second.keys(slot, 0), 2, slot, 64, 80);
  }
  EXPECT_EQ(first.keys(0, 0).begin, 32);
  expect_rows(second.keys(1, 0), 1, 1, 0, 50);
}

TEST(StatePool, ABudgetThatIsSpentIsAnErrorThatChangesNothing) {
  auto pool = pool_of({keys_of(StateKind::kPagedKeys), keys_of(StateKind::kPagedKeys)}, 5 * kPageBytes);
  SequenceState first = opened(*pool), second = opened(*pool);
  ASSERT_TRUE(append(first, 1, 40, 2).ok());  // four of five pages
  Status status = second.reserve(1);          // wants two
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kOutOfMemory);
  EXPECT_NE(status.error().what.find("1 positions"), std::string::npos);
  EXPECT_EQ(status.error().where, "state pool");
  EXPECT_NE(status.error().remedy.find("budget"), std::string::npos);
  EXPECT_EQ(pool->in_use(), 4 * kPageBytes);
  EXPECT_FALSE(first.reserve(65).ok());
  EXPECT_TRUE(append(first, 1, 24, 2).ok());  // what it has goes on
  expect_rows(first.keys(1, 0), 1, 1, 0, 64);
  first = SequenceState();
  EXPECT_TRUE(append(second, 2, 40, 2).ok());
}

TEST(StatePool, ACopyOnWritingNeedsRoomToo) {
  auto pool = pool_of({keys_of(StateKind::kPagedKeys)}, 2 * kPageBytes);
  SequenceState first = opened(*pool);
  ASSERT_TRUE(append(first, 1, 5).ok());
  SequenceState second = forked(first);
  EXPECT_FALSE(second.reserve(40).ok());  // a copy and a page more
  ASSERT_TRUE(append(second, 2, 5).ok());
  expect_rows(first.keys(0, 0), 1, 0, 0, 5);
  expect_rows(second.keys(0, 0), 2, 0, 5, 10);
}

TEST(StatePool, ABudgetBelowAPageOfEverySlotIsRefused) {
  auto pool = StatePool::create({keys_of(StateKind::kPagedKeys), keys_of(StateKind::kMemoryKeys)}, DType::kF32,
                                2 * kPageBytes - 1);
  ASSERT_FALSE(pool.ok());
  EXPECT_EQ(pool.error().code, ErrorCode::kOutOfMemory);
  EXPECT_FALSE(pool.error().what.empty() || pool.error().where.empty() || pool.error().remedy.empty());
}

TEST(StatePool, PagesOfAnotherSizeStandAsideForTheBudget) {
  LayerState wide{.kind = StateKind::kMemoryKeys, .key_width = 30, .value_width = 20};
  auto pool = pool_of({keys_of(StateKind::kPagedKeys), wide}, 12 * kPageBytes);
  {
    SequenceState many = opened(*pool);
    ASSERT_TRUE(append(many, 1, 12 * kRows).ok());
  }
  SequenceState state = opened(*pool);
  EXPECT_TRUE(state.reserve_memory(kRows).ok());  // ten times a small page
  EXPECT_TRUE(state.reserve(2 * kRows).ok());
  EXPECT_FALSE(state.reserve(3 * kRows).ok());
}

TEST(StatePool, AMemoryIsWrittenOnceAndSharedByForks) {
  auto pool = pool_of({keys_of(StateKind::kPagedKeys), keys_of(StateKind::kMemoryKeys)});
  SequenceState state = opened(*pool);
  ASSERT_TRUE(state.reserve_memory(45).ok());
  std::vector<float> rows = rows_of(7, 1, 0, 45);
  state.write_memory(1, rows.data(), 5, rows.data() + 3, 5);
  size_t before = pool->in_use();
  SequenceState fork = forked(state);
  EXPECT_EQ(pool->in_use(), before);
  ASSERT_TRUE(append(state, 1, 3).ok());
  state = SequenceState();
  EXPECT_EQ(fork.memory_length(), 45);
  EXPECT_EQ(fork.memory(1).length, 45);
  expect_rows(fork.memory(1), 7, 1, 0, 45);
  EXPECT_TRUE(fork.truncate(0));
  EXPECT_EQ(fork.memory_length(), 45);
  ASSERT_TRUE(fork.reserve_memory(3).ok());  // another source
  EXPECT_EQ(fork.memory(1).length, 3);
  EXPECT_EQ(pool->in_use(), pool->bytes_for(0, 3));
}

TEST(StatePool, ALatentRowHoldsItsValues) {
  auto pool = pool_of({{.kind = StateKind::kLatent, .key_width = kKeyWidth, .value_width = kValueWidth}});
  auto state = opened(*pool);
  constexpr int64_t kLength = kRows + 3;
  ASSERT_TRUE(state.reserve(kLength).ok());
  std::vector<float> rows;
  for (int64_t i = 0; i < kLength * kKeyWidth; ++i) rows.push_back(static_cast<float>(i));
  state.write(0, rows.data(), kKeyWidth, nullptr, 0, kLength);
  state.advance(kLength);
  EXPECT_EQ(state.bytes(), 2 * kRows * kKeyWidth * sizeof(float)) << "no room for values";
  auto fork = forked(state);
  ASSERT_TRUE(fork.truncate(2));
  EXPECT_EQ(fork.length(), 2);
  KeyPages pages = state.keys(0, 0);
  ASSERT_EQ(pages.length, kLength);
  for (int64_t row = 0; row < kLength; ++row) {
    EXPECT_EQ(pages.k_pages[row / kRows], pages.v_pages[row / kRows]);
    const auto* k = static_cast<const float*>(pages.k_pages[row / kRows]) + row % kRows * kKeyWidth;
    for (int64_t c = 0; c < kKeyWidth; ++c) EXPECT_EQ(k[c], rows[static_cast<size_t>(row * kKeyWidth + c)]);
  }
}

TEST(StatePool, ElementsOfARecurrenceAreASequencesOwn) {
  LayerState recurrent{.kind = StateKind::kRecurrent, .elements = 6};
  LayerState convolution{.kind = StateKind::kConvolution, .elements = 4};
  auto pool = pool_of({recurrent, convolution}, 2 * 10 * sizeof(float));
  SequenceState first = opened(*pool);
  EXPECT_EQ(first.elements(0).size(), 6u);
  EXPECT_EQ(first.elements(1).size(), 4u);
  for (float x : first.elements(0)) EXPECT_EQ(x, 0.f);
  ASSERT_TRUE(first.reserve(3).ok());
  first.elements(0)[5] = 2;
  first.advance(3);
  {
    SequenceState second = forked(first);
    EXPECT_EQ(second.elements(0)[5], 2.f);
    second.elements(0)[5] = 3;
    EXPECT_EQ(first.elements(0)[5], 2.f);
    auto third = first.fork();
    ASSERT_FALSE(third.ok());
    EXPECT_EQ(third.error().code, ErrorCode::kOutOfMemory);
    EXPECT_FALSE(pool->open().ok());
  }
  EXPECT_FALSE(first.truncate(2));
  EXPECT_TRUE(first.truncate(3));
  EXPECT_EQ(first.elements(0)[5], 2.f);
  EXPECT_TRUE(first.truncate(0));
  EXPECT_EQ(first.elements(0)[5], 0.f);
  SequenceState again = opened(*pool);  // reused memory begins at zero
  EXPECT_EQ(again.elements(0)[5], 0.f);
}

TEST(StatePool, AModelWithoutStateHasSequencesThatTakeNothing) {
  auto pool = pool_of({}, 0);
  SequenceState state = opened(*pool);
  EXPECT_TRUE(state.reserve(1000).ok());
  state.advance(1000);
  EXPECT_EQ(pool->in_use(), 0u);
}

// Of a row of 64 keys in 8 bits: 64 bytes and two scales. Latent rows are keys and values at once, and others have no whole
// groups: they stay.
TEST(StatePool, KeysIn8BitsTakeTheirBytesAndAScale) {
  const LayerState wide{.key_width = 64, .value_width = 32};
  const LayerState latent{.kind = StateKind::kLatent, .key_width = 64, .value_width = 32};
  auto pool = *StatePool::create({wide, latent, keys_of(StateKind::kPagedKeys)}, DType::kF32, kPlenty, KeyType::kQ8_0);
  SequenceState state = opened(*pool);
  EXPECT_TRUE(state.in_bytes(0));
  EXPECT_FALSE(state.in_bytes(1));
  EXPECT_FALSE(state.in_bytes(2));
  ASSERT_TRUE(state.reserve(1).ok());
  EXPECT_EQ(state.bytes(),
            kRows * (64 + 2 * sizeof(float) + 32 + sizeof(float)) + kRows * 64 * sizeof(float) + kPageBytes);

  // Strides are bytes there.
  std::vector<uint8_t> rows(2 * 200);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<uint8_t>(i);
  ASSERT_TRUE(state.reserve(2).ok());
  state.write(0, rows.data(), 200, rows.data() + 72, 200, 2);
  const KeyPages pages = state.keys(0, 2);
  EXPECT_EQ(std::memcmp(pages.k_pages[0], rows.data(), 72), 0);
  EXPECT_EQ(std::memcmp(static_cast<const std::byte*>(pages.k_pages[0]) + 72, rows.data() + 200, 72), 0);
  EXPECT_EQ(std::memcmp(static_cast<const std::byte*>(pages.v_pages[0]) + 36, rows.data() + 272, 36), 0);
}

}  // namespace
}  // namespace malmoi::nn
