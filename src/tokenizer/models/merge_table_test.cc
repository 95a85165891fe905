// The fast merging against the rule written down plainly.
#include "tokenizer/models/merge_table.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tokenizer/models/window_merger.h"

namespace malmoi::tokenizer {
namespace {

// The rule itself: the lowest rank anywhere, the leftmost of equals, again and again.
void merge_plainly(const MergeTable& table, std::vector<Symbol>& symbols) {
  while (true) {
    size_t best = symbols.size();
    MergeTable::Merge merge;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      MergeTable::Merge here = table.find(symbols[i].id, symbols[i + 1].id);
      if (here.rank < merge.rank) {
        merge = here;
        best = i;
      }
    }
    if (best == symbols.size()) return;
    symbols[best] = {merge.id, symbols[best].length + symbols[best + 1].length};
    symbols.erase(symbols.begin() + static_cast<ptrdiff_t>(best) + 1);
  }
}

// Random merges over a few letters, each making a new symbol of earlier ones.
MergeTable random_merges(uint64_t seed, int32_t letters, int32_t merges) {
  MergeTable table;
  uint64_t state = seed;
  auto next = [&](int32_t limit) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<int32_t>((state >> 33) % static_cast<uint64_t>(limit));
  };
  for (int32_t i = 0; i < merges; ++i) {
    int32_t known = letters + i;
    // Low ids are drawn more often, so that merges build on one another.
    int32_t left = next(2) ? next(known) : next(letters), right = next(2) ? next(known) : next(letters);
    if (table.find(left, right).id < 0) table.add(left, right, static_cast<uint32_t>(i), letters + i);
  }
  return table;
}

TEST(MergeTable, BytesMergeAsTheirSymbolsDo) {
  std::array<int32_t, 256> ids_of_bytes{};
  for (size_t byte = 0; byte < 256; ++byte) ids_of_bytes[byte] = static_cast<int32_t>(byte % 3);
  const MergeTable table = random_merges(7, 3, 60);
  std::string bytes;
  uint64_t state = 5;
  for (size_t length = 0; length <= kWindowPlaces; ++length) {
    std::vector<Symbol> symbols;
    for (char c : bytes) symbols.push_back({ids_of_bytes[static_cast<unsigned char>(c)], 1});
    merge_plainly(table, symbols);
    std::vector<int32_t> want, got;
    for (const Symbol& symbol : symbols) want.push_back(symbol.id);
    merge_window(table, bytes, ids_of_bytes, got);
    EXPECT_EQ(got, want) << length;
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    bytes += static_cast<char>(state >> 33);
  }
}

TEST(MergeTable, MergesAsTheRuleSays) {
  uint64_t state = 99;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    MergeTable table = random_merges(seed, 1 + static_cast<int32_t>(seed % 4), 40);
    for (size_t length : {0, 1, 2, 3, 17, 63, 64, 65, 100, 301}) {
      std::vector<Symbol> want;
      for (size_t i = 0; i < length; ++i) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        want.push_back({static_cast<int32_t>((state >> 33) % (1 + seed % 4)), 1});
      }
      std::vector<Symbol> got = want;
      merge_plainly(table, want);
      merge_all(table, got);
      ASSERT_EQ(got.size(), want.size()) << "seed " << seed << ", length " << length;
      for (size_t i = 0; i < got.size(); ++i) {
        EXPECT_EQ(got[i].id, want[i].id) << "seed " << seed << ", length " << length << ", symbol " << i;
        EXPECT_EQ(got[i].length, want[i].length);
      }
    }
  }
}

// Long pieces go through windows that are joined: periodic ones, whose pieces are longer than a window, among them.
TEST(MergeTable, LongPiecesMergeAsTheRuleSays) {
  uint64_t state = 7;
  for (uint64_t seed = 1; seed <= 24; ++seed) {
    const auto letters = 1 + static_cast<int32_t>(seed % 4);
    MergeTable table = random_merges(seed, letters, seed % 3 ? 60 : 12);
    for (size_t period : {1, 2, 7, 5000}) {
      std::vector<Symbol> want;
      for (size_t i = 0; i < 1200; ++i) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        const auto random = static_cast<int32_t>((state >> 33) % static_cast<uint64_t>(letters));
        want.push_back(i < period ? Symbol{random, 1} : want[i - period]);
      }
      std::vector<Symbol> got = want;
      merge_plainly(table, want);
      merge_all(table, got);
      ASSERT_EQ(got.size(), want.size()) << "seed " << seed << ", period " << period;
      for (size_t i = 0; i < got.size(); ++i) {
        ASSERT_EQ(got[i].id, want[i].id) << "seed " << seed << ", period " << period << ", symbol " << i;
        ASSERT_EQ(got[i].length, want[i].length);
      }
    }
  }
}

// Doubling pieces up to 1,024 letters: none fits a small window.
TEST(MergeTable, PiecesLongerThanAWindow) {
  MergeTable table;
  for (int32_t i = 0; i < 10; ++i) table.add(i, i, static_cast<uint32_t>(i), i + 1);
  std::vector<Symbol> symbols(100'000, Symbol{0, 1});
  merge_all(table, symbols);
  ASSERT_EQ(symbols.size(), 97u + 3u);  // 97 of 1,024, and 672 = 512 + 128 + 32
  EXPECT_EQ(symbols[0].id, 10);
  EXPECT_EQ(symbols[97].id, 9);
  EXPECT_EQ(symbols[99].length, 32u);
}

TEST(MergeTable, HoldsLargeIdsAndEqualRanks) {
  constexpr int32_t kLarge = 1 << 26;
  MergeTable table;
  table.add(kLarge, 1, 5, 10);
  table.add(1, kLarge, 5, 11);
  table.add(2, 3, 5, 12);
  table.add(3, 2, 5, 13);
  table.add(4, 5, 1u << 30, 14);
  EXPECT_EQ(table.size(), 5u);
  EXPECT_EQ(table.find(kLarge, 1).id, 10);
  EXPECT_EQ(table.find(1, kLarge).id, 11);
  EXPECT_EQ(table.find(2, 3).id, 12);
  EXPECT_EQ(table.find(3, 2).id, 13);
  EXPECT_EQ(table.find(4, 5).rank, 1u << 30);
  EXPECT_EQ(table.find(kLarge, kLarge).id, -1);
  table.add(kLarge, 1, 6, 15);
  EXPECT_EQ(table.size(), 5u);
  EXPECT_EQ(table.find(kLarge, 1).rank, 6u);
  std::vector<Symbol> symbols{{4, 1}, {5, 1}, {2, 1}, {3, 1}, {2, 1}};
  merge_all(table, symbols);
  ASSERT_EQ(symbols.size(), 3u);
  EXPECT_EQ(symbols[0].id, 14);
  EXPECT_EQ(symbols[1].id, 12);
}

TEST(MergeTable, GrowsAndKeepsTheLaterOfEqualPairs) {
  MergeTable table;
  for (int32_t i = 0; i < 5000; ++i) table.add(i, i + 1, static_cast<uint32_t>(i), i + 2);
  table.add(7, 8, 9999, 42);
  EXPECT_EQ(table.size(), 5000u);
  EXPECT_EQ(table.find(7, 8).id, 42);
  EXPECT_EQ(table.find(4999, 5000).rank, 4999u);
  EXPECT_EQ(table.find(3, 5).id, -1);
}

}  // namespace
}  // namespace malmoi::tokenizer
