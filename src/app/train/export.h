// The models that a run leaves: Hugging Face folders with the tokenizer beside the weights; where it trains an adapter, that alone.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/train/run_folder.h"
#include "base/error.h"
#include "model/model.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::app {

class ModelExport {
 public:
  /// `tokenizer` may be null: ids without one. All must outlive the export. `chat_template`: of a model that learned conversations by it,
  /// since it must be asked as it was taught; empty: the tokenizer brings it.
  ModelExport(const RunFolder& folder, model::Model& model, const tokenizer::Tokenizer* tokenizer, DType dtype,
              std::string chat_template = {})
      : folder_(folder),
        model_(model),
        tokenizer_(tokenizer),
        dtype_(dtype),
        chat_template_(std::move(chat_template)) {}

  /// What the last state of the run is written as: "model", or "adapter".
  const char* last() const { return model_.adapter ? "adapter" : "model"; }
  /// Writes the model as it is to OUT/NAME, and one that is trained beside it to OUT/NAME/generator: both or neither. Of an
  /// adapter, the folder that PEFT reads, with the tokenizer where it has new tokens.
  Status write(const std::string& name) const;
  /// Takes as long as write(), and leaves nothing.
  Status rehearse() const;
  /// Writes another set of trained weights, one a parameter, in the model's place; they are swapped in and out again.
  Status write_with(const std::string& name, std::vector<Tensor>& weights) const;

 private:
  Status write_model(const model::Model& model, const Path& folder) const;

  const RunFolder& folder_;
  model::Model& model_;
  const tokenizer::Tokenizer* tokenizer_;
  DType dtype_;
  std::string chat_template_;
};

/// A copy of the model's master weights, one a trained parameter: where a running average begins.
std::vector<Tensor> copy_weights(const model::Model& model);

}  // namespace malmoi::app
