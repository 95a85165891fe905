#include "data/packing.h"
#include "base/test_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "base/rng.h"

namespace malmoi::data {
namespace {

TEST(Packing, EveryIdOnceAndNoSequenceTooLong) {
  Rng rng(5);
  std::vector<uint64_t> lengths;
  uint64_t total = 0;
  for (int i = 0; i < 2000; ++i) total += lengths.emplace_back(rng.below(3) == 0 ? rng.below(5000) : rng.below(200));
  constexpr uint32_t kCapacity = 512;
  std::vector<Sequence> sequences = pack_best_fit(lengths, kCapacity);
  std::map<uint64_t, uint64_t> covered;
  for (const Sequence& sequence : sequences) {
    uint64_t sum = 0;
    for (const Piece& piece : sequence) {
      sum += piece.length;
      covered[piece.document] += piece.length;
      EXPECT_GT(piece.length, 0u);
    }
    EXPECT_LE(sum, kCapacity);
  }
  for (uint64_t d = 0; d < lengths.size(); ++d)
    if (lengths[d] > 0) {
      EXPECT_EQ(covered[d], lengths[d]);
    }
  EXPECT_LT(static_cast<double>(sequences.size() * kCapacity - total), 0.01 * static_cast<double>(total));
}

TEST(Packing, FillsTheFullestThatHasRoom) {
  std::vector<uint64_t> lengths = {6, 5, 4, 3, 2};
  std::vector<Sequence> sequences = pack_best_fit(lengths, 10);
  ASSERT_EQ(sequences.size(), 2u);  // 6+4 and 5+3+2
  EXPECT_EQ(sequences[0].size(), 2u);
  EXPECT_EQ(sequences[0][1].document, 2u);
  EXPECT_EQ(sequences[1].size(), 3u);
  EXPECT_TRUE(pack_best_fit({}, 10).empty());
}

TEST(Packing, RowsAndMask) {
  Path folder = test_folder("packing");
  auto writer = TokenWriter::create(folder / "in.bin", 100);
  ASSERT_TRUE(writer.ok());
  std::vector<int32_t> a = {1, 2, 3}, b = {4, 5}, c = {6, 7, 8, 9, 10, 11};
  for (const auto& ids : {a, b, c}) ASSERT_TRUE(writer->add(ids).ok());
  ASSERT_TRUE(writer->commit().ok());
  auto tokens = TokenFile::open(folder / "in.bin");
  ASSERT_TRUE(tokens.ok());
  auto stats = write_packed(*tokens, 100, 4, 0, folder / "out.bin");
  ASSERT_TRUE(stats.ok()) << stats.error().to_string();
  EXPECT_EQ(stats->sequences, 3u);
  EXPECT_EQ(stats->padding, 1u);
  EXPECT_EQ(stats->cut_documents, 1u);
  auto packed = TokenFile::open(folder / "out.bin");
  ASSERT_TRUE(packed.ok());
  std::vector<int32_t> ids(packed->size());
  packed->copy(0, ids);
  EXPECT_EQ(ids, (std::vector<int32_t>{1, 2, 3, 0, 4, 5, 10, 11, 6, 7, 8, 9}));
  EXPECT_EQ(*read_file(folder / "out.mask"), std::string("\1\1\0\0\1\0\1\0\1\1\1\0", 12));
  EXPECT_FALSE(write_packed(*tokens, 100, 4, 100, folder / "out.bin").ok());
}

}  // namespace
}  // namespace malmoi::data
