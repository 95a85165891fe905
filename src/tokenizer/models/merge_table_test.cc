// The fast merging against the rule written down plainly.
#include "tokenizer/models/merge_table.h"

#include <gtest/gtest.h>

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
