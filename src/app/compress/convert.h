// `malmoi convert` and `malmoi quantize`: a model in another format, and in fewer bytes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "base/json.h"
#include "eval/divergence.h"
#include "tensor/dtype.h"

namespace malmoi::app {

/// The types that a GGUF file may be written in, in a line.
std::string gguf_type_names();

struct QuantizeOptions {
  std::string model;                 // a folder, a .gguf file, or a name of the store
  std::string type;                  // see gguf_type_names(); empty: each tensor as it is stored
  Path out;                          // .gguf
  std::vector<std::string> tensors;  // PATTERN=TYPE, over what the type says
  std::optional<Path> calibration;   // a text, or what llama-imatrix wrote: which columns count most
  std::optional<Path> measure;       // a text on which the model is compared with what became of it
};

struct QuantizeReport {
  struct Tensor {
    std::string name, from, to;
    double error = 0;  // relative: the root of the sum of squared differences over that of squares
  };
  Path out;
  uint64_t bytes_before = 0, bytes_after = 0;  // of all tensors
  uint64_t weights = 0;
  std::vector<Tensor> tensors;
  std::optional<eval::Divergence> divergence;
  double bits_per_weight() const;
};
/// `out`, `bytes_before`, `bytes_after`, `weights`, `bits_per_weight`, `worst` (the five tensors that lost most); of what was
/// measured `perplexity_before`, `perplexity_after`, `kl_divergence`, `same_top`.
Json to_json(const QuantizeReport& report);

/// Writes the model as a GGUF file. Errors: a family or tokenizer that GGUF cannot hold, a type or pattern that is none, what
/// loading and writing say.
Result<QuantizeReport> quantize_model(const QuantizeOptions& options, const Job& job);

struct ConvertOptions {
  std::string from;            // a folder, a .gguf file, or a name of the store
  Path to;                     // ends in .gguf, or is a folder
  std::string type;            // of a file's matrices, as QuantizeOptions has it
  std::optional<DType> dtype;  // of a folder's weights; none: bf16
};
/// Of a file that was written, its report. A folder is in Hugging Face layout: weights unpacked, tokenizer and chat template
/// beside them. Errors: neither side a .gguf file, a type for a folder, a dtype for a file, and those of quantize_model().
Result<std::optional<QuantizeReport>> convert_model(const ConvertOptions& options, const Job& job);

}  // namespace malmoi::app
