// The table of models, made from models/table.inc.
#include "tokenizer/models/model.h"

namespace malmoi::tokenizer {

#define MODEL(name) extern const ComponentType<Model> name##_model;
#include "tokenizer/models/table.inc"
#undef MODEL

std::span<const ComponentType<Model>* const> Model::types() {
  static constexpr const ComponentType<Model>* kTable[] = {
#define MODEL(name) &name##_model,
#include "tokenizer/models/table.inc"
#undef MODEL
  };
  return kTable;
}

}  // namespace malmoi::tokenizer
