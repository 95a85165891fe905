// Coarse ops at the sizes of small models: experts beside a dense layer with the same active parameters, and a Mamba-2 layer
// in training and a token at a time.
#include <benchmark/benchmark.h>

#include <cstring>

#include "autograd/ops.h"
#include "base/rng.h"

namespace malmoi::autograd {
namespace {

constexpr int64_t kRows = 2048, kWidth = 768, kActive = 2048;  // inner elements that a row passes through

/// A context with memory of its own, and parameters.
struct Workplace {
  Arena arena = std::move(*Arena::create(size_t{1} << 30));
  StoragePool pool;
  Stream stream;
  std::vector<std::unique_ptr<Parameter>> parameters;
  std::vector<std::unique_ptr<DenseWeight>> weights;
  Tape tape;  // ends before the weights that its records name
  Context context;

  Workplace() {
    context.arena = &arena;
    context.pool = &pool;
    context.stream = &stream;
    context.backend = &kernels::cpu_backend();
    context.tape = &tape;
    context.dtype = DType::kBF16;
  }
  static void fill(Tensor& t) {
    Rng rng(static_cast<uint64_t>(t.elements()));
    for (int64_t i = 0; i < t.elements(); ++i) {
      float x = static_cast<float>(rng.normal() * 0.05);
      convert(&x, DType::kF32, element_at(t.data(), t.dtype(), i), t.dtype(), 1);
    }
  }
  Parameter* parameter(DType type, Shape shape) {
    parameters.push_back(std::make_unique<Parameter>());
    Parameter* p = parameters.back().get();
    p->shape = shape;
    p->compute = Tensor::zeros(type, shape);
    p->grad = Tensor::zeros(DType::kF32, shape);
    fill(p->compute);
    return p;
  }
  const Weight* weight(Parameter* p, int64_t index = 0) {
    weights.push_back(std::make_unique<DenseWeight>(*p, index));
    return weights.back().get();
  }
  Tensor rows(int64_t count, int64_t width) {
    Tensor x = context.temporary(DType::kBF16, {count, width});
    fill(x);
    return x;
  }
  Var input(const Tensor& x) { return {x, tape.new_id()}; }
  void give_grad(Var y) {  // y is not held any longer then, as in a model
    Tensor dy = context.temporary(y.value.dtype(), y.value.shape());
    std::memcpy(dy.data(), y.value.data(), dy.bytes());
    tape.give_grad(context, y.id, std::move(dy));
  }
  void backward(Var y) {
    give_grad(std::move(y));
    tape.backward(context);
    tape.clear();
    for (const auto& p : parameters) p->grad_ready = false;
  }
};

void dense_step(benchmark::State& state) {
  Workplace w;
  const Weight* up = w.weight(w.parameter(DType::kBF16, {2 * kActive, kWidth}));
  const Weight* down = w.weight(w.parameter(DType::kBF16, {kWidth, kActive}));
  Tensor x = w.rows(kRows, kWidth);
  for (auto _ : state) {
    Var inner = gated(w.context, linear(w.context, w.input(x), *up, nullptr), kernels::Activation::kSilu);
    w.backward(linear(w.context, std::move(inner), *down, nullptr));
  }
}

void experts_step(benchmark::State& state) {
  Workplace w;
  int64_t count = state.range(0), top_k = state.range(1), inner = kActive / top_k;
  std::vector<const Weight*> weights{w.weight(w.parameter(DType::kBF16, {count, kWidth}))};
  for (Shape shape : {Shape{count, 2 * inner, kWidth}, Shape{count, kWidth, inner}}) {
    Parameter* stack = w.parameter(DType::kBF16, shape);
    for (int64_t e = 0; e < count; ++e) weights.push_back(w.weight(stack, e));
  }
  ExpertsOptions options{.experts = count, .top_k = top_k, .weights = weights};
  Tensor x = w.rows(kRows, kWidth);
  for (auto _ : state) w.backward(experts(w.context, w.input(x), options));
}

/// What stands between the projections of Mamba-2's 130M layer: 24 heads of 64, a state of 128.
struct Mamba {
  static constexpr int64_t kHeads = 24, kHeadDim = 64, kState = 128, kInner = kHeads * kHeadDim;
  static constexpr int64_t kMixed = kInner + 2 * kState, kProjected = kInner + kMixed + kHeads;
  Parameter *conv, *bias, *a_log, *d, *dt_bias, *norm;
  explicit Mamba(Workplace& w)
      : conv(w.parameter(DType::kF32, {kMixed, 4})),
        bias(w.parameter(DType::kF32, {kMixed})),
        a_log(w.parameter(DType::kF32, {kHeads})),
        d(w.parameter(DType::kF32, {kHeads})),
        dt_bias(w.parameter(DType::kF32, {kHeads})),
        norm(w.parameter(DType::kF32, {kInner})) {}

  Var operator()(Context& context, Var projected, std::span<const Run> runs, std::span<float* const> conv_states,
                 std::span<float* const> states) const {
    Var mixed = causal_conv(context, {projected, kInner, kMixed}, *conv, bias, {.runs = runs, .states = conv_states});
    Var y = scan(context, {mixed, 0, kInner}, {mixed, kInner, kState}, {mixed, kInner + kState, kState},
                 {projected, kInner + kMixed, kHeads},
                 {.heads = kHeads,
                  .head_dim = kHeadDim,
                  .state_size = kState,
                  .a_log = a_log,
                  .d = d,
                  .dt_bias = dt_bias,
                  .runs = runs,
                  .states = states});
    return gated_norm(context, std::move(y), {std::move(projected), 0, kInner}, norm, {});
  }
};

void mamba_step(benchmark::State& state) {
  Workplace w;
  Mamba mamba(w);
  std::vector<Run> runs = {{0, kRows / 2}, {kRows / 2, kRows / 2}};
  Tensor projected = w.rows(kRows, Mamba::kProjected);
  for (auto _ : state) w.backward(mamba(w.context, w.input(projected), runs, {}, {}));
  state.counters["rows/s"] =
      benchmark::Counter(static_cast<double>(kRows * state.iterations()), benchmark::Counter::kIsRate);
}

void mamba_token(benchmark::State& state) {
  Workplace w;
  Mamba mamba(w);
  w.context.tape = nullptr;
  std::vector<float> conv_state(3 * Mamba::kMixed), scan_state(Mamba::kInner * Mamba::kState);
  std::vector<float*> conv_states = {conv_state.data()}, states = {scan_state.data()};
  std::vector<Run> prompt = {{0, state.range(0)}}, one = {{0, 1}};
  mamba(w.context, {w.rows(state.range(0), Mamba::kProjected), -1}, prompt, conv_states, states);
  Var token{w.rows(1, Mamba::kProjected), -1};
  for (auto _ : state) benchmark::DoNotOptimize(mamba(w.context, token, one, conv_states, states).value.data());
}

BENCHMARK(dense_step)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(experts_step)->Args({8, 2})->Args({64, 8})->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(mamba_step)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(mamba_token)->Arg(16)->Arg(1024)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace malmoi::autograd
