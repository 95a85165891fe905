#include "train/optimizers/common.h"

#include <algorithm>

namespace malmoi::train {

std::vector<Part> parts_of(const nn::ParameterSpec& spec) {
  const int64_t columns = spec.shape.rank() == 1 ? 1 : spec.shape.columns();
  std::vector<Part> parts;
  for (const nn::Source& source : spec.sources) {
    int64_t rows = source.rows;
    if (spec.role == nn::Role::kExperts || spec.role == nn::Role::kBlocks)
      rows = std::min(rows, spec.shape[spec.shape.rank() - 2]);
    for (int64_t done = 0; done < source.rows; done += rows)
      parts.push_back({(source.row_begin + done) * columns, rows, columns});
  }
  return parts;
}

void read_betas(ConfigReader& reader, OptimizerConfig& config, double beta1, double beta2) {
  std::vector<double> betas = reader.numbers("betas", {beta1, beta2});
  auto fits = [](double beta) { return beta >= 0 && beta < 1; };
  if (betas.size() != 2 || !fits(betas[0]) || !fits(betas[1])) {
    reader.fail("betas", "two numbers in [0, 1) were expected");
    return;
  }
  config.beta1 = betas[0];
  config.beta2 = betas[1];
}

}  // namespace malmoi::train
