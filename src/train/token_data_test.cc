// Tests of flat ids as sequences: order, documents, ends.
#include "train/token_data.h"

#include <gtest/gtest.h>

#include <fstream>
#include <numeric>
#include <set>

namespace malmoi::train {
namespace {

data::TokenFile token_file(const std::string& name, int n) {
  Path path = Path(testing::TempDir()) / name;
  std::ofstream out(path, std::ios::binary);
  for (int i = 0; i < n; ++i) {
    auto id = static_cast<uint16_t>(i % 1000);
    out.write(reinterpret_cast<const char*>(&id), 2);
  }
  out.close();
  return std::move(*data::TokenFile::open(path, data::TokenType::kU16, 1000));
}

TokenData token_data(const std::string& name, int n, const TokenDataOptions& options) {
  std::vector<data::TokenFile> files;
  files.push_back(token_file(name, n));
  return std::move(*TokenData::open(std::move(files), {}, options));
}

TEST(Data, PermutationsArePermutationsAndDifferByEpoch) {
  for (uint64_t n : {1u, 2u, 3u, 5u, 64u, 1000u}) {
    std::set<uint64_t> seen;
    for (uint64_t i = 0; i < n; ++i) seen.insert(permute(i, n, 7, 0));
    EXPECT_EQ(seen.size(), n);
    EXPECT_EQ(*seen.rbegin(), n - 1);
  }
  int same = 0;
  for (uint64_t i = 0; i < 1000; ++i) same += permute(i, 1000, 7, 0) == permute(i, 1000, 7, 1);
  EXPECT_LT(same, 20);
}

TEST(Data, SequentialRowsAreTheContracts) {
  TokenData data = token_data("seq.bin", 101, {.sequence_length = 10, .shuffled = false});
  EXPECT_EQ(data.size(), 10u);
  Examples micro;
  data.append(3, micro);
  EXPECT_EQ(micro.input.batch().ids[0], 30);
  EXPECT_EQ(micro.targets[9], 40);
  micro.clear();
  data.append(10, micro);
  EXPECT_EQ(micro.input.batch().ids[0], 0) << "around again";
}

TEST(Data, WindowsThatStayAreTheSameInEveryEpoch) {
  TokenData data = token_data("same.bin", 101, {.sequence_length = 10, .same_windows = true});
  std::set<int32_t> first, second;
  bool another_order = false;
  for (uint64_t n = 0; n < data.size(); ++n) {
    Examples micro;
    data.append(n, micro);
    data.append(data.size() + n, micro);
    const auto ids = micro.input.batch().ids;
    first.insert(ids[0]);
    second.insert(ids[10]);
    another_order |= ids[0] != ids[10];
    EXPECT_EQ(ids[0], 10 * static_cast<int32_t>(data.row_of(n)));
    EXPECT_EQ(ids[10], 10 * static_cast<int32_t>(data.row_of(data.size() + n)));
  }
  EXPECT_EQ(first, second);
  EXPECT_TRUE(another_order);
}

TEST(Data, MasksThatLeaveNothingToLearnAreRefused) {
  Path mask = Path(testing::TempDir()) / "mask.u8";
  auto open = [&](const std::string& bytes) {
    EXPECT_TRUE(write_file(mask, bytes).ok());
    std::vector<data::TokenFile> files;
    files.push_back(token_file("masked.bin", 101));
    return TokenData::open(std::move(files), {mask}, {.sequence_length = 10});
  };
  std::string zeros(101, '\0');
  auto refused = open(zeros);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().to_string().find("mask.u8: none of its positions counts"), std::string::npos);
  zeros[7] = 1;
  EXPECT_TRUE(open(zeros).ok());
}

TEST(Data, EveryEpochVisitsEveryWindowOnce) {
  TokenData data = token_data("shuffled.bin", 905, {.sequence_length = 10, .shuffled = true});
  std::set<int32_t> first, second;
  Examples micro;
  for (uint64_t i = 0; i < 2 * data.size(); ++i) {
    micro.clear();
    data.append(i, micro);
    (i < data.size() ? first : second).insert(micro.input.batch().ids[0]);
  }
  EXPECT_EQ(first.size(), data.size());
  EXPECT_EQ(second.size(), data.size());
  EXPECT_NE(first, second) << "a later epoch begins at another offset";
}

TEST(Data, StreamsAreTheContracts) {
  // (107 - 1) / (3 * 5) = 7 steps: each stream has 35 ids.
  TokenData data = token_data("streams.bin", 107, {.sequence_length = 5, .shuffled = false, .streams = 3});
  EXPECT_EQ(data.size(), 21u);
  for (uint64_t n : {0u, 1u, 2u, 3u, 20u, 22u}) {
    Examples micro;
    data.append(n, micro);
    const auto row = static_cast<int32_t>(n % 3), step = static_cast<int32_t>(n / 3 % 7);
    EXPECT_EQ(micro.input.batch().ids[0], row * 35 + step * 5) << n;
    EXPECT_EQ(micro.targets[4], row * 35 + step * 5 + 5) << n;
  }
  std::vector<data::TokenFile> files;
  files.push_back(token_file("short.bin", 15));
  auto refused = TokenData::open(std::move(files), {}, {.sequence_length = 5, .shuffled = false, .streams = 3});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().to_string().find("3 streams of 5"), std::string::npos);
}

// Documents of these lengths; ids count on over all of them.
data::TokenFile documents_file(const std::string& name, const std::vector<int>& lengths) {
  Path path = Path(testing::TempDir()) / name;
  data::TokenWriter writer = std::move(*data::TokenWriter::create(path, 1000));
  int32_t id = 0;
  for (int length : lengths) {
    std::vector<int32_t> ids;
    while (static_cast<int>(ids.size()) < length) ids.push_back(id++);
    EXPECT_TRUE(writer.add(ids).ok());
  }
  EXPECT_TRUE(writer.commit().ok());
  return std::move(*data::TokenFile::open(path));
}

std::vector<int64_t> run_begins(const TokenData& data, uint64_t n) {
  Examples micro;
  data.append(n, micro);
  std::vector<int64_t> begins;
  for (const auto& run : micro.input.runs()) begins.push_back(run.begin);
  return begins;
}

TEST(Data, DocumentsDoNotSeeEachOther) {
  std::vector<data::TokenFile> files;
  files.push_back(documents_file("documents.bin", {14, 0, 6, 5}));
  files.push_back(token_file("raw.bin", 7));  // without document ends
  files.push_back(documents_file("more.bin", {4, 5}));
  TokenData data = std::move(
      *TokenData::open(std::move(files), {}, {.sequence_length = 10, .shuffled = false, .split_documents = true}));
  EXPECT_EQ(run_begins(data, 0), (std::vector<int64_t>{0}));
  EXPECT_EQ(run_begins(data, 1), (std::vector<int64_t>{0, 4})) << "a document that ends with the window cuts nothing";
  EXPECT_EQ(run_begins(data, 2), (std::vector<int64_t>{0, 5})) << "behind the last document another file begins";
  EXPECT_EQ(run_begins(data, 3), (std::vector<int64_t>{0, 6})) << "a file without document ends is not cut off";
  Examples micro;
  data.append(1, micro);  // ids 10..19
  EXPECT_EQ(micro.input.batch().positions[4], 0);
  EXPECT_EQ(micro.targets[3], 14) << "the first id of a document is predicted from the end of the one before";
}

TEST(Data, DocumentsRunIntoOneAnotherUnlessTheyAreSplit) {
  std::vector<data::TokenFile> files;
  files.push_back(documents_file("joined.bin", {14, 16}));
  TokenData data = std::move(*TokenData::open(std::move(files), {}, {.sequence_length = 10, .shuffled = false}));
  EXPECT_EQ(run_begins(data, 1), (std::vector<int64_t>{0}));
}

TEST(Data, ToTheEndEveryTokenButTheFirstIsATargetOnce) {
  TokenData data = token_data("end.bin", 24, {.sequence_length = 10, .shuffled = false, .to_the_end = true});
  EXPECT_EQ(data.size(), 3u);
  Examples all;
  for (uint64_t n = 0; n < data.size(); ++n) data.append(n, all);
  std::vector<int32_t> want(23);
  std::iota(want.begin(), want.end(), 1);
  EXPECT_EQ(all.targets, want);
}

}  // namespace
}  // namespace malmoi::train
