#include "model/families/lm_head.h"

namespace malmoi::model {

void add_lm_head(Parts& parts, nn::WeightSlot* words, bool tied, const char* name, double std, int64_t width) {
  parts.head_begin = parts.parameters.entries().size();
  parts.head = std::make_unique<Head>();
  if (tied) parts.tied_head.tensor = std::string(name) + ".weight";
  const Shape& table = words->parameter().shape;
  parts.head->weight = tied ? words
                            : nn::linear({parts.parameters, name, std},
                                         {.in = width > 0 ? width : table[1], .out = table[0], .role = nn::Role::kHead})
                                  .weight;
}

void add_lm_head_bias(Parts& parts, const char* name) {
  parts.head->bias =
      parts.parameters.add({.name = std::string(name) + ".bias", .shape = {parts.head->weight->parameter().shape[0]}});
}

}  // namespace malmoi::model
