// `malmoi score`: teacher-forced logits of given ids, as arrays.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "tensor/dtype.h"

namespace malmoi::app {

struct ScoreOptions {
  Path model;
  Path ids;                    // .npy i32 [B, T]
  std::optional<Path> mask;    // .npy [B, T], 0: padding, left out
  std::optional<Path> logits;  // out: f32 [B, T, V]
  std::optional<Path> hidden;  // out: f32 [B, T, H]
  DType dtype = DType::kF32;
};

Status score(const ScoreOptions& options);

}  // namespace malmoi::app
