// `malmoi convert` and `malmoi quantize`: a model in another format, and in fewer bytes.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "base/json.h"
#include "quantize/gguf_contents.h"
#include "tensor/dtype.h"

namespace malmoi::app {

struct QuantizeOptions {
  std::string model;                 // a folder, a .gguf file, or a name of the store
  std::string type;                  // see quantize::file_type_names(); empty: each tensor as it is stored
  Path out;                          // .gguf
  std::vector<std::string> tensors;  // PATTERN=TYPE
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
  double bits_per_weight() const;
};
/// `out`, `bytes_before`, `bytes_after`, `weights`, `bits_per_weight`, `worst` (the five tensors that lost most).
Json to_json(const QuantizeReport& report);

/// Writes the model as a GGUF file. Errors: a family or tokenizer that GGUF cannot hold, a type or pattern that is none, what
/// loading and writing say.
Result<QuantizeReport> quantize_model(const QuantizeOptions& options, const Job& job);

/// A GGUF file as a Hugging Face folder with its weights unpacked to `dtype`, its tokenizer and chat template. Errors: as
/// above.
Status convert_to_folder(const Path& file, const Path& folder, DType dtype, const Job& job);

}  // namespace malmoi::app
