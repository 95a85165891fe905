// How much errors count, tensor by tensor: importance matrices, as llama.cpp's llama-imatrix writes them.
#pragma once

#include "base/error.h"
#include "base/file.h"
#include "quantize/gguf_contents.h"

namespace malmoi::quantize {

/// Reads a file of either form: a GGUF file of type "imatrix" (NAME.in_sum2 over NAME.counts), or the older .imatrix: i32
/// entries; of each i32 length and name, i32 calls, i32 numbers, f32 sums. What was never seen counts as the mean of what was.
/// Errors: neither form, numbers that are not finite or negative, lengths beyond the file's end.
Result<Importance> read_importance(const Path& path);
/// The same of a file's bytes; `name` stands for its path.
Result<Importance> parse_importance(std::string bytes, const Path& name);

/// Means of `sums` over so many rows, each at least a little: a column that was never used is not free to be anything.
std::vector<float> importance_of(std::span<const double> sums, double rows);

}  // namespace malmoi::quantize
