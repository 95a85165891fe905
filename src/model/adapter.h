// Adapter files: the tensors of a LoRA adapter by the module that they belong to, as PEFT saves them or as GGUF.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "formats/gguf.h"
#include "formats/tensor_source.h"
#include "model/adapter_config.h"

namespace malmoi::model {

/// What stands before the names of modules in PEFT's files.
inline constexpr std::string_view kPeftPrefix = "base_model.model.";

/// The tensors of one module; null where the file has none.
struct AdapterModule {
  const formats::StoredTensor* a = nullptr;          // [rank, in]; of a table [rank, entries]; in GGUF turned round
  const formats::StoredTensor* b = nullptr;          // [out, rank]; of a table [width, rank]
  const formats::StoredTensor* magnitude = nullptr;  // DoRA: [out]
  bool table = false;                                // lora_embedding_A and _B
};

/// An adapter as its file has it, before it is known to fit a model. Immutable; safe from many threads. Tensors live as long
/// as it does.
struct AdapterFile {
  AdapterConfig config;                          // GGUF: target_modules is empty and rank 0, which stands for any
  std::map<std::string, AdapterModule> modules;  // by the module's published name; GGUF: by the tensor it adapts
  std::map<std::string, const formats::StoredTensor*> whole;  // tensors in the place of the model's, by published name
  Json object;                                                // PEFT: adapter_config.json
  std::string where;                                          // the file with the tensors
  std::string architecture;                                   // GGUF: general.architecture; else empty
  size_t parameters = 0;

  std::unique_ptr<formats::WeightSource> source;  // what the tensors lie in
  std::shared_ptr<const formats::Gguf> gguf;
  std::deque<formats::StoredTensor> gguf_tensors;

  /// Whether what was read of it is what was opened. Errors: as MappedFile::check().
  Status check_files() const { return source ? source->check_files() : gguf->check_files(); }
};

/// Opens a folder with adapter_config.json and adapter_model.safetensors or adapter_model.bin, or a GGUF file with
/// general.type "adapter". Errors: what the config refuses (adapter_config.h); a tensor of a kind of adapter that is not known
/// here; a module without both matrices; ranks that the config does not say; modules that it does not name.
Result<AdapterFile> open_adapter(const Path& path);

}  // namespace malmoi::model
