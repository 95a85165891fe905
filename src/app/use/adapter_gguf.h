// Adapters as GGUF files, for llama.cpp.
#pragma once

#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"

namespace malmoi::app {

struct AdapterExport {
  std::string model;  // that the adapter stands around: its names and rows follow from it
  Path adapter, out;
};

/// Writes an adapter of PEFT's as a GGUF file (general.type "adapter", adapter.type "lora"), in f32, rows of B where llama.cpp's
/// converter has those of the matrices. llama.cpp multiplies by alpha / rank alone: alpha is written so that this is the scale that
/// the adapter has, rsLoRA's too. Errors: a family that does not speak GGUF; modules whose scales no one alpha says; magnitudes,
/// tensors in the place of the model's, experts, and a head that is the table of words, none of which llama.cpp reads.
Status export_adapter(const AdapterExport& options, const Job& job);

}  // namespace malmoi::app
