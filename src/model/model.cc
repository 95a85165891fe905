#include "model/model.h"

#include <cmath>

#include "base/hash.h"
#include "base/parallel.h"
#include "base/rng.h"

namespace malmoi::model {

Parameter* Model::add(ParameterSpec spec) {
  if (spec.sources.empty()) spec.sources = {{spec.name, 0, spec.shape[0]}};
  auto parameter = std::make_unique<Parameter>();
  parameter->name = spec.name;
  parameter->shape = spec.shape;
  parameter->decay = spec.shape.rank() >= 2;
  parameters_.push_back(std::move(parameter));
  specs_.push_back(std::move(spec));
  return parameters_.back().get();
}

nn::Linear Model::add_linear(ParameterSpec weight, Parameter* bias) {
  nn::Linear linear;
  linear.weight = std::make_unique<autograd::DenseWeight>(*add(std::move(weight)));
  linear.bias = bias;
  return linear;
}

Tensor Model::logits(Context& context, const Tensor& hidden) const {
  Tensor logits = context.temporary(DType::kF32, {hidden.shape().rows(), vocab_size_});
  head_->product(context, hidden, logits, nullptr);
  if (logit_softcap_ > 0) {
    context.run("soft cap", 0, [&] {
      float* p = logits.as<float>();
      for (int64_t i = 0; i < logits.elements(); ++i) p[i] = logit_softcap_ * std::tanh(p[i] / logit_softcap_);
    });
  }
  return logits;
}

autograd::HeadLoss Model::loss(Context& context, const Var& hidden, autograd::HeadLossOptions options) const {
  options.softcap = logit_softcap_;
  return autograd::head_loss(context, hidden, *head_, options);
}

int64_t Model::parameter_count() const {
  int64_t n = 0;
  for (const auto& p : parameters_) n += p->shape.elements();
  return n;
}

double Model::training_flops_per_token(int64_t sequence_length) const {
  double weights = static_cast<double>(head_->in_features() * head_->out_features());
  const auto* tied = dynamic_cast<const autograd::DenseWeight*>(head_.get());
  for (const auto& p : parameters_) {
    bool is_product = p->shape.rank() == 2 && p->name.find("embed") == std::string::npos &&
                      p->name.find("wte") == std::string::npos && p->name.find("wpe") == std::string::npos;
    if (is_product && !(tied && &tied->parameter() == p.get())) weights += static_cast<double>(p->shape.elements());
  }
  double attention =
      12.0 * static_cast<double>(num_layers_ * attention_width_) * static_cast<double>(sequence_length) / 2;
  return 6 * weights + attention;
}

void Model::allocate(Purpose purpose, DType dtype) {
  dtype_ = dtype;
  for (auto& p : parameters_) {
    // Vectors (norms, biases) are read by kernels in f32 whatever the products' type.
    DType compute = p->shape.rank() >= 2 ? dtype : DType::kF32;
    if (purpose == Purpose::kRehearsal) {
      p->compute = Tensor::view(nullptr, compute, p->shape);
      p->grad = Tensor();
      continue;
    }
    if (purpose == Purpose::kServing) {
      if (!p->compute) p->compute = Tensor::zeros(compute, p->shape);
      continue;
    }
    p->master = Tensor::zeros(DType::kF32, p->shape);
    p->grad = Tensor::zeros(DType::kF32, p->shape);
    p->compute = compute == DType::kF32 ? p->master : Tensor::zeros(compute, p->shape);
  }
}

void Model::initialize(uint64_t seed) {
  for (size_t i = 0; i < parameters_.size(); ++i) {
    Parameter& p = *parameters_[i];
    const ParameterSpec& spec = specs_[i];
    uint64_t stream = hash64(spec.name);
    float* values = p.master.as<float>();
    parallel_for(p.master.elements(), 1 << 16, [&](int64_t begin, int64_t end) {
      Rng rng(seed, stream);
      for (int64_t j = begin; j < end; ++j) {
        rng.set_position(static_cast<uint64_t>(j) * 4);  // four words make one normal number
        values[j] = spec.init_std > 0 ? static_cast<float>(rng.normal() * spec.init_std) : spec.init_constant;
      }
    });
  }
  refresh_compute();
}

void Model::refresh_compute() {
  for (auto& p : parameters_) {
    if (p->compute.dtype() == DType::kBF16)
      kernels::kernels().to_bf16(p->master.as<float>(), p->compute.as<BF16>(), p->master.elements());
  }
}

}  // namespace malmoi::model
