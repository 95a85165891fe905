#include "model/encoder_head.h"

namespace malmoi::model {
namespace {

class EncoderHead final : public Head {
 public:
  EncoderHead(nn::ParameterSet& set, const EncoderHeadSpec& spec, int64_t width) : spec_(spec) {
    int64_t inner = width;
    if (spec.dense) {
      inner = spec.dense_width > 0 ? spec.dense_width : width;
      dense_ = nn::linear({set, spec.dense, spec.std}, {.in = width, .out = inner, .bias = spec.dense_bias});
    }
    if (spec.norm) {
      spec_.norm_spec.width = inner;
      norm_ = nn::norm({set, spec.norm, spec.std}, spec_.norm_spec);
    }
    nn::Declare output(set, spec.output, spec.output_std < 0 ? spec.std : spec.output_std);
    weight = spec.words ? spec.words
                        : nn::linear(output, {.in = inner, .out = spec.outputs, .role = nn::Role::kHead}).weight;
    row_for_each_run = spec.pooling != Pooling::kNone;
    if (!spec.output_bias) return;
    const std::string own = spec.output_bias[0] ? spec.output_bias : output.tensor("bias");
    bias = set.add({.name = spec.words && spec.tied_bias ? spec.tied_bias : own, .shape = {spec.outputs}});
  }

  Var features(Context& context, Var hidden, const nn::Batch& batch) const override {
    Var x = pooled(context, std::move(hidden), batch);  // [texts or rows, hidden_size]
    x = autograd::dropout(context, std::move(x), spec_.dropout);
    if (spec_.dense) x = dense_(context, std::move(x));
    if (spec_.activation != kernels::Activation::kNone)
      x = autograd::activation(context, std::move(x), spec_.activation);
    if (spec_.norm) x = norm_(context, std::move(x));
    return autograd::dropout(context, std::move(x), spec_.output_dropout);
  }

 private:
  Var pooled(Context& context, Var hidden, const nn::Batch& batch) const {
    if (spec_.pooling == Pooling::kFirst) return autograd::gather_rows(context, std::move(hidden), batch.first_rows);
    if (spec_.pooling == Pooling::kMean)
      return autograd::mean_rows(context, std::move(hidden), batch.runs, batch.key_mask);
    return hidden;
  }

  EncoderHeadSpec spec_;
  nn::Linear dense_;
  nn::Norm norm_;
};

}  // namespace

void add_encoder_head(Parts& parts, const EncoderHeadSpec& spec) {
  parts.head_begin = parts.parameters.entries().size();
  parts.head = std::make_unique<EncoderHead>(parts.parameters, spec, parts.sizes.hidden_size);
  if (!spec.words) return;
  parts.tied_head.tensor = std::string(spec.output) + ".weight";
  if (spec.tied_bias) parts.tied_head.bias = std::string(spec.output) + ".bias";
}

}  // namespace malmoi::model
