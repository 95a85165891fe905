// Attention of every instruction set against the oracle: masks, widths, groups, caches, biases, sinks, packed segments.
#include "base/parallel.h"
#include "kernels/attention_problem.h"

namespace malmoi::kernels {
namespace {

const AttentionCase kCases[] = {
    {"small", 2, 2, 8, {{5, 5}}},
    {"one token", 1, 1, 16, {{1, 1}}},
    {"odd head", 2, 1, 7, {{9, 9}, {33, 33}}},
    {"blocks", 2, 2, 64, {{150, 150}}},
    {"wide head", 1, 1, 96, {{70, 70}}},
    {"bidirectional", 2, 2, 20, {{67, 67}, {10, 10}}, {.mask = {.causal = false}}},
    {"cross", 2, 2, 16, {{12, 140}, {60, 7}}, {.mask = {.causal = false}}},
    {"cache", 4, 2, 32, {{7, 135}, {1, 300}, {3, 64}, {50, 190}}},
    {"window", 2, 2, 16, {{200, 200}, {31, 31}}, {.mask = {.window = 17}}},
    {"window 1", 1, 1, 16, {{70, 70}}, {.mask = {.window = 1}}},
    {"window and cache", 2, 1, 16, {{3, 150}, {60, 300}}, {.mask = {.window = 40}}},
    {"window to both sides", 2, 1, 16, {{210, 210}, {3, 150}, {20, 9}}, {.mask = {.causal = false, .window = 21}}},
    {"endless window",
     1,
     1,
     8,
     {{70, 80}, {2, 9}, {20, 5, 0, 3}},
     {.mask = {.causal = false, .window = INT64_MAX, .chunk = INT64_MAX}}},
    {"chunks", 2, 2, 16, {{200, 200}, {3, 90}, {60, 130}}, {.mask = {.chunk = 37}}},
    {"chunks from the middle",
     2,
     1,
     16,
     {{100, 140, 0, 61}, {1, 50, 0, 1000}, {70, 30, 0, 5}},
     {.mask = {.chunk = 48}}},
    {"chunks to both sides", 1, 1, 16, {{130, 130, 0, 7}, {2, 60}}, {.mask = {.causal = false, .chunk = 20}}},
    {"chunks and window", 1, 1, 16, {{130, 150}, {4, 90}}, {.mask = {.window = 15, .chunk = 40}}},
    {"prefix", 2, 1, 16, {{150, 150, 60}, {3, 40, 39}, {20, 20}, {9, 9, 50}}},
    {"prefix and window", 2, 1, 16, {{200, 220, 5}, {2, 300, 70}, {60, 60, 60}}, {.mask = {.window = 30}}},
    {"prefix and chunks",
     1,
     1,
     16,
     {{200, 200, 50}, {1, 300, 20}},
     {.mask = {.window = 25, .chunk = 64}, .key_mask = true}},
    {"queries before all keys", 1, 1, 8, {{20, 10}, {3, 1}}},
    {"groups", 6, 2, 24, {{100, 100}, {49, 49}}},
    {"softcap", 2, 2, 16, {{80, 80}}, {.softcap = 3}},
    {"dropout", 3, 1, 16, {{70, 70}, {2, 90}}, {.dropout = 0.2f}},
    {"key masks", 2, 2, 16, {{64, 64}, {20, 20}, {2, 33}}, {.mask = {.causal = false}, .key_mask = true}},
    {"narrow values", 2, 2, 40, {{100, 100}, {3, 77}}, {.value_dim = 17}},
    {"wide values", 4, 2, 9, {{100, 120}, {2, 30}}, {.value_dim = 70}},
    {"bias by distance", 3, 1, 16, {{100, 130}, {3, 90}, {20, 20}}, {.bias_left = 50, .bias_right = 0}},
    {"bias to both sides",
     2,
     2,
     12,
     {{120, 120}, {4, 60}},
     {.mask = {.causal = false}, .bias_left = 13, .bias_right = 9}},
    {"bias of one entry", 1, 1, 8, {{66, 66}, {1, 7}}, {.bias_left = 0, .bias_right = 0}},
    {"bias by key",
     3,
     1,
     16,
     {{100, 130, 0, 40}, {3, 90}, {20, 20}, {1, 700}},
     {.bias_left = 0, .bias_right = 150, .bias_by_key = true}},
    {"sinks", 4, 2, 16, {{100, 120}, {2, 90}, {20, 10}}, {.sinks = true}},
    {"many parts",
     4,
     2,
     16,
     {{1, 1700}, {4, 1100}, {3, 513}, {2, 512}},
     {.sinks = true, .bias_left = 3, .bias_right = 0}},
    {"parts of a window", 2, 1, 8, {{2, 2100, 30}, {4, 1026}}, {.mask = {.window = 600}}},
    {"parts of a mask", 1, 1, 8, {{2, 1300}}, {.mask = {.causal = false}, .dropout = 0.1f, .key_mask = true}},
    {"everything",
     4,
     2,
     18,
     {{130, 170, 20}, {17, 17}, {2, 700, 3, 9}},
     {.value_dim = 25,
      .mask = {.window = 50, .chunk = 90},
      .softcap = 2,
      .dropout = 0.1f,
      .key_mask = true,
      .sinks = true,
      .bias_left = 20,
      .bias_right = 10}},
    {"empty segments",
     2,
     2,
     8,
     {{0, 0}, {6, 6}, {0, 5}, {5, 0}, {2, 0}},
     {.sinks = true, .bias_left = 2, .bias_right = 2}},
};

const AttentionCase& case_named(const std::string& name) {
  return *std::find_if(std::begin(kCases), std::end(kCases), [&](const AttentionCase& c) { return c.name == name; });
}

void run(const Backend& table, AttentionProblem& p, bool oracle) {
  p.forward(table, oracle);
  p.backward(table, oracle);
}

TEST(Attention, AgreesWithTheOracle) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (const AttentionCase& c : kCases) {
      AttentionProblem p(c, dtype);
      run(reference_backend(), p, true);
      run(table, p, false);
      std::string what = name + " " + c.name;
      bool half = dtype == DType::kBF16;
      p.out.expect_close(what + " out", half ? 0.02 : 1e-5);
      p.lse.expect_close(what + " lse", half ? 1e-4 : 1e-5);
      double slack = half ? 0.05 : 5e-5;
      p.dq.expect_close(what + " dq", slack);
      p.dk.expect_close(what + " dk", slack);
      p.dv.expect_close(what + " dv", slack);
      // Sums over all pairs of a distance: their roundings add up like the root of their number.
      p.dbias.expect_close(what + " dbias", half ? 0.2 : 3e-4);
      p.dsinks.expect_close(what + " dsinks", half ? 0.2 : 3e-4);
    }
  });
}

TEST(Attention, RepeatsToTheBit) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    AttentionProblem p(case_named("groups"), dtype);
    run(table, p, false);
    auto before = p.results();
    run(table, p, false);
    EXPECT_EQ(before, p.results()) << name;
  });
}

TEST(Attention, DoesNotDependOnTheNumberOfThreads) {
  int threads = num_threads();
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (const char* which : {"groups", "many parts", "everything"}) {
      AttentionProblem alone(case_named(which), dtype), team(case_named(which), dtype);
      set_num_threads(1);
      run(table, alone, false);
      set_num_threads(3);
      run(table, team, false);
      EXPECT_EQ(alone.results(), team.results()) << name << " " << which;
    }
  });
  set_num_threads(threads);
}

}  // namespace
}  // namespace malmoi::kernels
