// `malmoi score`: what a model computes of given ids, teacher-forced, as arrays.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "tensor/dtype.h"

namespace malmoi::app {

struct ScoreOptions {
  Path model;
  Path ids;                         // .npy i32 [B, T]
  std::optional<Path> mask;         // .npy [B, T], 0: padding, left out
  std::optional<Path> token_types;  // .npy [B, T], where a model reads them; absent: all 0
  std::optional<Path> decoder_ids;  // .npy i32 [B, Td]: what the decoder of an encoder-decoder reads
  std::optional<Path> logits;       // out: f32 [B, T, V]; of an encoder-decoder [B, Td, V], of a classifier [B, labels]
  std::optional<Path> hidden;       // out: f32 [B, T, H], of the encoder where there is one
  std::vector<Path> adapters;       // put around the model: the first is used
  DType dtype = DType::kF32;
  Warn warn = {};
};

Status score(const ScoreOptions& options);

}  // namespace malmoi::app
