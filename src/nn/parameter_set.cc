#include "nn/parameter_set.h"

#include "base/hash.h"
#include "base/parallel.h"
#include "base/rng.h"

namespace malmoi::nn {
namespace {

constexpr int64_t kRoundedRows = 8;  // that a thread rounds at least

}  // namespace

WeightSlot::WeightSlot(Parameter& parameter, int64_t index)
    : parameter_(&parameter), weight_(std::make_unique<autograd::DenseWeight>(parameter, index)) {}

size_t ParameterSet::Entry::bytes() const {
  if (slots.empty()) return parameter.compute.bytes();
  size_t bytes = 0;
  for (const auto& slot : slots) bytes += (*slot)->bytes();
  return bytes;
}

Parameter* ParameterSet::add(ParameterSpec spec) {
  auto entry = std::make_unique<Entry>();
  if (spec.sources.empty()) spec.sources = {{spec.name, 0, spec.shape.rank() == 1 ? spec.shape[0] : spec.shape.rows()}};
  entry->parameter.name = spec.name;
  entry->parameter.shape = spec.shape;
  entry->parameter.role = spec.role;
  entry->parameter.trainable = !spec.fixed;
  entry->spec = std::move(spec);
  entries_.push_back(std::move(entry));
  return &entries_.back()->parameter;
}

WeightSlot* ParameterSet::add_weight(ParameterSpec spec) { return add_weights(std::move(spec)).front(); }

std::vector<WeightSlot*> ParameterSet::add_weights(ParameterSpec spec) {
  int64_t count = spec.shape.rank() > 2 ? spec.shape[0] : 1;
  add(std::move(spec));
  Entry& entry = *entries_.back();
  std::vector<WeightSlot*> slots;
  for (int64_t i = 0; i < count; ++i) {
    entry.slots.push_back(std::make_unique<WeightSlot>(entry.parameter, i));
    slots.push_back(entry.slots.back().get());
  }
  return slots;
}

void ParameterSet::rename(const Parameter& parameter, const std::string& name) {
  for (auto& entry : entries_) {
    if (&entry->parameter != &parameter) continue;
    entry->spec.name = entry->parameter.name = name;
    entry->spec.sources.front().name = name;
  }
}

void ParameterSet::remove(const Parameter& parameter) {
  std::erase_if(entries_, [&](const auto& entry) { return &entry->parameter == &parameter; });
}

int64_t ParameterSet::count() const {
  int64_t n = 0;
  for (const auto& e : entries_) n += e->parameter.shape.elements();
  return n;
}

DType ParameterSet::compute_type(const Parameter& parameter) const {
  return parameter.role == Role::kVector || parameter.role == Role::kConvolution ? DType::kF32 : dtype_;
}

void ParameterSet::allocate(Purpose purpose, DType dtype) {
  dtype_ = dtype;
  rounding_ = false;
  for (auto& e : entries_) {
    Parameter& p = e->parameter;
    DType compute = compute_type(p);
    if (purpose == Purpose::kRehearsal) {
      p.compute = Tensor::view(nullptr, compute, p.shape);
      p.grad = Tensor();
    } else if (purpose == Purpose::kServing || !p.trainable) {
      if (!p.compute) p.compute = Tensor::zeros(compute, p.shape);
    } else {
      p.master = Tensor::zeros(DType::kF32, p.shape);
      p.grad = Tensor::zeros(DType::kF32, p.shape);
      p.compute = compute == DType::kF32 ? p.master : Tensor::zeros(compute, p.shape);
    }
  }
}

void ParameterSet::initialize(Entry& entry, uint64_t seed) {
  const Init& init = entry.spec.init;
  Tensor& to = entry.parameter.master ? entry.parameter.master : entry.parameter.compute;
  int64_t n = to.elements();
  Tensor made = to.dtype() == DType::kF32 ? to : Tensor::zeros(DType::kF32, to.shape());
  float* values = made.as<float>();
  uint64_t stream = hash64(entry.spec.name);
  if (init.fill) {
    init.fill(seed ^ stream, values, n);
  } else {
    parallel_for(n, 1 << 16, [&](int64_t begin, int64_t end) {
      Rng rng(seed, stream);
      for (int64_t i = begin; i < end; ++i) {
        rng.set_position(static_cast<uint64_t>(i) * 4);  // four words make one normal number
        values[i] = init.std > 0 ? static_cast<float>(rng.normal() * init.std) : init.constant;
      }
    });
  }
  for (const Source& source : entry.spec.sources) {
    if (source.std < 0 || init.std <= 0) continue;
    int64_t cols = n / to.shape().rows();
    auto factor = static_cast<float>(source.std / init.std);
    float* rows = values + source.row_begin * cols;
    for (int64_t i = 0; i < source.rows * cols; ++i) rows[i] *= factor;
  }
  if (to.dtype() != DType::kF32) convert(values, DType::kF32, to.data(), to.dtype(), static_cast<size_t>(n));
}

void ParameterSet::initialize(uint64_t seed) {
  for (auto& e : entries_) initialize(*e, seed);
  refresh_compute();
}

void ParameterSet::refresh_compute() {
  Stream stream;
  for (auto& e : entries_) {
    Parameter& p = e->parameter;
    if (p.master && p.compute.dtype() == DType::kBF16)
      kernels::cpu_backend().to_bf16(stream, {p.master.elements(), p.master.as<float>(), p.compute.as<BF16>()});
  }
  refresh_rounded();
}

void ParameterSet::begin_rounding() {
  rounding_ = true;
  for (auto& e : entries_) {
    Parameter& p = e->parameter;
    const bool shares = p.master && p.compute.data() == p.master.data();
    if (e->round && shares) p.compute = Tensor::zeros(DType::kF32, p.shape);
  }
  refresh_rounded();
}

void ParameterSet::refresh_rounded() {
  if (!rounding_) return;
  for (auto& e : entries_) {
    Parameter& p = e->parameter;
    if (!e->round || !p.master) continue;
    const auto columns = static_cast<size_t>(p.shape.columns());
    const float* values = p.master.as<float>();
    const DType type = p.compute.dtype();
    parallel_for(p.shape.rows(), kRoundedRows, [&](int64_t begin, int64_t end) {
      std::vector<float> rounded(columns);
      for (int64_t r = begin; r < end; ++r) {
        const int64_t at = r * p.shape.columns();
        e->round(r, {values + at, columns}, rounded);
        convert(rounded.data(), DType::kF32, element_at(p.compute.data(), type, at), type, columns);
      }
    });
  }
}

}  // namespace malmoi::nn
