#include "model/model.h"

#include <cmath>

#include "autograd/adapted_weight.h"
#include "base/parallel.h"

namespace malmoi::model {

Var Backbone::encode(Context&, const nn::Batch&) const { return {}; }
void Backbone::remember(Context&, const Var&, const nn::Batch&) const {}

Var Head::features(Context&, Var hidden, const nn::Batch&) const { return hidden; }

Status Model::check_files() const {
  for (const auto& files : files_) MALMOI_TRY(files->check_files());
  return {};
}

void Model::untie_head() {
  const Shape table = head->weight->parameter().shape;
  head->weight = parameters.add_weight({.name = tied_head.tensor, .shape = table, .role = nn::Role::kHead});
  if (!tied_head.field.empty()) config_[tied_head.field] = false;
  if (!tied_head.bias.empty()) parameters.rename(*head->bias, tied_head.bias);
  tied_head = {};
}

void Model::separate_head() {
  if (!head || tied_head.tensor.empty()) return;
  head_slot_ = std::make_unique<nn::WeightSlot>(head->weight->parameter());
  nn::WeightSlot& words = *head->weight;
  words.wrap([&](std::unique_ptr<autograd::Weight> table) {
    std::shared_ptr<const autograd::Weight> shared = std::move(table);
    head_slot_->bind(std::make_unique<autograd::AdaptedWeight>(shared));
    return std::make_unique<autograd::AdaptedWeight>(std::move(shared));
  });
  head->weight = head_slot_.get();
}

void Model::tie_head() {
  const Parameter& own = head->weight->parameter();
  TiedHead tied{.tensor = own.name, .field = ""};
  head->weight = tied_head.words;
  parameters.remove(own);
  tied_head = std::move(tied);
}

void Model::set_vocab_size(int64_t tokens) {
  sizes.vocab_size = tokens;
  config_["vocab_size"] = tokens;
}

void Model::refresh_compute() {
  parameters.refresh_compute();
  if (adapter) adapter->parameters.refresh_compute();
  if (companion) companion->parameters.refresh_compute();
}

Var Model::features(Context& context, const nn::Batch& batch) const {
  return head->features(context, backbone->forward(context, batch), batch);
}

Tensor Model::logits(Context& context, const Tensor& features) const {
  const Shape shape = {features.shape().rows(), outputs()};
  Tensor logits = context.temporary(DType::kF32, shape);
  if (context.statistics_type() == DType::kF32) {
    (*head->weight)->product(context, features, logits, head->bias);
  } else {  // the oracle's products are of one type
    Tensor exact = context.temporary(context.statistics_type(), shape);
    (*head->weight)->product(context, features, exact, head->bias);
    context.step("convert", 0, [&] {
      convert(exact.data(), exact.dtype(), logits.data(), DType::kF32, static_cast<size_t>(exact.elements()));
    });
  }
  if (head->logit_scale == 1 && head->softcap <= 0) return logits;
  context.step("scale logits", 0, [&] {
    float *p = logits.as<float>(), scale = head->logit_scale, cap = head->softcap;
    parallel_for(logits.elements(), 1 << 14, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        p[i] *= scale;
        if (cap > 0) p[i] = cap * std::tanh(p[i] / cap);
      }
    });
  });
  return logits;
}

autograd::HeadLoss Model::loss(Context& context, Var features, autograd::HeadLossOptions options) const {
  options.logit_scale = head->logit_scale;
  options.softcap = head->softcap;
  return autograd::head_loss(context, std::move(features), **head->weight, head->bias, options);
}

std::vector<float> Model::logps(Context& context, Var features, autograd::HeadLogpsOptions options) const {
  options.logit_scale = head->logit_scale;
  options.softcap = head->softcap;
  return autograd::head_logps(context, std::move(features), **head->weight, head->bias, options);
}

autograd::HeadDistillation Model::distil(Context& context, Var features, const Model& teacher,
                                         autograd::HeadDistillationOptions options) const {
  options.logit_scale = head->logit_scale;
  options.softcap = head->softcap;
  options.teacher_logits = [&](const Tensor& rows) { return teacher.logits(context, rows); };
  return autograd::head_distillation(context, std::move(features), **head->weight, head->bias, options);
}

autograd::HeadDistillation Model::distil_sampled(Context& context, Var features,
                                                 autograd::HeadSampledOptions options) const {
  options.logit_scale = head->logit_scale;
  options.softcap = head->softcap;
  return autograd::head_sampled_distillation(context, std::move(features), **head->weight, head->bias, options);
}

}  // namespace malmoi::model
