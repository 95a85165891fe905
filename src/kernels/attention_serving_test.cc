// Attention as a server calls it: keys in pages, single queries over long contexts, many sequences in a batch.
#include <cstring>

#include "base/parallel.h"
#include "kernels/attention_layout.h"
#include "kernels/attention_problem.h"

namespace malmoi::kernels {
namespace {

/// Steps of generation and prefills over a cache, on both paths.
const AttentionCase kServingCases[] = {
    {"causal", 4, 2, 24, {{1, 1}, {1, 700}, {3, 130}, {60, 200}, {5, 33}}},
    {"latent", 4, 1, 36, {{1, 600}, {70, 90}}, {.value_dim = 28}},
    {"window", 2, 1, 16, {{1, 1200, 4}, {90, 300, 2}, {4, 20}}, {.mask = {.window = 70}, .sinks = true}},
    {"chunks", 2, 2, 16, {{2, 300, 0, 11}, {70, 150}}, {.mask = {.chunk = 64}}},
    {"bias", 2, 2, 16, {{1, 650}, {20, 120}}, {.key_mask = true, .bias_left = 30, .bias_right = 0}},
    {"bias by key", 2, 2, 16, {{1, 650}, {20, 120}}, {.bias_left = 0, .bias_right = 400, .bias_by_key = true}},
};

TEST(AttentionServing, PagesGiveTheBitsOfRowsInOnePlace) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (AttentionCase c : kServingCases) {
      AttentionProblem whole(c, dtype);
      whole.forward(table, false);
      for (int64_t page_rows : {1, 7, 16, 64, 2000}) {
        c.with.page_rows = page_rows;
        AttentionProblem paged(c, dtype);
        paged.forward(table, false);
        EXPECT_EQ(whole.out.values(), paged.out.values()) << name << " " << c.name << ", pages of " << page_rows;
        EXPECT_EQ(whole.lse.values(), paged.lse.values()) << name << " " << c.name << ", pages of " << page_rows;
      }
    }
  });
}

TEST(AttentionServing, TheOracleReadsPages) {
  for (AttentionCase c : kServingCases) {
    AttentionProblem whole(c, DType::kF32);
    whole.forward(reference_backend(), true);
    c.with.page_rows = 7;
    AttentionProblem paged(c, DType::kF32);
    paged.forward(reference_backend(), true);
    for (int64_t i = 0; i < whole.out.size(); ++i) ASSERT_EQ(whole.out.at(i), paged.out.at(i)) << c.name;
  }
}

/// The bits of rows [first, first + count) of out.
std::vector<std::byte> out_rows(const AttentionProblem& p, const AttentionArgs& a, int64_t first, int64_t count) {
  size_t row_bytes = static_cast<size_t>(a.heads * a.value_dim) * dtype_size(p.dtype);
  std::vector<std::byte> bits(static_cast<size_t>(count) * row_bytes);
  for (int64_t i = 0; i < count; ++i) {
    const std::byte* row =
        static_cast<const std::byte*>(a.out) + static_cast<size_t>((first + i) * a.out_stride) * dtype_size(p.dtype);
    std::memcpy(bits.data() + static_cast<size_t>(i) * row_bytes, row, row_bytes);
  }
  return bits;
}

void attend(const Backend& table, AttentionArgs a) {
  TestScratch scratch(attention_scratch(a));
  a.scratch = scratch.get();
  table.attention(stream(), a);
}

TEST(AttentionServing, ASequenceAloneGivesTheBitsOfItsPlaceInABatch) {
  int threads = num_threads();
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (const AttentionCase& c : kServingCases) {
      AttentionProblem p(c, dtype);
      AttentionArgs batch = p.args(false);
      set_num_threads(3);
      attend(table, batch);
      std::vector<std::vector<std::byte>> together;
      for (int64_t n = 0; n < batch.num_segments; ++n) {
        const AttentionSegment& s = batch.segments[n];
        together.push_back(out_rows(p, batch, s.q_begin, s.q_length));
      }
      for (int64_t n = 0; n < batch.num_segments; ++n) {
        AttentionArgs alone = batch;
        alone.segments = batch.segments + n, alone.num_segments = 1;
        set_num_threads(static_cast<int>(1 + n % 3));
        std::memset(p.out.data(), 0xFF, static_cast<size_t>(p.out.size()) * dtype_size(dtype));
        attend(table, alone);
        EXPECT_EQ(together[static_cast<size_t>(n)],
                  out_rows(p, alone, alone.segments->q_begin, alone.segments->q_length))
            << name << " " << c.name << " segment " << n;
      }
    }
  });
  set_num_threads(threads);
}

/// The bits of queries [first, first + count) of the only segment, computed by a segment that ends with them, its keys
/// those from `begin` on.
std::vector<std::byte> rows_apart(const Backend& table, const AttentionProblem& p, const AttentionArgs& whole,
                                  int64_t first, int64_t count, AttentionPath path, int64_t begin = 0) {
  AttentionSegment part = whole.segments[0];
  part.k_length -= part.q_length - first - count + begin;
  part.k_begin += begin;
  const size_t element = dtype_size(p.dtype);
  part.k = static_cast<const std::byte*>(part.k) + static_cast<size_t>(begin * whole.k_stride) * element;
  part.v = static_cast<const std::byte*>(part.v) + static_cast<size_t>(begin * whole.v_stride) * element;
  part.q_begin += first, part.q_length = count, part.path = path;
  AttentionArgs step = whole;
  step.segments = &part;
  attend(table, step);
  return out_rows(p, step, part.q_begin, count);
}

// Tokens that are guessed ahead are read with the one before them, and a window's first rows may be gone.
TEST(AttentionServing, QueriesOneByOneHaveTheBitsOfSingleSteps) {
  constexpr int64_t kQueries = 9;
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    AttentionProblem p({"drafts", 4, 2, 24, {{kQueries, 1335}}, {.mask = {.window = 900}, .softcap = 20}}, dtype);
    const AttentionArgs args = p.args(false);
    const std::vector<std::byte> together = rows_apart(table, p, args, 0, kQueries, AttentionPath::kEach);
    const size_t row = together.size() / kQueries;
    for (int64_t i = 0; i < kQueries; ++i) {
      const auto at = together.begin() + i * static_cast<std::ptrdiff_t>(row);
      const std::vector<std::byte> expected(at, at + static_cast<std::ptrdiff_t>(row));
      for (int64_t begin : {0, 32, 416}) {
        EXPECT_EQ(expected, rows_apart(table, p, args, i, 1, AttentionPath::kEach, begin))
            << name << " query " << i << ", keys from " << begin;
      }
    }
  });
}

TEST(AttentionServing, QueriesByBlocksHaveTheSameBitsWhereverTheyAreCut) {
  constexpr int64_t kQueries = 200;
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    AttentionProblem p({"pieces", 4, 2, 24, {{kQueries, kQueries}}, {.sinks = true}}, dtype);
    const AttentionArgs args = p.args(false);
    const std::vector<std::byte> together = rows_apart(table, p, args, 0, kQueries, AttentionPath::kBlocks);
    const auto row = static_cast<std::ptrdiff_t>(together.size()) / kQueries;
    int64_t first = 0;
    for (int64_t count : {1, 70, 3, 64, 2, 60}) {
      const auto at = together.begin() + first * row;
      EXPECT_EQ(std::vector<std::byte>(at, at + count * row),
                rows_apart(table, p, args, first, count, AttentionPath::kBlocks))
          << name << " queries from " << first;
      first += count;
    }
    EXPECT_EQ(first, kQueries);
  });
}

TEST(AttentionServing, ALongContextIsWorkForManyWorkers) {
  AttentionSegment step{.q_length = 1, .k_length = 32 * kPartKeys};
  EXPECT_EQ(parts_of({}, step).count, 32);
  EXPECT_EQ(parts_of({.mask = {.causal = false}}, step).count, 32);
  // What a window or a chunk hides is not work.
  EXPECT_EQ(parts_of({.mask = {.window = kPartKeys}}, step).count, 1);
  EXPECT_EQ(parts_of({.mask = {.window = kPartKeys + 1}}, step).count, 2);
  EXPECT_EQ(parts_of({.mask = {.chunk = 4 * kPartKeys}}, step).count, 4);
  // Parts end at the same positions of the sequence where the first rows are gone.
  step.k_begin = 32;
  EXPECT_EQ(parts_of({}, step).count, 33);
  EXPECT_EQ(parts_of({}, step).keys(0).end, kPartKeys - 32);
  step.k_begin = 0;
  step.prefix = kPartKeys + 1;
  EXPECT_EQ(parts_of({.mask = {.window = kPartKeys}}, step).count, 3);
}

}  // namespace
}  // namespace malmoi::kernels
