// Walks op_table(): every op's backward against finite differences in f64 (on the oracle), and its forward and backward
// on every instruction set and activation type against f64.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "autograd/ops.h"
#include "base/rng.h"

namespace malmoi::autograd {
namespace {

using kernels::Activation;

// One value that is moved by h: element `element` of the which-th input or parameter.
struct Disturbance {
  bool parameter = false;
  size_t which = 0, element = 0;
  double h = 0;
};

// Everything an op under test needs, in one type of numbers.
struct Bench {
  DType dtype;
  Disturbance disturbance;
  size_t inputs_made = 0;
  Arena arena = std::move(*Arena::create(64 << 20));
  StoragePool pool;
  Tape tape;
  Context context;
  std::vector<std::unique_ptr<Parameter>> parameters;

  Bench(DType type, const kernels::KernelTable& table) : dtype(type) {
    context.arena = &arena;
    context.pool = &pool;
    context.tape = &tape;
    context.dtype = type;
    context.kernels = &table;
  }
  DType parameter_type(Shape shape) const {
    if (dtype == DType::kF64) return DType::kF64;
    return shape.rank() == 2 ? dtype : DType::kF32;
  }
  Parameter* parameter(uint64_t stream, Shape shape, double offset = 0) {
    auto p = std::make_unique<Parameter>();
    p->shape = shape;
    p->compute = Tensor::zeros(parameter_type(shape), shape);
    p->grad = Tensor::zeros(dtype == DType::kF64 ? DType::kF64 : DType::kF32, shape);
    fill(p->compute, stream, offset);
    disturb(p->compute, true, parameters.size());
    parameters.push_back(std::move(p));
    return parameters.back().get();
  }
  Var input(uint64_t stream, Shape shape) {
    Tensor x = context.temporary(dtype, shape);
    fill(x, stream, 0);
    disturb(x, false, inputs_made++);
    return {x, tape.new_id()};
  }
  void disturb(Tensor& t, bool parameter, size_t which) const {
    if (disturbance.h != 0 && disturbance.parameter == parameter && disturbance.which == which)
      t.as<double>()[disturbance.element] += disturbance.h;
  }
  // Values that bf16 holds exactly, so that all types see the same numbers.
  static void fill(Tensor& t, uint64_t stream, double offset) {
    Rng rng(11, stream);
    for (int64_t i = 0; i < t.elements(); ++i) {
      double x = to_float(to_bf16(static_cast<float>(rng.normal() * 0.7 + offset)));
      convert(&x, DType::kF64, static_cast<std::byte*>(t.data()) + static_cast<size_t>(i) * dtype_size(t.dtype()),
              t.dtype(), 1);
    }
  }
};

std::vector<double> values_of(const Tensor& t) {
  std::vector<double> out(static_cast<size_t>(t.elements()));
  convert(t.data(), t.dtype(), out.data(), DType::kF64, out.size());
  return out;
}

// An op under test: builds its inputs (as Vars on the tape) and its result.
struct Case {
  OpKind kind;
  const char* name;
  std::function<std::vector<Var>(Bench&, std::vector<Var>& inputs)> run;
};

const std::vector<int32_t> kIds = {3, 1, 3, 0, 4, 3};
const std::vector<int32_t> kPositions = {0, 1, 2, 0, 1, 2};
const std::vector<Run> kRuns = {{0, 3}, {3, 3}};

struct RotaryTables {
  std::vector<float> cos, sin;
  RotaryTables() {
    for (int p = 0; p < 3; ++p)
      for (int i = 0; i < 2; ++i)
        cos.push_back(std::cos(static_cast<float>(p) / (1 + i))),
            sin.push_back(std::sin(static_cast<float>(p) / (1 + i)));
  }
};
const RotaryTables kTables;

std::vector<Var> norm_case(Bench& b, std::vector<Var>& in, const NormOptions& options, bool bias, bool delta) {
  in = {b.input(1, {6, 8})};
  if (delta) in.push_back(b.input(2, {6, 8}));
  Normed n = residual_norm(b.context, in[0], delta ? in[1] : Var{}, b.parameter(3, {8}, 1),
                           bias ? b.parameter(4, {8}) : nullptr, options);
  return {n.normed, n.sum};
}

BlockIo small_block(Context& context, const void* model, int64_t, const void*, BlockIo io) {
  auto* weight = static_cast<const DenseWeight*>(model);
  Normed n = residual_norm(context, io.x, io.delta, nullptr, nullptr, {});
  return {n.sum, linear(context, n.normed, *weight, nullptr)};
}

const std::vector<Case>& cases() {
  static std::vector<std::unique_ptr<DenseWeight>> weights;  // live as long as the records that name them
  auto weight = [](Parameter* p) -> const DenseWeight& {
    weights.push_back(std::make_unique<DenseWeight>(*p));
    return *weights.back();
  };
  static const std::vector<Case> list = {
      {OpKind::kEmbedding, "embedding with positions",
       [](Bench& b, std::vector<Var>&) {
         return std::vector<Var>{
             embedding(b.context, *b.parameter(1, {5, 8}), b.parameter(2, {3, 8}),
                       {.ids = kIds.data(), .positions = kPositions.data(), .rows = 6, .scale = 1})};
       }},
      {OpKind::kNorm, "rms norm of a sum",
       [](Bench& b, std::vector<Var>& in) { return norm_case(b, in, {}, false, true); }},
      {OpKind::kNorm, "rms norm with offset",
       [](Bench& b, std::vector<Var>& in) { return norm_case(b, in, {.weight_offset = 1}, false, false); }},
      {OpKind::kNorm, "layer norm",
       [](Bench& b, std::vector<Var>& in) { return norm_case(b, in, {.layer = true}, true, true); }},
      {OpKind::kNorm, "layer norm with dropout",
       [](Bench& b, std::vector<Var>& in) {
         b.context.training = true;
         return norm_case(b, in, {.layer = true, .dropout = 0.3f}, true, true);
       }},
      {OpKind::kLinear, "linear with bias",
       [weight](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8})};
         return std::vector<Var>{linear(b.context, in[0], weight(b.parameter(2, {5, 8})), b.parameter(3, {5}))};
       }},
      {OpKind::kLinear, "two linears of one input",
       [weight](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8})};
         return std::vector<Var>{linear(b.context, in[0], weight(b.parameter(2, {5, 8})), nullptr),
                                 linear(b.context, in[0], weight(b.parameter(3, {4, 8})), nullptr)};
       }},
      {OpKind::kActivation, "gelu",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8})};
         return std::vector<Var>{activation(b.context, in[0], Activation::kGelu)};
       }},
      {OpKind::kActivation, "gelu tanh",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8})};
         return std::vector<Var>{activation(b.context, in[0], Activation::kGeluTanh)};
       }},
      {OpKind::kActivation, "silu",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8})};
         return std::vector<Var>{activation(b.context, in[0], Activation::kSilu)};
       }},
      {OpKind::kActivation, "tanh",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8})};
         return std::vector<Var>{activation(b.context, in[0], Activation::kTanh)};
       }},
      {OpKind::kGated, "swiglu",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8})};
         return std::vector<Var>{gated(b.context, in[0], Activation::kSilu)};
       }},
      {OpKind::kGated, "geglu",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 8})};
         return std::vector<Var>{gated(b.context, in[0], Activation::kGeluTanh)};
       }},
      {OpKind::kRotary, "rotary by halves",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 12})};
         // Rotation is in place: the op works on a copy so that the input can be disturbed.
         Tensor copy = b.context.temporary(b.dtype, {6, 12});
         convert(in[0].value.data(), b.dtype, copy.data(), b.dtype, 72);
         return std::vector<Var>{rotary(b.context, {copy, in[0].id},
                                        {.heads = 2,
                                         .head_dim = 4,
                                         .rotary_dim = 4,
                                         .positions = kPositions.data(),
                                         .cos = kTables.cos.data(),
                                         .sin = kTables.sin.data()})};
       }},
      {OpKind::kAttention, "causal, grouped queries, two runs",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 32})};
         return std::vector<Var>{
             attention(b.context, in[0], {.heads = 4, .kv_heads = 2, .head_dim = 4, .scale = 0.5f, .runs = kRuns})};
       }},
      {OpKind::kAttention, "window and soft cap",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 24})};
         return std::vector<Var>{attention(
             b.context, in[0],
             {.heads = 2, .kv_heads = 2, .head_dim = 4, .scale = 0.5f, .softcap = 2, .window = 2, .runs = kRuns})};
       }},
      {OpKind::kAttention, "bidirectional with dropout",
       [](Bench& b, std::vector<Var>& in) {
         b.context.training = true;
         in = {b.input(1, {6, 24})};
         return std::vector<Var>{attention(b.context, in[0],
                                           {.heads = 2,
                                            .kv_heads = 2,
                                            .head_dim = 4,
                                            .scale = 0.5f,
                                            .causal = false,
                                            .dropout = 0.25f,
                                            .runs = kRuns})};
       }},
      {OpKind::kBlock, "a block run twice",
       [weight](Bench& b, std::vector<Var>& in) {
         b.context.checkpointing = Checkpointing::kBlock;
         in = {b.input(1, {6, 8}), b.input(2, {6, 8})};
         BlockIo io = block(b.context, small_block, &weight(b.parameter(3, {8, 8})), 0, nullptr, {in[0], in[1]});
         return std::vector<Var>{io.x, io.delta};
       }},
  };
  return list;
}

// A fixed weighting of the outputs makes one number of them; its gradient at the outputs is the weighting.
double weight_at(size_t output, size_t i) {
  return std::sin(1.0 + static_cast<double>(output) * 3.1 + static_cast<double>(i) * 0.7);
}

struct Outcome {
  std::vector<std::vector<double>> outputs, input_grads, parameter_grads;
};

Outcome run_case(const Case& c, DType dtype, const kernels::KernelTable& table, bool backward) {
  Bench b(dtype, table);
  std::vector<Var> inputs;
  std::vector<Var> outputs = c.run(b, inputs);
  Outcome outcome;
  for (const Var& out : outputs) outcome.outputs.push_back(values_of(out.value));
  if (!backward) return outcome;
  for (size_t o = 0; o < outputs.size(); ++o) {
    Tensor g = b.context.temporary(dtype, outputs[o].value.shape());
    for (size_t i = 0; i < outcome.outputs[o].size(); ++i) {
      double w = to_float(to_bf16(static_cast<float>(weight_at(o, i))));
      convert(&w, DType::kF64, static_cast<std::byte*>(g.data()) + i * dtype_size(dtype), dtype, 1);
    }
    b.tape.give_grad(b.context, outputs[o].id, g);
  }
  outputs.clear();
  b.tape.backward(b.context);
  for (const Var& in : inputs) outcome.input_grads.push_back(values_of(b.tape.take_grad(in.id)));
  for (const auto& p : b.parameters) outcome.parameter_grads.push_back(values_of(p->grad));
  return outcome;
}

TEST(Ops, EveryOpOfTheTableHasACase) {
  for (size_t i = 0; i < op_table().size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(op_table()[i].kind), i) << op_table()[i].name << " stands in the order of OpKind";
    bool found = false;
    for (const Case& c : cases()) found |= c.kind == op_table()[i].kind;
    EXPECT_TRUE(found) << op_table()[i].name;
  }
}

// The weighted sum of the outputs in f64, with one value moved.
double disturbed_loss(const Case& c, const Disturbance& disturbance) {
  Bench b(DType::kF64, kernels::reference_kernels());
  b.disturbance = disturbance;
  std::vector<Var> inputs;
  std::vector<Var> outputs = c.run(b, inputs);
  double sum = 0;
  for (size_t o = 0; o < outputs.size(); ++o) {
    std::vector<double> v = values_of(outputs[o].value);
    for (size_t i = 0; i < v.size(); ++i) sum += v[i] * to_float(to_bf16(static_cast<float>(weight_at(o, i))));
  }
  return sum;
}

void check_gradient(const Case& c, bool parameter, size_t which, const std::vector<double>& gradient) {
  constexpr double kStep = 1e-5;
  for (size_t i = 0; i < gradient.size(); ++i) {
    double up = disturbed_loss(c, {parameter, which, i, kStep}),
           down = disturbed_loss(c, {parameter, which, i, -kStep});
    double numeric = (up - down) / (2 * kStep);
    // Constants of the ops are f32, so their own rounding enters at 1e-7 of the values.
    EXPECT_NEAR(gradient[i], numeric, 2e-6 * std::max(1.0, std::abs(numeric)))
        << c.name << ": " << (parameter ? "parameter " : "input ") << which << ", element " << i;
  }
}

TEST(Ops, BackwardIsTheDerivativeInF64) {
  for (const Case& c : cases()) {
    Outcome o = run_case(c, DType::kF64, kernels::reference_kernels(), true);
    for (size_t k = 0; k < o.input_grads.size(); ++k) check_gradient(c, false, k, o.input_grads[k]);
    for (size_t k = 0; k < o.parameter_grads.size(); ++k) check_gradient(c, true, k, o.parameter_grads[k]);
  }
}

void expect_close(const std::vector<std::vector<double>>& got, const std::vector<std::vector<double>>& want,
                  double tolerance, const std::string& what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  for (size_t k = 0; k < got.size(); ++k) {
    double scale = 0.1;  // rounding is relative to the largest value that went into a sum
    for (double x : want[k]) scale = std::max(scale, std::abs(x));
    ASSERT_EQ(got[k].size(), want[k].size()) << what;
    for (size_t i = 0; i < got[k].size(); ++i)
      EXPECT_NEAR(got[k][i], want[k][i], tolerance * scale) << what << " " << k << ", element " << i;
  }
}

TEST(Ops, EveryInstructionSetAgreesWithTheOracle) {
  for (Isa isa : {Isa::kBaseline, Isa::kAvx2, Isa::kAvx512}) {
    const kernels::KernelTable* table = kernels::kernel_table(isa);
    if (!table || isa > detected_isa()) continue;
    for (const Case& c : cases()) {
      Outcome want = run_case(c, DType::kF64, kernels::reference_kernels(), true);
      for (DType type : {DType::kF32, DType::kBF16}) {
        Outcome got = run_case(c, type, *table, true);
        std::string what =
            std::string(c.name) + " on " + std::string(isa_name(isa)) + " in " + std::string(dtype_name(type));
        double tolerance = type == DType::kF32 ? 2e-5 : 0.04;
        expect_close(got.outputs, want.outputs, tolerance, what + ", output");
        expect_close(got.input_grads, want.input_grads, tolerance, what + ", input gradient");
        expect_close(got.parameter_grads, want.parameter_grads, tolerance, what + ", parameter gradient");
      }
    }
  }
}

// Softmax cross-entropy of h W^T by hand.
double plain_loss(const std::vector<double>& h, const std::vector<double>& w, size_t rows, size_t vocab, size_t width,
                  const std::vector<int32_t>& targets) {
  double sum = 0;
  for (size_t r = 0; r < rows; ++r) {
    if (targets[r] < 0) continue;
    std::vector<double> logits(vocab, 0);
    double total = 0;
    for (size_t v = 0; v < vocab; ++v) {
      for (size_t k = 0; k < width; ++k) logits[v] += h[r * width + k] * w[v * width + k];
      total += std::exp(logits[v]);
    }
    sum += std::log(total) - logits[static_cast<size_t>(targets[r])];
  }
  return sum;
}

TEST(HeadLoss, LossAndGradientsAreThoseOfTheWholeLogits) {
  constexpr size_t kRows = 7, kVocab = 9, kWidth = 4;
  const std::vector<int32_t> targets = {3, -1, 8, 0, -1, 3, 5};  // -1: masked
  Bench b(DType::kF64, kernels::reference_kernels());
  Var h = b.input(1, {kRows, kWidth});
  Parameter* w = b.parameter(2, {kVocab, kWidth});
  DenseWeight weight(*w);
  std::vector<double> hv = values_of(h.value), wv = values_of(w->compute);
  HeadLoss loss = head_loss(b.context, h, weight, {.targets = targets, .scale = 0.2});
  EXPECT_EQ(loss.counted, 5);
  EXPECT_NEAR(loss.sum, plain_loss(hv, wv, kRows, kVocab, kWidth, targets), 1e-5);
  std::vector<double> dh = values_of(b.tape.take_grad(h.id)), dw = values_of(w->grad);
  auto numeric = [&](std::vector<double>& place, size_t i) {
    constexpr double kStep = 1e-5;
    double kept = place[i];
    place[i] = kept + kStep;
    double up = plain_loss(hv, wv, kRows, kVocab, kWidth, targets);
    place[i] = kept - kStep;
    double down = plain_loss(hv, wv, kRows, kVocab, kWidth, targets);
    place[i] = kept;
    return 0.2 * (up - down) / (2 * kStep);
  };
  for (size_t i = 0; i < dh.size(); ++i) EXPECT_NEAR(dh[i], numeric(hv, i), 1e-6) << "hidden " << i;
  for (size_t i = 0; i < dw.size(); ++i) EXPECT_NEAR(dw[i], numeric(wv, i), 1e-6) << "weight " << i;
}

TEST(Tape, NothingIsLeftInTheArenaAfterTheBackwardPass) {
  for (const Case& c : cases()) {
    Bench b(DType::kF32, kernels::kernels());
    std::vector<Var> inputs, outputs = c.run(b, inputs);
    Tensor g = b.context.temporary(DType::kF32, outputs[0].value.shape());
    std::memset(g.data(), 0, g.bytes());
    b.tape.give_grad(b.context, outputs[0].id, g);
    g = Tensor();
    outputs.clear();
    inputs.clear();
    b.tape.backward(b.context);
    b.tape.clear();
    EXPECT_EQ(b.arena.in_use(), 0u) << c.name;
  }
}

}  // namespace
}  // namespace malmoi::autograd
