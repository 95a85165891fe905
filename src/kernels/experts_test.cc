// Experts and rows by index: every instruction set against the oracle, and the oracle's gradients against differences.
#include <numeric>

#include "kernels/gradient_check.h"

namespace malmoi::kernels {
namespace {

/// Buffers of one routing.
struct Routing {
  int64_t rows, experts, top_k;
  DType dtype;
  RouterScores scores = RouterScores::kSoftmax;
  int64_t groups = 1, top_groups = 1, group_best = 1;
  bool biased = false;
  Twin logits, probabilities, weights, sums, bias, ranks;
  std::vector<int32_t> ids, slot_row, slot_of, offsets, choices;
  std::vector<uint8_t> counted;

  Routing(int64_t r, int64_t e, int64_t k, DType type)
      : rows(r),
        experts(e),
        top_k(k),
        dtype(type),
        logits(type, r * e, 1),
        probabilities(Twin::zeros(DType::kF32, r * e)),
        weights(Twin::zeros(DType::kF32, r * k)),
        sums(Twin::zeros(DType::kF32, e)),
        bias(DType::kF32, e, 8, 0.3),
        ranks(Twin::zeros(DType::kF32, r * e)),
        ids(static_cast<size_t>(r * k)),
        slot_row(ids.size()),
        slot_of(ids.size()),
        offsets(static_cast<size_t>(e + 1)),
        choices(static_cast<size_t>(e)) {
    for (int64_t i = 0; i < r; ++i) counted.push_back(i % 5 != 3);
  }

  RouteArgs args(bool oracle, bool renormalise, bool masked) {
    return {.dtype = oracle ? DType::kF64 : dtype,
            .rows = rows,
            .experts = experts,
            .top_k = top_k,
            .scores = scores,
            .renormalise = renormalise,
            .scale = 1.25f,
            .groups = groups,
            .top_groups = top_groups,
            .group_best = group_best,
            .choice_bias = biased ? bias.side(oracle) : nullptr,
            .logits = logits.side(oracle),
            .probabilities = probabilities.side(oracle),
            .ranks = biased || groups > 1 ? ranks.side(oracle) : nullptr,
            .ids = ids.data(),
            .weights = weights.side(oracle),
            .slot_row = slot_row.data(),
            .slot_of = slot_of.data(),
            .offsets = offsets.data(),
            .counted = masked ? counted.data() : nullptr,
            .probability_sums = sums.side(oracle),
            .choices = choices.data()};
  }
};

void check_route(const Backend& table, Routing& r, bool renormalise, bool masked, const std::string& what) {
  table.route(stream(), r.args(false, renormalise, masked));
  auto integers = [&] { return std::vector<std::vector<int32_t>>{r.ids, r.slot_row, r.slot_of, r.offsets, r.choices}; };
  std::vector<std::vector<int32_t>> got = integers();
  reference_backend().route(stream(), r.args(true, renormalise, masked));
  EXPECT_EQ(got, integers()) << what;
  r.probabilities.expect_close(what + " probabilities", 1e-6);
  r.weights.expect_close(what + " weights", 2e-6);
  r.sums.expect_close(what + " sums", 1e-5);
  r.probabilities.sync();
  r.weights.sync();

  Twin dweights(DType::kF32, r.rows * r.top_k, 2), shared(DType::kF32, r.experts, 3);
  Twin dlogits = Twin::zeros(r.dtype, r.rows * r.experts);
  for (int terms = 1; terms < 4; ++terms) {
    auto backward = [&](bool oracle) {
      return RouteBackwardArgs{.forward = r.args(oracle, renormalise, masked),
                               .dweights = terms & 1 ? dweights.side(oracle) : nullptr,
                               .dprobabilities = terms & 2 ? shared.side(oracle) : nullptr,
                               .dlogits = dlogits.side(oracle)};
    };
    table.route_backward(stream(), backward(false));
    reference_backend().route_backward(stream(), backward(true));
    dlogits.expect_close(what + " dlogits of terms " + std::to_string(terms), 5e-6);
  }
}

TEST(Experts, RoutingAgreesWithTheOracle) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (auto [rows, experts, top_k] :
         {std::array<int64_t, 3>{50, 8, 2}, {33, 19, 4}, {4, 1, 1}, {9, 3, 3}, {700, 64, 8}, {0, 4, 2}}) {
      for (int flags = 0; flags < 4; ++flags) {
        Routing r(rows, experts, top_k, dtype);
        check_route(table, r, flags & 1, flags & 2, name + " route of " + std::to_string(experts) + " experts");
      }
    }
  });
}

// As published: of the best groups by their best (DeepSeek-V2), by two with sigmoids and a bias (DeepSeek-V3), and between.
constexpr struct {
  int64_t rows, experts, top_k;
  RouterScores scores;
  int64_t groups, top_groups, group_best;
  bool biased;
} kGroupedRouters[] = {{60, 20, 6, RouterScores::kSoftmax, 5, 3, 1, false},
                       {60, 32, 8, RouterScores::kSigmoid, 8, 4, 2, true},
                       {33, 7, 2, RouterScores::kSigmoid, 1, 1, 1, true},
                       {33, 6, 2, RouterScores::kSigmoid, 1, 1, 1, false},
                       {20, 6, 2, RouterScores::kSoftmax, 3, 1, 2, true}};

Routing grouped_routing(size_t which, DType dtype, int64_t most_rows = 100) {
  const auto& router = kGroupedRouters[which];
  Routing r(std::min(router.rows, most_rows), router.experts, router.top_k, dtype);
  r.scores = router.scores;
  r.groups = router.groups;
  r.top_groups = router.top_groups;
  r.group_best = router.group_best;
  r.biased = router.biased;
  return r;
}

TEST(Experts, RoutingByGroupsAndSigmoidsAgreesWithTheOracle) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (size_t i = 0; i < std::size(kGroupedRouters); ++i) {
      for (int flags = 0; flags < 4; ++flags) {
        Routing r = grouped_routing(i, dtype);
        check_route(table, r, flags & 1, flags & 2, name + " grouped router " + std::to_string(i));
      }
    }
  });
}

TEST(Experts, ABiasChoosesAndDoesNotWeigh) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    Routing r(1, 4, 1, dtype);
    r.scores = RouterScores::kSigmoid;
    r.biased = true;
    for (int64_t e = 0; e < 4; ++e) {
      r.logits.at(e) = static_cast<double>(e);
      r.bias.at(e) = e == 1 ? 0.5 : 0;
    }
    r.logits.sync();
    r.bias.sync();
    table.route(stream(), r.args(false, false, false));
    EXPECT_EQ(r.ids[0], 1) << name;
    EXPECT_NEAR(r.weights.values()[0], 1.25 / (1 + std::exp(-1.0)), 1e-6) << name;
  });
}

// The best expert of all stands in a group whose two best are worse than those of another.
TEST(Experts, AGroupIsAsGoodAsItsBestTogether) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    Routing r(1, 4, 1, dtype);
    const double logits[] = {2, -8, 1, 1};
    for (int64_t e = 0; e < 4; ++e) r.logits.at(e) = logits[e];
    r.logits.sync();
    r.scores = RouterScores::kSigmoid;
    r.groups = 2;
    for (int64_t best : {1, 2}) {
      r.group_best = best;
      table.route(stream(), r.args(false, false, false));
      EXPECT_EQ(r.ids[0], best == 1 ? 0 : 2) << name;
    }
  });
}

TEST(Experts, EqualLogitsGoToTheLowestIndexAndEveryRowHasItsSlots) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    Routing r(6, 5, 2, dtype);
    for (int64_t i = 0; i < r.logits.size(); ++i) r.logits.at(i) = 0.5;
    r.logits.sync();
    table.route(stream(), r.args(false, true, false));
    EXPECT_EQ(r.offsets, (std::vector<int32_t>{0, 6, 12, 12, 12, 12})) << name;
    EXPECT_EQ(r.slot_row, (std::vector<int32_t>{0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5})) << name;
    for (double w : r.weights.values()) EXPECT_NEAR(w, 1.25 / 2, 1e-6);
  });
}

TEST(Experts, NoLogitMakesAnIdThatIsNoExpert) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (bool grouped : {false, true}) {
      Routing r(4, 6, 3, dtype);
      if (grouped) {
        r.groups = 2;
        r.group_best = 2;
        r.biased = true;
        r.scores = RouterScores::kSigmoid;
      }
      for (int64_t i = 0; i < 12; ++i) r.logits.at(i) = NAN;
      r.logits.at(14) = INFINITY;
      r.logits.sync();
      table.route(stream(), r.args(false, true, false));
      for (int64_t row = 0; row < 4; ++row) {
        std::vector<int32_t> ids(r.ids.begin() + row * 3, r.ids.begin() + (row + 1) * 3);
        std::sort(ids.begin(), ids.end());
        EXPECT_TRUE(ids[0] >= 0 && ids[0] < ids[1] && ids[1] < ids[2] && ids[2] < 6) << name << " row " << row;
      }
      EXPECT_EQ(r.offsets.back(), 12) << name;
    }
  });
}

void check_route_gradient(Routing& r) {
  for (int flags = 0; flags < 4; ++flags) {
    bool renormalise = flags & 1, masked = flags & 2;
    Values logits = random_values(r.rows * r.experts, 4), dweights = random_values(r.rows * r.top_k, 5);
    Values shared = random_values(r.experts, 6), dlogits(logits.size());
    RouteArgs a = r.args(true, renormalise, masked);
    a.logits = logits.data();
    auto forward = [&] {
      oracle().route(stream(), a);
      const double *weights = static_cast<double*>(r.weights.oracle()), *sums = static_cast<double*>(r.sums.oracle());
      return std::inner_product(dweights.begin(), dweights.end(), weights, 0.0) +
             std::inner_product(shared.begin(), shared.end(), sums, 0.0);
    };
    forward();
    oracle().route_backward(stream(), {a, dweights.data(), shared.data(), dlogits.data()});
    expect_gradient("logits", logits, dlogits, forward);
  }
}

TEST(Experts, RouteGradientsOfTheOracle) {
  Routing plain(6, 5, 2, DType::kF64);
  check_route_gradient(plain);
  for (size_t i = 0; i < std::size(kGroupedRouters); ++i) {
    Routing r = grouped_routing(i, DType::kF64, 6);
    check_route_gradient(r);
  }
}

TEST(Experts, RowsByIndexAgreeWithTheOracle) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (int64_t cols : {1, 37, 512}) {
      constexpr int64_t kSources = 23, kRows = 61;
      Twin x(dtype, kSources * cols, 1), y = Twin::zeros(dtype, kRows * cols), dx = Twin::zeros(dtype, x.size());
      std::vector<int32_t> index;
      Rng rng(4);
      for (int64_t i = 0; i < kRows; ++i) index.push_back(static_cast<int32_t>(rng.below(uint64_t{kSources})) - 1);
      table.gather_rows(stream(), {dtype, kRows, cols, x.data(), index.data(), y.data()});
      reference_backend().gather_rows(stream(), {DType::kF64, kRows, cols, x.oracle(), index.data(), y.oracle()});
      y.expect_close(name + " gathered rows", 0, 0);
      TestScratch scratch(gather_rows_backward_scratch(kRows, kSources));
      table.gather_rows_backward(stream(),
                                 {dtype, kRows, kSources, cols, index.data(), y.data(), dx.data(), scratch.get()});
      reference_backend().gather_rows_backward(
          stream(), {DType::kF64, kRows, kSources, cols, index.data(), y.oracle(), dx.oracle(), nullptr});
      dx.expect_close(name + " gathered rows backward", 1e-5);
    }
  });
}

TEST(Experts, CombiningAgreesWithTheOracle) {
  each_kernel([&](const Backend& table, DType dtype, const std::string& name) {
    for (bool weighted : {true, false}) {
      constexpr int64_t kRows = 40, kTopK = 3, kCols = 67;
      Routing r(kRows, 7, kTopK, dtype);
      reference_backend().route(stream(), r.args(true, true, false));
      r.weights.sync();
      Twin x(dtype, kRows * kTopK * kCols, 2), y = Twin::zeros(dtype, kRows * kCols), dy(dtype, kRows * kCols, 3);
      Twin dx = Twin::zeros(dtype, x.size()), dweights = Twin::zeros(DType::kF32, kRows * kTopK);
      auto args = [&](bool oracle) {
        return CombineRowsArgs{.dtype = oracle ? DType::kF64 : dtype,
                               .rows = kRows,
                               .cols = kCols,
                               .top_k = kTopK,
                               .x = x.side(oracle),
                               .slot_of = r.slot_of.data(),
                               .weights = weighted ? r.weights.side(oracle) : nullptr,
                               .y = y.side(oracle)};
      };
      table.combine_rows(stream(), args(false));
      reference_backend().combine_rows(stream(), args(true));
      y.expect_close(name + " combined", 2e-6);
      table.combine_rows_backward(stream(), {args(false), dy.data(), dx.data(), dweights.data()});
      reference_backend().combine_rows_backward(stream(), {args(true), dy.oracle(), dx.oracle(), dweights.oracle()});
      dx.expect_close(name + " combined dx", 1e-6);
      dweights.expect_close(name + " combined dweights", 5e-5);
      table.combine_rows_backward(stream(), {args(false), dy.data(), x.data(), dweights.data()});
      EXPECT_EQ(x.values(), dx.values()) << name << ": dx may be x";
    }
  });
}

TEST(Experts, RowGradientsOfTheOracle) {
  constexpr int64_t kRows = 4, kTopK = 2, kCols = 3, kSlots = kRows * kTopK;
  Routing r(kRows, 3, kTopK, DType::kF64);
  oracle().route(stream(), r.args(true, true, false));
  Values x = random_values(kSlots * kCols, 1), weights = random_values(kSlots, 2), y(kRows * kCols);
  Values dy = random_values(kRows * kCols, 3), dx(x.size()), dweights(weights.size());
  CombineRowsArgs a{DType::kF64, kRows, kCols, kTopK, x.data(), r.slot_of.data(), weights.data(), y.data()};
  auto combine = [&] {
    oracle().combine_rows(stream(), a);
    return dot(y, dy);
  };
  oracle().combine_rows_backward(stream(), {a, dy.data(), dx.data(), dweights.data()});
  expect_gradient("x", x, dx, combine);
  expect_gradient("weights", weights, dweights, combine);

  std::vector<int32_t> index = {2, -1, 0, 2, 2};
  Values source = random_values(3 * kCols, 4), rows(5 * kCols), drows = random_values(5 * kCols, 5), dsource(9);
  auto gather = [&] {
    oracle().gather_rows(stream(), {DType::kF64, 5, kCols, source.data(), index.data(), rows.data()});
    return dot(rows, drows);
  };
  oracle().gather_rows_backward(stream(),
                                {DType::kF64, 5, 3, kCols, index.data(), drows.data(), dsource.data(), nullptr});
  expect_gradient("gathered", source, dsource, gather);
}

}  // namespace
}  // namespace malmoi::kernels
