#include "app/train/export.h"

#include <cstring>
#include <filesystem>

#include "model/companion.h"
#include "model/finite.h"
#include "model/save.h"
#include "train/optimizer.h"

namespace malmoi::app {
namespace {

void swap_weights(model::Model& model, std::vector<Tensor>& weights) {
  auto entries = train::trainable_entries(model);
  for (size_t i = 0; i < weights.size(); ++i) std::swap(entries[i]->parameter.master, weights[i]);
  if (model.companion) model::share_tables(model);
}

}  // namespace

Status ModelExport::write(const std::string& name) const {
  MALMOI_TRY(model::check_trained_weights(model_, (folder_ / name).string()));
  return folder_.replace(name, [&](const Path& folder) -> Status {
    if (model_.adapter) {
      MALMOI_TRY(model::save_adapter(*model_.adapter, folder, dtype_));
      const bool brings_tokens = tokenizer_ && model_.adapter->plan.vocabulary.rows > 0;
      return brings_tokens ? tokenizer_->save(folder) : Status();
    }
    MALMOI_TRY(write_model(model_, folder));
    return model_.companion ? write_model(*model_.companion, folder / model::kCompanionName) : Status();
  });
}

Status ModelExport::rehearse() const {
  const std::string name = ".rehearsal";
  const Status written = write(name);
  std::error_code ignored;
  std::filesystem::remove_all(folder_ / name, ignored);
  return written;
}

Status ModelExport::write_model(const model::Model& model, const Path& folder) const {
  MALMOI_TRY(model::save_model(model, folder, dtype_));
  if (tokenizer_) MALMOI_TRY(tokenizer_->save(folder));
  return chat_template_.empty() ? Status() : write_file(folder / "chat_template.jinja", chat_template_);
}

Status ModelExport::write_with(const std::string& name, std::vector<Tensor>& weights) const {
  swap_weights(model_, weights);
  Status done = write(name);
  swap_weights(model_, weights);
  return done;
}

std::vector<Tensor> copy_weights(const model::Model& model) {
  std::vector<Tensor> weights;
  for (const auto* entry : train::trainable_entries(model)) {
    const Tensor& master = entry->parameter.master;
    weights.push_back(Tensor::zeros(DType::kF32, master.shape()));
    std::memcpy(weights.back().data(), master.data(), master.bytes());
  }
  return weights;
}

}  // namespace malmoi::app
