// Muon (Jordan et al. 2024): momentum of the layers' matrices, made orthogonal by Newton-Schulz iterations; AdamW for the
// rest. Embeddings and the head are matrices in shape only: they take AdamW, as the authors advise.
#include <algorithm>
#include <cmath>

#include "kernels/kernels.h"
#include "train/optimizers/adamw.h"

namespace malmoi::train {
namespace {

// The authors' coefficients of the quintic iteration, and the least norm that it divides by.
constexpr float kA = 3.4445f, kB = -4.7750f, kC = 2.0315f;
constexpr double kLeastNorm = 1e-7;
constexpr int64_t kRowGrain = 16;

bool is_layer_matrix(const Entry& entry) {
  const nn::Role role = entry.spec.role;
  return role == nn::Role::kMatrix || role == nn::Role::kExperts || role == nn::Role::kBlocks;
}

struct MuonState {
  Parameter* parameter;
  std::vector<Part> parts;  // each a matrix
  Tensor momentum;
};

// Scratch of the largest matrix, shared by all.
struct Workspace {
  Tensor x, a, b, next;  // X [r, c] with r <= c; A = X X^T and B [r, r]; the next X
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
    work_ = {Tensor::zeros(DType::kF32, {largest}), Tensor::zeros(DType::kF32, {square}),
             Tensor::zeros(DType::kF32, {square}), Tensor::zeros(DType::kF32, {largest})};
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
  // m = mu m + (1 - mu) g; X = (1 - mu) g + mu m (Nesterov) or m, turned so that it has at most as many rows as columns.
  void fill_direction(MuonState& s, const Part& part, const UpdateArgs& args, bool turned) {
    const float* g = s.parameter->grad.as<float>() + part.begin;
    float *m = s.momentum.as<float>() + part.begin, *x = work_.x.as<float>();
    auto mu = static_cast<float>(config_.momentum), scale = static_cast<float>(args.grad_scale);
    bool nesterov = config_.nesterov;
    parallel_for(part.rows, kRowGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        for (int64_t j = 0; j < part.columns; ++j) {
          float fresh = (1 - mu) * g[i * part.columns + j] * scale;
          float& momentum = m[i * part.columns + j];
          momentum = mu * momentum + fresh;
          x[turned ? j * part.rows + i : i * part.columns + j] = nesterov ? fresh + mu * momentum : momentum;
        }
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
    const bool turned = part.rows > part.columns;
    fill_direction(s, part, args, turned);
    orthogonalise(std::min(part.rows, part.columns), std::max(part.rows, part.columns));
    Parameter& p = *s.parameter;
    const float* o = work_.x.as<float>();
    auto step = static_cast<float>(args.lr * scale_of(part));
    auto decay = static_cast<float>(args.lr * decay_of(config_, p));
    float* value = p.master.as<float>() + part.begin;
    BF16* copy = compute_copy(p);
    if (copy) copy += part.begin;
    parallel_for(part.rows, kRowGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        for (int64_t j = 0; j < part.columns; ++j) {
          float& w = value[i * part.columns + j];
          w -= decay * w + step * o[turned ? j * part.rows + i : i * part.columns + j];
          if (copy) copy[i * part.columns + j] = to_bf16(w);
        }
      }
    });
  }

  // Quintic Newton-Schulz: X <- a X + (b A + c A^2) X with A = X X^T, after X / ||X||.
  void orthogonalise(int64_t r, int64_t c) {
    const kernels::Backend& backend = kernels::cpu_backend();
    float *x = work_.x.as<float>(), *a = work_.a.as<float>(), *b = work_.b.as<float>(), *next = work_.next.as<float>();
    double squares = 0;
    backend.sum_of_squares(stream_, {.n = r * c, .x = x, .sum = &squares});
    auto inverse = static_cast<float>(1 / std::max(std::sqrt(squares), kLeastNorm));
    parallel_for(r * c, kElementGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) x[i] *= inverse;
    });
    for (int64_t iteration = 0; iteration < config_.ns_steps; ++iteration) {
      backend.gemm(stream_,
                   {.m = r, .n = r, .k = c, .a = x, .lda = c, .b = x, .ldb = c, .transpose_b = true, .c = a, .ldc = r});
      backend.gemm(stream_, {.m = r, .n = r, .k = r, .a = a, .lda = r, .b = a, .ldb = r, .c = b, .ldc = r});
      parallel_for(r * r, kElementGrain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) b[i] = kB * a[i] + kC * b[i];
      });
      backend.gemm(stream_, {.m = r, .n = c, .k = r, .a = b, .lda = r, .b = x, .ldb = c, .c = next, .ldc = c});
      parallel_for(r * c, kElementGrain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) x[i] = kA * x[i] + next[i];
      });
    }
  }

  OptimizerConfig config_;
  std::vector<MuonState> matrices_;
  std::vector<AdamWState> rest_;
  Workspace work_;
  Stream stream_;
};

void read(ConfigReader& reader, OptimizerConfig& config) {
  read_adamw(reader, config);
  config.momentum = reader.number("momentum", 0.95, 0, 1);
  config.nesterov = reader.boolean("nesterov", true);
  config.ns_steps = reader.integer("ns_steps", 5, 1, 20);
  config.match_rms_adamw = reader.choice("scale", {"original", "match_rms_adamw"}, 0) == 1;
  config.adamw_lr = reader.number("adamw_lr", 0, 0, 100);
  if (!reader.has("adamw_lr"))
    reader.fail("adamw_lr", "is missing", "name the rate of embeddings, head and vectors, such as 1e-3");
}

size_t state_elements(const OptimizerConfig&, const Entry& entry) {
  return (is_layer_matrix(entry) ? 1 : 2) * static_cast<size_t>(entry.spec.shape.elements());
}

std::unique_ptr<Optimizer> make(const OptimizerConfig& config, std::vector<Entry*> entries) {
  return std::make_unique<Muon>(config, entries);
}

}  // namespace

extern const OptimizerEntry muon_optimizer{
    .name = "muon", .read = read, .default_lr = 0.02, .state_elements = state_elements, .make = make};

}  // namespace malmoi::train
