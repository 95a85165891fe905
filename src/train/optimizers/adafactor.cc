// Adafactor (Shazeer & Stern 2018), as torch.optim.Adafactor has it: with w = t^beta2_decay, a matrix keeps the means of its
// squared gradients by rows R and by columns C, V = R C / mean(R); a vector keeps V whole. u = g / sqrt(V);
// p -= max(eps2, rms(p)) min(lr, 1 / sqrt(t)) u / max(1, rms(u) / clip_threshold), after p *= 1 - lr decay.
#include <algorithm>
#include <cmath>

#include "train/optimizers/common.h"

namespace malmoi::train {
namespace {

// A published tensor and its second moment: rows and columns of a matrix, or every element (a matrix of one column).
struct FactoredState {
  Parameter* parameter;
  Part part;
  bool factored;
  Tensor rows, columns;  // the second one of matrices alone
};

class Adafactor final : public Optimizer {
 public:
  Adafactor(const OptimizerConfig& config, const std::vector<Entry*>& entries) : config_(config) {
    for (Entry* entry : entries) {
      bool factored = entry->spec.shape.rank() >= 2;
      for (const Part& part : parts_of(entry->spec)) {
        states_.push_back({&entry->parameter, part, factored, Tensor::zeros(DType::kF32, {part.rows}),
                           factored ? Tensor::zeros(DType::kF32, {part.columns}) : Tensor()});
      }
    }
  }

  void update(const UpdateArgs& args) override {
    for (FactoredState& s : states_) {
      if (s.parameter->grad_ready) update_part(s, args);
    }
  }

  std::vector<StateTensor> state() override {
    std::vector<StateTensor> list;
    for (FactoredState& s : states_) {
      std::string name = s.parameter->name + "/" + std::to_string(s.part.begin);
      list.push_back({name + "/rows", s.rows});
      if (s.factored) list.push_back({name + "/columns", s.columns});
    }
    return list;
  }

 private:
  // The sum over all elements (i, j) of a part, row by row, so that its bits do not depend on the threads.
  template <typename Term>
  double sum(const Part& part, const Term& term) {
    row_sums_.resize(static_cast<size_t>(part.rows));
    parallel_for(part.rows, kRowGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        double row = 0;
        for (int64_t j = 0; j < part.columns; ++j) row += term(i, j);
        row_sums_[static_cast<size_t>(i)] = row;
      }
    });
    double total = 0;
    for (double row : row_sums_) total += row;
    return total;
  }

  // R and C take up the clipped gradient's squares.
  void update_moments(FactoredState& s, double weight, double grad_scale) {
    const Part& part = s.part;
    const float* g = s.parameter->grad.as<float>() + part.begin;
    auto square = [&](int64_t i, int64_t j) {
      double x = static_cast<double>(g[i * part.columns + j]) * grad_scale;
      return x * x;
    };
    auto mix = [&](float& moment, double mean) {
      moment = static_cast<float>((1 - weight) * static_cast<double>(moment) + weight * mean);
    };
    sum(part, square);
    for (int64_t i = 0; i < part.rows; ++i)
      mix(s.rows.as<float>()[i], row_sums_[static_cast<size_t>(i)] / static_cast<double>(part.columns));
    if (!s.factored) return;
    parallel_for(part.columns, kRowGrain, [&](int64_t begin, int64_t end) {
      for (int64_t j = begin; j < end; ++j) {
        double column = 0;
        for (int64_t i = 0; i < part.rows; ++i) column += square(i, j);
        mix(s.columns.as<float>()[j], column / static_cast<double>(part.rows));
      }
    });
  }

  void update_part(FactoredState& s, const UpdateArgs& args) {
    const Part& part = s.part;
    auto t = static_cast<double>(args.update), n = static_cast<double>(part.elements());
    update_moments(s, std::pow(t, config_.beta2_decay), args.grad_scale);
    const float *rows = s.rows.as<float>(), *columns = s.factored ? s.columns.as<float>() : nullptr;
    double mean = 0;
    for (int64_t i = 0; i < part.rows; ++i) mean += static_cast<double>(rows[i]);
    mean = std::max(mean / static_cast<double>(part.rows), config_.eps1);
    const float* g = s.parameter->grad.as<float>() + part.begin;
    float* p = s.parameter->master.as<float>() + part.begin;
    const double least = config_.eps1 * config_.eps1;
    auto u = [&](int64_t i, int64_t j) {
      double v = static_cast<double>(rows[i]);
      if (columns) v *= static_cast<double>(columns[j]) / mean;
      return static_cast<double>(g[i * part.columns + j]) * args.grad_scale / std::sqrt(std::max(v, least));
    };
    auto squared = [](double x) { return x * x; };
    double size_p =
        sum(part, [&](int64_t i, int64_t j) { return squared(static_cast<double>(p[i * part.columns + j])); });
    double size_u = sum(part, [&](int64_t i, int64_t j) { return squared(u(i, j)); });
    const double lr = args.lr * s.parameter->rate;
    double alpha = std::max(config_.eps2, std::sqrt(size_p / n)) * std::min(lr, 1 / std::sqrt(t));
    double step = alpha / std::max(1.0, std::sqrt(size_u / n) / config_.clip_threshold);
    double keep = 1 - lr * decay_of(config_, *s.parameter);
    BF16* copy = compute_copy(*s.parameter);
    if (copy) copy += part.begin;
    parallel_for(part.rows, kRowGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        for (int64_t j = 0; j < part.columns; ++j) {
          float& w = p[i * part.columns + j];
          w = static_cast<float>(static_cast<double>(w) * keep - step * u(i, j));
          if (copy) copy[i * part.columns + j] = to_bf16(w);
        }
      }
    });
  }

  OptimizerConfig config_;
  std::vector<FactoredState> states_;
  std::vector<double> row_sums_;
};

void read_adafactor(ConfigReader& reader, OptimizerConfig& config) {
  std::vector<double> eps = reader.numbers("eps", {config.eps1, config.eps2});
  if (eps.size() != 2 || !(eps[0] > 0 && eps[1] >= 0)) {
    reader.fail("eps", "two numbers were expected, the first above 0");
  } else {
    config.eps1 = eps[0];
    config.eps2 = eps[1];
  }
  config.clip_threshold = reader.number("clip_threshold", 1, 1e-6, 1e6);
  config.beta2_decay = reader.number("beta2_decay", -0.8, -10, 0);
  config.weight_decay = reader.number("weight_decay", 0, 0, 100);
}

size_t adafactor_state_elements(const OptimizerConfig&, const Entry& entry) {
  size_t n = 0;
  for (const Part& part : parts_of(entry.spec))
    n += static_cast<size_t>(part.rows + (entry.spec.shape.rank() >= 2 ? part.columns : 0));
  return n;
}

std::unique_ptr<Optimizer> make_adafactor(const OptimizerConfig& config, std::vector<Entry*> entries) {
  return std::make_unique<Adafactor>(config, entries);
}

}  // namespace

extern const OptimizerEntry adafactor_optimizer{.name = "adafactor",
                                                .read = read_adafactor,
                                                .default_lr = 1e-2,
                                                .state_elements = adafactor_state_elements,
                                                .make = make_adafactor};

}  // namespace malmoi::train
