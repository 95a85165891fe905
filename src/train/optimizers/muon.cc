// Muon (Jordan et al. 2024): momentum of matrices, made orthogonal by Newton-Schulz iterations; AdamW for the rest.
// Embeddings and the head are matrices in shape only: they take AdamW, as the authors advise.
#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "kernels/gemm.h"
#include "kernels/kernels.h"
#include "train/optimizers/adamw.h"

namespace malmoi::train {
namespace {

bool is_hidden_matrix(const Parameter& p) {
  if (p.shape.rank() != 2) return false;
  for (const char* outer : {"embed", "wte", "wpe", "lm_head"}) {
    if (p.name.find(outer) != std::string::npos) return false;
  }
  return true;
}

struct MuonState {
  Parameter* parameter;
  Tensor momentum;
};

// Scratch of the largest matrix, shared by all.
struct Workspace {
  Tensor x, a, b, next;  // X [r, c] with r <= c; A = X X^T and B [r, r]; the next X
};

class Muon final : public Optimizer {
 public:
  Muon(const OptimizerConfig& config, const std::vector<Parameter*>& parameters) : config_(config) {
    int64_t largest = 0, square = 0;
    for (Parameter* p : parameters) {
      if (!is_hidden_matrix(*p)) {
        rest_.emplace_back(*p);
        continue;
      }
      matrices_.push_back({p, Tensor::zeros(DType::kF32, p->shape)});
      int64_t small = std::min(p->shape[0], p->shape[1]);
      largest = std::max(largest, p->shape.elements());
      square = std::max(square, small * small);
    }
    if (matrices_.empty()) return;
    work_ = {Tensor::zeros(DType::kF32, {largest}), Tensor::zeros(DType::kF32, {square}),
             Tensor::zeros(DType::kF32, {square}), Tensor::zeros(DType::kF32, {largest})};
  }

  void update(const UpdateArgs& args) override {
    double adamw_lr = config_.adamw_lr > 0 ? args.lr * config_.adamw_lr / config_.lr : args.lr;
    for (AdamWState& s : rest_) s.update(config_, args, adamw_lr);
    for (MuonState& s : matrices_) update_matrix(s, args);
  }

  std::vector<StateTensor> state() override {
    std::vector<StateTensor> list;
    for (MuonState& s : matrices_) list.push_back({s.parameter->name + "/momentum", s.momentum});
    for (AdamWState& s : rest_) {
      list.push_back({s.parameter->name + "/m", s.m});
      list.push_back({s.parameter->name + "/v", s.v});
    }
    return list;
  }

 private:
  void update_matrix(MuonState& s, const UpdateArgs& args) {
    Parameter& p = *s.parameter;
    int64_t rows = p.shape[0], cols = p.shape[1];
    bool turned = rows > cols;  // X has at most as many rows as columns
    int64_t r = turned ? cols : rows, c = turned ? rows : cols;
    const float* g = p.grad.as<float>();
    float *m = s.momentum.as<float>(), *x = work_.x.as<float>();
    auto mu = static_cast<float>(config_.momentum), scale = static_cast<float>(args.grad_scale);
    parallel_for(rows, 16, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        for (int64_t j = 0; j < cols; ++j) {
          float grad = g[i * cols + j] * scale, &momentum = m[i * cols + j];
          momentum = mu * momentum + grad;
          float direction = config_.nesterov ? grad + mu * momentum : momentum;
          x[turned ? j * rows + i : i * cols + j] = direction;
        }
      }
    });
    orthogonalise(r, c);
    const float* o = work_.x.as<float>();
    // The update's root mean square does not depend on the shape: sqrt(max(1, rows / cols)).
    double size = std::sqrt(std::max(1.0, static_cast<double>(rows) / static_cast<double>(cols)));
    auto step = static_cast<float>(args.lr * size),
         decay = static_cast<float>(p.decay ? args.lr * config_.weight_decay : 0);
    float* value = p.master.as<float>();
    BF16* copy = p.compute.dtype() == DType::kBF16 ? p.compute.as<BF16>() : nullptr;
    parallel_for(rows, 16, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        for (int64_t j = 0; j < cols; ++j) {
          float& w = value[i * cols + j];
          w -= decay * w + step * o[turned ? j * rows + i : i * cols + j];
          if (copy) copy[i * cols + j] = to_bf16(w);
        }
      }
    });
  }

  // Quintic Newton-Schulz: X <- a X + (b A + c A^2) X with A = X X^T, after X / ||X||.
  void orthogonalise(int64_t r, int64_t c) {
    constexpr float kA = 3.4445f, kB = -4.7750f, kC = 2.0315f;
    float *x = work_.x.as<float>(), *a = work_.a.as<float>(), *b = work_.b.as<float>(), *next = work_.next.as<float>();
    double norm = std::sqrt(kernels::kernels().sum_of_squares(x, r * c)) + 1e-7;
    auto inverse = static_cast<float>(1 / norm);
    parallel_for(r * c, 1 << 14, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) x[i] *= inverse;
    });
    for (int64_t iteration = 0; iteration < config_.ns_steps; ++iteration) {
      kernels::gemm(
          {.m = r, .n = r, .k = c, .a = x, .lda = c, .b = x, .ldb = c, .transpose_b = true, .c = a, .ldc = r});
      kernels::gemm({.m = r, .n = r, .k = r, .a = a, .lda = r, .b = a, .ldb = r, .c = b, .ldc = r});
      parallel_for(r * r, 1 << 14, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) b[i] = kB * a[i] + kC * b[i];
      });
      kernels::gemm({.m = r, .n = c, .k = r, .a = b, .lda = r, .b = x, .ldb = c, .c = next, .ldc = c});
      parallel_for(r * c, 1 << 14, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) x[i] = kA * x[i] + next[i];
      });
    }
  }

  OptimizerConfig config_;
  std::vector<MuonState> matrices_;
  std::vector<AdamWState> rest_;
  Workspace work_;
};

}  // namespace

std::unique_ptr<Optimizer> make_muon(const OptimizerConfig& config, std::vector<Parameter*> parameters) {
  return std::make_unique<Muon>(config, parameters);
}

}  // namespace malmoi::train
