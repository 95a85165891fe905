// The probabilities of disentangled attention: every instruction set against the oracle.
#include "kernels/test_support.h"

namespace malmoi::kernels {
namespace {

/// The numbers of one head of one run, twice.
struct Problem {
  static constexpr int32_t kFirstRow = 3;
  int64_t length, positions;
  Twin scores, to, from, p, dp;
  std::vector<int32_t> rows;
  std::vector<uint8_t> mask;

  Problem(int64_t length_, int64_t positions_)
      : length(length_),
        positions(positions_),
        scores(DType::kF32, length_ * length_, 1),
        to(DType::kF32, length_ * positions_, 2),
        from(DType::kF32, length_ * positions_, 3),
        p(Twin::zeros(DType::kF32, length_ * length_)),
        dp(DType::kF32, length_ * length_, 4) {
    for (int64_t d = 0; d < 2 * length - 1; ++d)
      rows.push_back(kFirstRow + static_cast<int32_t>(std::min(d, positions - 1)));
    for (int64_t i = 0; i < length; ++i) mask.push_back(i % 4 != 2);
  }

  DisentangledArgs args(bool oracle, bool parts, const Dropout& dropout) {
    auto at = [&](Twin& t) { return oracle ? t.oracle() : t.data(); };
    return {.dtype = oracle ? DType::kF64 : DType::kF32,
            .length = length,
            .positions = positions,
            .rows = rows.data(),
            .first_row = kFirstRow,
            .key_mask = parts ? mask.data() : nullptr,
            .scale = 0.4f,
            .scores = at(scores),
            .to_position = parts ? at(to) : nullptr,
            .from_position = at(from),
            .p = at(p),
            .dropout = dropout,
            .first_element = 5};
  }
};

TEST(Disentangled, EveryInstructionSetAgreesWithTheOracle) {
  for (const Backend* table : testable_tables()) {
    for (int64_t length : {1, 7, 33, 70}) {
      for (bool parts : {false, true}) {
        for (const Dropout& dropout : kDropouts) {
          Problem problem(length, 2 * length - 1 - length / 3);
          const std::string what = std::string(table->name) + " of " + std::to_string(length);
          table->disentangled(stream(), problem.args(false, parts, dropout));
          reference_backend().disentangled(stream(), problem.args(true, parts, dropout));
          problem.p.expect_close(what + " p", 1e-6);
          problem.scores.expect_close(what + " softmax", 1e-6);
          auto backward = [&](bool oracle) {
            return DisentangledBackwardArgs{.forward = problem.args(oracle, parts, dropout),
                                            .dp = oracle ? problem.dp.oracle() : problem.dp.data()};
          };
          table->disentangled_backward(stream(), backward(false));
          reference_backend().disentangled_backward(stream(), backward(true));
          problem.scores.expect_close(what + " scores", 2e-6);
          problem.from.expect_close(what + " from positions", 1e-5);
          problem.to.expect_close(what + " to positions", 1e-5);
        }
      }
    }
  }
}

}  // namespace
}  // namespace malmoi::kernels
