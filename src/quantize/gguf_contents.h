// What a GGUF file to be written holds: metadata, and tensors that are made when their turn comes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/job.h"
#include "formats/gguf.h"

namespace malmoi::quantize {

/// A tensor before it has a type.
struct GgufSource {
  std::string name;
  std::vector<uint64_t> dims;         // fastest first
  const formats::GgmlType* as_it_is;  // the type that keeps its values
  /// All values in f32, in the file's order; called on the thread that writes.
  std::function<Result<std::vector<float>>()> values;
  std::span<const std::byte> bytes = {};  // of `as_it_is`, where they stand in memory already

  uint64_t elements() const;
  uint64_t columns() const { return dims.empty() ? 1 : dims[0]; }
};

struct GgufContents {
  formats::GgufMetadata metadata;
  std::vector<GgufSource> tensors;
  std::string architecture;
  int64_t layers = 0;
  std::vector<std::shared_ptr<const void>> kept;  // what the tensors are made from
};

/// The contents of a file, as they are. Errors: tensors of types that hold no weights, or without an element.
Result<GgufContents> contents_of(std::shared_ptr<const formats::Gguf> file);

/// By tensor, how much an error in each of its columns counts (see pack_row); of stacked experts one after another.
using Importance = std::map<std::string, std::vector<float>, std::less<>>;

/// Told each tensor's relative error, sqrt(sum (x - y)^2 / sum x^2), as soon as it is written.
using TensorWritten = std::function<void(size_t index, double error)>;

/// Writes them, each tensor in the type that `types` has at its place. A stop is seen between tensors. Errors: a value that is
/// not finite, or too large for its type; importance of another model; and what the file system says.
Status write_contents(const Path& path, const GgufContents& contents,
                      const std::vector<const formats::GgmlType*>& types, const Importance& importance,
                      const TensorWritten& written, const StopToken& stop = {});

}  // namespace malmoi::quantize
