// Tensor files in the safetensors format: reading over a memory map, and writing, one file or many with an index.
//
// A file is: u64 little-endian header length N; N bytes of JSON {"name": {"dtype", "shape", "data_offsets"}, ...,
// "__metadata__": {text: text}}; the tensors' bytes, which the offsets tile without hole or overlap.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "formats/element_type.h"
#include "formats/tensor_list.h"
#include "formats/tensor_source.h"

namespace malmoi::formats {

/// The name that this reader's callers have for it.
using TensorView = StoredTensor;

/// A header that was read and checked against the size of its file; offsets count from the end of the header.
struct SafetensorsHeader {
  struct Entry {
    std::string name;
    ElementType type;
    std::vector<int64_t> shape;
    uint64_t begin, end;
  };
  std::vector<Entry> entries;  // by offset
  std::map<std::string, std::string> metadata;
  uint64_t data_begin = 0;
};

/// Reads the header of a whole file. Errors name the tensor or the byte: a length beyond the file, malformed JSON, names
/// that stand twice, unknown types, shapes that overflow or do not fit their offsets, holes, overlaps, bytes left over.
Result<SafetensorsHeader> parse_safetensors(std::string_view file, const std::string& where);

/// The tensors of a model: one file or the shards of a folder, mapped. Immutable after opening; safe from many threads.
class Safetensors final : public WeightSource {
 public:
  static constexpr std::string_view kFileName = "model.safetensors";

  /// One `.safetensors` file.
  static Result<Safetensors> open(const Path& file);
  /// A folder with `model.safetensors`, or `model.safetensors.index.json` and the shards it names. Every tensor of the
  /// index must be in its shard, and no name in two shards.
  static Result<Safetensors> open_folder(const Path& folder);

  const StoredTensor* find(std::string_view name) const override { return tensors_.find(name); }
  std::span<const StoredTensor> tensors() const override { return tensors_.all(); }
  const Path& path() const override { return path_; }
  Status check_files() const override { return check_all(files_); }
  /// `__metadata__` of the (first) file.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  Safetensors() = default;
  Status add(const Path& file);

  std::vector<MappedFile> files_;
  TensorList tensors_;
  std::map<std::string, std::string> metadata_;
  Path path_;
};

/// What a tensor to be written is.
struct TensorSpec {
  std::string name;
  ElementType type = ElementType::kF32;
  std::vector<int64_t> shape;
};

/// Takes the next bytes of a tensor, in pieces of any size.
using TensorSink = std::function<Status(std::span<const std::byte>)>;
/// Gives the bytes of tensor `specs[index]` to the sink, all of them and no more.
using TensorSource = std::function<Status(size_t index, const TensorSink& sink)>;

struct SafetensorsOptions {
  std::map<std::string, std::string> metadata = {{"format", "pt"}};
  uint64_t max_shard_bytes = 5'000'000'000;  // of write_safetensors_folder: a file holds at most this, or one tensor
};

/// Writes one file, atomically. Tensors stand by descending element size (so that each is aligned), then in the order of
/// `specs`; the source is called once for each in that order.
Status write_safetensors(const Path& file, std::span<const TensorSpec> specs, const TensorSource& source,
                         const SafetensorsOptions& options = {});

/// Writes `model.safetensors`, or, above the limit, `model-00001-of-0000N.safetensors` and the index; removes weight files
/// of an earlier model in the folder once the new ones stand.
Status write_safetensors_folder(const Path& folder, std::span<const TensorSpec> specs, const TensorSource& source,
                                const SafetensorsOptions& options = {});

}  // namespace malmoi::formats
