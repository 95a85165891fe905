// What an adapter's file holds for the tensors of a model, whichever way it names and lays them: PEFT's or llama.cpp's.
#pragma once

#include <string>
#include <vector>

#include "model/adapter.h"
#include "model/family.h"

namespace malmoi::model {

/// The two matrices of a module as autograd::LowRank has them, and how they lie in the file.
struct Factors {
  const formats::StoredTensor* a = nullptr;  // [rank, in]
  const formats::StoredTensor* b = nullptr;  // [rows, rank]
  nn::Layout a_layout = {}, b_layout = {};   // that of b is that of magnitudes, too
  int64_t rank = 0;
  double scale = 1;
};

/// An adapter's file, asked by published names. File and model outlive it.
class AdapterNames {
 public:
  using Module = std::map<std::string, AdapterModule>::value_type;

  /// Errors: the file is of another architecture than the model.
  static Result<AdapterNames> make(const AdapterFile& file, const Model& model);

  /// What adapts products with a published tensor; null: nothing.
  const Module* module_of(const std::string& tensor) const;
  /// What takes the place of a published tensor; null: nothing.
  const formats::StoredTensor* whole_of(const std::string& tensor) const;
  bool touches(const std::string& tensor) const { return module_of(tensor) || whole_of(tensor); }

  /// `table`: whether the source's rows are looked up, rather than multiplied with. Errors: the file has it the other way.
  Result<Factors> factors(const Module& module, const nn::Source& source, bool table) const;

 private:
  AdapterNames(const AdapterFile& file, const Model& model, const Family& family)
      : file_(&file), model_(&model), family_(&family) {}
  bool is_gguf() const { return !file_->architecture.empty(); }
  std::vector<std::string> module_names(const std::string& tensor) const;
  nn::Layout rows_of(const nn::Source& source) const;
  double scale_of_gguf(int64_t rank) const;

  const AdapterFile* file_;
  const Model* model_;
  const Family* family_;
};

}  // namespace malmoi::model
