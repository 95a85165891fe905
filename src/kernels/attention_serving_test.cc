// Attention as a server calls it: keys in pages, single queries over long contexts, many sequences in a batch.
#include <cstring>

#include "base/parallel.h"
#include "kernels/attention_layout.h"
#include "kernels/attention_problem.h"

namespace malmoi::kernels {
namespace {

/// Steps of generation and prefills over a cache, on both paths.
const AttentionCase kCases[] = {
    {"causal", 4, 2, 24, {{1, 1}, {1, 700}, {3, 130}, {60, 200}, {5, 33}}},
    {"latent", 4, 1, 36, {{1, 600}, {70, 90}}, {.value_dim = 28}},
    {"window", 2, 1, 16, {{1, 1200, 4}, {90, 300, 2}, {4, 20}}, {.mask = {.window = 70}, .sinks = true}},
    {"chunks", 2, 2, 16, {{2, 300, 0, 11}, {70, 150}}, {.mask = {.chunk = 64}}},
    {"bias", 2, 2, 16, {{1, 650}, {20, 120}}, {.key_mask = true, .bias_left = 30, .bias_right = 0}},
    {"bias by key", 2, 2, 16, {{1, 650}, {20, 120}}, {.bias_left = 0, .bias_right = 400, .bias_by_key = true}},
};

TEST(AttentionServing, PagesGiveTheBitsOfRowsInOnePlace) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (AttentionCase c : kCases) {
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
  for (AttentionCase c : kCases) {
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
    for (const AttentionCase& c : kCases) {
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

TEST(AttentionServing, AStepOfSeveralQueriesGivesTheBitsOfSingleSteps) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    AttentionProblem p({"drafts", 4, 2, 24, {{4, 1030}}, {.mask = {.window = 900}}}, dtype);
    AttentionArgs together = p.args(false);
    attend(table, together);
    for (int64_t i = 0; i < 4; ++i) {
      std::vector<std::byte> expected = out_rows(p, together, i, 1);
      AttentionSegment single = together.segments[0];
      single.q_begin = i, single.q_length = 1, single.k_length -= 3 - i;
      AttentionArgs step = together;
      step.segments = &single;
      attend(table, step);
      EXPECT_EQ(expected, out_rows(p, step, i, 1)) << name << " query " << i;
    }
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
  step.prefix = kPartKeys + 1;
  EXPECT_EQ(parts_of({.mask = {.window = kPartKeys}}, step).count, 3);
}

}  // namespace
}  // namespace malmoi::kernels
