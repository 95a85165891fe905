// Which weights a model has, known without reading all of them.
#pragma once

#include <string>

#include "model/model.h"

namespace malmoi::model {

/// 32 hexadecimal digits of the names and shapes of its parameters and of some rows of each, rounded to bf16, adapters left out:
/// another training of the same model has others, the same weights in another type of products have these.
std::string weights_fingerprint(const Model& model);

}  // namespace malmoi::model
