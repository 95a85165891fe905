#include "app/train/export.h"

#include <cstring>

#include "model/io.h"

namespace malmoi::app {
namespace {

void swap_weights(const model::Model& model, std::vector<Tensor>& weights) {
  for (size_t i = 0; i < weights.size(); ++i) std::swap(model.parameters()[i]->master, weights[i]);
}

}  // namespace

Status ModelExport::write(const std::string& name) const {
  return folder_.replace(name, [&](const Path& folder) -> Status {
    MALMOI_TRY(model::save_model(model_, folder, dtype_));
    return tokenizer_ ? tokenizer_->save(folder) : Status();
  });
}

Status ModelExport::write_with(const std::string& name, std::vector<Tensor>& weights) const {
  swap_weights(model_, weights);
  Status done = write(name);
  swap_weights(model_, weights);
  return done;
}

std::vector<Tensor> copy_weights(const model::Model& model) {
  std::vector<Tensor> weights;
  for (const auto& parameter : model.parameters()) {
    weights.push_back(Tensor::zeros(DType::kF32, parameter->shape));
    std::memcpy(weights.back().data(), parameter->master.data(), parameter->master.bytes());
  }
  return weights;
}

}  // namespace malmoi::app
