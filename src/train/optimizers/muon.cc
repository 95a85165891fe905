// Muon (Jordan et al. 2024): momentum of the layers' matrices, made orthogonal by Newton-Schulz iterations; AdamW for the
// rest. Embeddings and the head are matrices in shape only: they take AdamW, as the authors advise.
#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "kernels/gemm.h"
#include "kernels/kernels.h"
#include "train/optimizers/adamw.h"

namespace malmoi::train {
namespace {

// The authors' coefficients of the quintic iteration, and the least norm that it divides by.
constexpr float kA = 3.4445f, kB = -4.7750f, kC = 2.0315f;
constexpr double kLeastNorm = 1e-7;

bool is_layer_matrix(const Entry& entry) {
  const nn::Role role = entry.spec.role;
  return role == nn::Role::kMatrix || role == nn::Role::kExperts || role == nn::Role::kBlocks;
}

struct MuonState {
  Parameter* parameter;
  std::vector<Part> parts;  // each a matrix
  Tensor momentum;
};

// Scratch of the largest matrix [r, c], shared by all; `small` is min(r, c).
struct Workspace {
  Tensor direction;                 // f32 [r, c]: what is made orthogonal, and what comes out
  Tensor x, next;                   // [r, c], of the type of products
  Tensor gram, polynomial, square;  // [small, small], the last in f32
};

class Muon final : public Optimizer {
 public:
  Muon(const OptimizerConfig& config, const std::vector<Entry*>& entries) : config_(config) {
    int64_t largest = 0, square = 0;
    for (Entry* entry : entries) {
      if (!is_layer_matrix(*entry)) {
        rest_.emplace_back(entry->parameter);
        continue;
      }
      matrices_.push_back({&entry->parameter, parts_of(entry->spec), Tensor::zeros(DType::kF32, entry->spec.shape)});
      for (const Part& part : matrices_.back().parts) {
        int64_t small = std::min(part.rows, part.columns);
        largest = std::max(largest, part.elements());
        square = std::max(square, small * small);
      }
    }
    if (matrices_.empty()) return;
    in_bf16_ = kernels::has_bf16_products() && compute_copy(*matrices_[0].parameter);
    const DType type = in_bf16_ ? DType::kBF16 : DType::kF32;
    work_ = {Tensor::zeros(DType::kF32, {largest}), Tensor::zeros(type, {largest}),
             Tensor::zeros(type, {largest}),        Tensor::zeros(type, {square}),
             Tensor::zeros(type, {square}),         Tensor::zeros(DType::kF32, {square})};
  }

  void update(const UpdateArgs& args) override {
    double adamw_lr = config_.lr > 0 ? args.lr * config_.adamw_lr / config_.lr : 0;
    for (AdamWState& s : rest_) s.update(config_, args, adamw_lr);
    for (MuonState& s : matrices_) {
      if (!s.parameter->grad_ready) continue;
      for (const Part& part : s.parts) update_matrix(s, part, args);
    }
  }

  std::vector<StateTensor> state() override {
    std::vector<StateTensor> list;
    for (MuonState& s : matrices_) list.push_back({s.parameter->name + "/momentum", s.momentum});
    for (const AdamWState& s : rest_) s.append_to(list);
    return list;
  }

 private:
  // m = mu m + (1 - mu) g; the direction is (1 - mu) g + mu m (Nesterov) or m.
  void fill_direction(MuonState& s, const Part& part, const UpdateArgs& args) {
    const float* g = s.parameter->grad.as<float>() + part.begin;
    float *m = s.momentum.as<float>() + part.begin, *x = work_.direction.as<float>();
    const auto mu = static_cast<float>(config_.momentum), fresh = (1 - mu) * static_cast<float>(args.grad_scale);
    const float of_momentum = config_.nesterov ? mu : 1, of_gradient = config_.nesterov ? fresh : 0;
    parallel_for(part.elements(), kElementGrain, [&](int64_t begin, int64_t end) {
#pragma omp simd
      for (int64_t i = begin; i < end; ++i) {
        m[i] = mu * m[i] + fresh * g[i];
        x[i] = of_gradient * g[i] + of_momentum * m[i];
      }
    });
  }

  // So that the update's size does not depend on the matrix' shape, or is that of AdamW's (Liu et al. 2025).
  double scale_of(const Part& part) const {
    auto rows = static_cast<double>(part.rows), columns = static_cast<double>(part.columns);
    return config_.match_rms_adamw ? 0.2 * std::sqrt(std::max(rows, columns))
                                   : std::sqrt(std::max(1.0, rows / columns));
  }

  void update_matrix(MuonState& s, const Part& part, const UpdateArgs& args) {
    fill_direction(s, part, args);
    if (in_bf16_) orthogonalise<BF16>(part);
    else orthogonalise<float>(part);
    Parameter& p = *s.parameter;
    const float* o = work_.direction.as<float>();
    const double lr = args.lr * p.rate;
    const auto step = static_cast<float>(lr * scale_of(part));
    const auto kept = static_cast<float>(1 - lr * decay_of(config_, p));
    float* value = p.master.as<float>() + part.begin;
    parallel_for(part.elements(), kElementGrain, [&](int64_t begin, int64_t end) {
#pragma omp simd
      for (int64_t i = begin; i < end; ++i) value[i] = kept * value[i] - step * o[i];
    });
    if (BF16* copy = compute_copy(p))
      kernels::cpu_backend().to_bf16(stream_, {.n = part.elements(), .x = value, .y = copy + part.begin});
  }

  // The direction over its norm, as products read it.
  template <typename T>
  void fill_x(const Part& part) {
    const kernels::Backend& backend = kernels::cpu_backend();
    float* direction = work_.direction.as<float>();
    double squares = 0;
    backend.sum_of_squares(stream_, {.n = part.elements(), .x = direction, .sum = &squares});
    const auto inverse = static_cast<float>(1 / std::max(std::sqrt(squares), kLeastNorm));
    float* scaled = std::is_same_v<T, BF16> ? direction : work_.x.as<float>();
    parallel_for(part.elements(), kElementGrain, [&](int64_t begin, int64_t end) {
#pragma omp simd
      for (int64_t i = begin; i < end; ++i) scaled[i] = direction[i] * inverse;
    });
    if constexpr (std::is_same_v<T, BF16>)
      backend.to_bf16(stream_, {.n = part.elements(), .x = scaled, .y = work_.x.as<BF16>()});
  }

  // Quintic Newton-Schulz: X <- P X with P = a I + b A + c A^2 and A = X X^T, after X / ||X||; of a matrix of more rows than
  // columns X <- X P with A = X^T X, which is the same. A and P have the smaller size.
  template <typename T>
  void orthogonalise(const Part& part) {
    constexpr DType kType = std::is_same_v<T, BF16> ? DType::kBF16 : DType::kF32;
    const kernels::Backend& backend = kernels::cpu_backend();
    const int64_t r = part.rows, c = part.columns, small = std::min(r, c);
    const bool tall = r > c;
    fill_x<T>(part);
    T *x = work_.x.as<T>(), *next = work_.next.as<T>(), *a = work_.gram.as<T>(), *p = work_.polynomial.as<T>();
    for (int64_t iteration = 0; iteration < config_.ns_steps; ++iteration) {
      backend.gemm(stream_, {.m = small,
                             .n = small,
                             .k = std::max(r, c),
                             .a = x,
                             .a_type = kType,
                             .lda = c,
                             .transpose_a = tall,
                             .b = x,
                             .b_type = kType,
                             .ldb = c,
                             .transpose_b = !tall,
                             .c = a,
                             .c_type = kType,
                             .ldc = small});
      backend.gemm(stream_, {.m = small,
                             .n = small,
                             .k = small,
                             .a = a,
                             .a_type = kType,
                             .lda = small,
                             .b = a,
                             .b_type = kType,
                             .ldb = small,
                             .c = work_.square.data(),
                             .ldc = small});
      fill_polynomial(small, a, p);
      const bool last = iteration + 1 == config_.ns_steps;
      backend.gemm(stream_, {.m = r,
                             .n = c,
                             .k = small,
                             .a = tall ? x : p,
                             .a_type = kType,
                             .lda = tall ? c : small,
                             .b = tall ? p : x,
                             .b_type = kType,
                             .ldb = c,
                             .c = last ? work_.direction.data() : next,
                             .c_type = last ? DType::kF32 : kType,
                             .ldc = c});
      std::swap(x, next);
    }
  }

  template <typename T>
  void fill_polynomial(int64_t size, const T* a, T* p) {
    const float* square = work_.square.as<float>();
    parallel_for(size, kRowGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        for (int64_t j = 0; j < size; ++j) {
          const int64_t at = i * size + j;
          const float value = kB * to_float(a[at]) + kC * square[at] + (i == j ? kA : 0);
          if constexpr (std::is_same_v<T, BF16>) p[at] = to_bf16(value);
          else p[at] = value;
        }
      }
    });
  }

  static float to_float(float value) { return value; }
  static float to_float(BF16 value) { return malmoi::to_float(value); }

  OptimizerConfig config_;
  std::vector<MuonState> matrices_;
  std::vector<AdamWState> rest_;
  bool in_bf16_ = false;  // the iterations: where products of the model are, and the CPU multiplies bf16 by itself
  Workspace work_;
  Stream stream_;
};

void read_muon(ConfigReader& reader, OptimizerConfig& config) {
  read_adamw(reader, config);
  config.momentum = reader.number("momentum", 0.95, 0, 1);
  config.nesterov = reader.boolean("nesterov", true);
  config.ns_steps = reader.integer("ns_steps", 5, 1, 20);
  config.match_rms_adamw = reader.choice("scale", {"original", "match_rms_adamw"}, 0) == 1;
  config.adamw_lr = reader.number("adamw_lr", 0, 0, 100);
  if (!reader.has("adamw_lr"))
    reader.fail("adamw_lr", "is missing", "name the rate of embeddings, head and vectors, such as 1e-3");
}

size_t muon_state_elements(const OptimizerConfig&, const Entry& entry) {
  return (is_layer_matrix(entry) ? 1 : 2) * static_cast<size_t>(entry.spec.shape.elements());
}

std::unique_ptr<Optimizer> make_muon(const OptimizerConfig& config, std::vector<Entry*> entries) {
  return std::make_unique<Muon>(config, entries);
}

}  // namespace

extern const OptimizerEntry muon_optimizer{
    .name = "muon", .read = read_muon, .default_lr = 0.02, .state_elements = muon_state_elements, .make = make_muon};

}  // namespace malmoi::train
