// Which weights a model was opened from, known without reading all of them.
#pragma once

#include <string>

#include "model/model.h"

namespace malmoi::model {

/// 32 hexadecimal digits of the names, types and shapes of the tensors in its files, and of some values of each: of another
/// training of the same model they are others. Of a model without files, the same for all.
std::string weights_fingerprint(const Model& model);

}  // namespace malmoi::model
