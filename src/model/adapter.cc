#include "model/adapter.h"

#include <algorithm>

#include "formats/element_type.h"
#include "formats/safetensors.h"
#include "formats/torch_checkpoint.h"
#include "model/gguf_config.h"
#include "model/gguf_weights.h"

namespace malmoi::model {
namespace {

using formats::StoredTensor;

constexpr uint64_t kLargestAdapterConfig = 16 << 20;
constexpr std::string_view kSafetensors = "adapter_model.safetensors", kTorch = "adapter_model.bin",
                           kConfig = "adapter_config.json";

// The kinds of tensors of a module, by the ends of their names; older files have `.weight` behind the last ones, too.
struct Kind {
  std::string_view ending;
  const StoredTensor* AdapterModule::*place;
  bool table;
};
constexpr Kind kKinds[] = {{".lora_A.weight", &AdapterModule::a, false},
                           {".lora_B.weight", &AdapterModule::b, false},
                           {".lora_embedding_A", &AdapterModule::a, true},
                           {".lora_embedding_B", &AdapterModule::b, true},
                           {".lora_magnitude_vector", &AdapterModule::magnitude, false},
                           {".lora_magnitude_vector.weight", &AdapterModule::magnitude, false}};

void erase_part(std::string& name, std::string_view part) {
  if (const size_t at = name.find(part); at != std::string::npos) name.erase(at, part.size());
}

Error unknown_kind(const StoredTensor& tensor, const std::string& where) {
  return unsupported("tensor '" + tensor.name + "' is of a kind of adapter that is not known", where,
                     "merge the adapter into its model with the library that made it");
}

// Sorts one tensor of PEFT's file.
Status add(AdapterFile& file, const StoredTensor& tensor) {
  std::string name = tensor.name.starts_with(kPeftPrefix) ? tensor.name.substr(kPeftPrefix.size()) : tensor.name;
  for (const Kind& kind : kKinds) {
    if (!name.ends_with(kind.ending)) continue;
    AdapterModule& module = file.modules[name.substr(0, name.size() - kind.ending.size())];
    if (module.*kind.place) return invalid_data("tensor '" + tensor.name + "' stands twice", file.where);
    module.*kind.place = &tensor;
    module.table |= kind.table;
    return {};
  }
  const size_t last = name.rfind("lora_");
  if (last != std::string::npos && name.substr(last).ends_with(".bias"))
    return unsupported("tensor '" + tensor.name + "' is a bias of a low-rank matrix (lora_bias)", file.where,
                       "merge the adapter into its model with the library that made it");
  if (last != std::string::npos || name.find(".token_adapter.") != std::string::npos)
    return unknown_kind(tensor, file.where);
  if (name.find(".original_module.") != std::string::npos) return {};  // what stood there before
  for (std::string_view part : {".base_layer", ".modules_to_save"}) erase_part(name, part);
  const auto [known, is_new] = file.whole.emplace(name, &tensor);
  // Of a resized vocabulary PEFT writes what was saved whole by both of its names.
  if (!is_new && (known->second->shape != tensor.shape || !std::ranges::equal(known->second->bytes, tensor.bytes)))
    return invalid_data("tensor '" + tensor.name + "' stands twice", file.where);
  return {};
}

Status check_module(const AdapterFile& file, const std::string& name, const AdapterModule& module) {
  if (!module.a || !module.b)
    return invalid_data("module '" + name + "' has no " + (module.a ? "lora_B" : "lora_A"), file.where,
                        "the adapter is not whole; fetch it again");
  if (module.a->shape.size() > 2 || module.b->shape.size() > 2)
    return unsupported("tensor '" + module.a->name + "' adapts a convolution or a stack of matrices", file.where,
                       "merge the adapter into its model with the library that made it");
  if (module.a->shape.size() != 2 || module.b->shape.size() != 2)
    return invalid_data("tensor '" + module.a->name + "' is no matrix", file.where,
                        "the adapter was saved in parts; save it whole");
  return {};
}

Status check_peft_module(const AdapterFile& file, const std::string& name, const AdapterModule& module) {
  MALMOI_TRY(check_module(file, name, module));
  // A head that is kept tied to the words is adapted with them, whether it is named or not.
  const bool may_be_tied = file.config.keeps_tied && !module.table &&
                           std::ranges::any_of(file.modules, [](const auto& other) { return other.second.table; });
  if (!may_be_tied && !is_target(file.config, name))
    return invalid_data("tensor '" + module.a->name + "' is of a module that target_modules does not name", file.where,
                        "adapter_config.json and weights do not belong together");
  const int64_t rank = rank_of(file.config, name);
  if (module.a->shape[0] != rank || module.b->shape[1] != rank)
    return invalid_data("tensors '" + module.a->name + "' and '" + module.b->name + "' have shapes " +
                            formats::shape_text(module.a->shape) + " and " + formats::shape_text(module.b->shape) +
                            ", adapter_config.json says a rank of " + std::to_string(rank),
                        file.where, "correct r or rank_pattern");
  if (file.config.magnitudes != (module.magnitude != nullptr))
    return invalid_data("module '" + name + "' has " + (module.magnitude ? "a" : "no") +
                            " lora_magnitude_vector, adapter_config.json says use_dora " +
                            (file.config.magnitudes ? "true" : "false"),
                        file.where, "adapter_config.json and weights do not belong together");
  if (module.magnitude && module.table)
    return unsupported("tensor '" + module.magnitude->name + "' is the magnitude of a table (use_dora)", file.where,
                       "merge the adapter into its model with the library that made it");
  return {};
}

Result<AdapterFile> open_peft(const Path& folder) {
  AdapterFile file;
  MALMOI_ASSIGN(std::string text, read_file(folder / kConfig, kLargestAdapterConfig));
  const std::string config = (folder / kConfig).string();
  MALMOI_ASSIGN(file.object, parse_json(text, config));
  MALMOI_ASSIGN(file.config, parse_adapter_config(file.object, config));
  if (malmoi::exists(folder / kSafetensors)) {
    MALMOI_ASSIGN(formats::Safetensors opened, formats::Safetensors::open(folder / kSafetensors));
    file.source = std::make_unique<formats::Safetensors>(std::move(opened));
  } else if (malmoi::exists(folder / kTorch)) {
    MALMOI_ASSIGN(formats::TorchCheckpoint opened, formats::TorchCheckpoint::open(folder / kTorch));
    file.source = std::make_unique<formats::TorchCheckpoint>(std::move(opened));
  } else {
    return not_found("no " + std::string(kSafetensors) + " and no " + std::string(kTorch), folder.string(),
                     "give the folder of an adapter");
  }
  file.where = file.source->path().string();
  for (const StoredTensor& tensor : file.source->tensors()) {
    MALMOI_TRY(add(file, tensor));
    file.parameters += static_cast<size_t>(formats::element_count(tensor.shape).value_or(0));
  }
  for (const auto& [name, module] : file.modules) MALMOI_TRY(check_peft_module(file, name, module));
  return file;
}

Result<AdapterFile> open_gguf(const Path& path) {
  AdapterFile file;
  file.where = path.string();
  MALMOI_ASSIGN(formats::Gguf opened, formats::Gguf::open(path));
  file.gguf = std::make_shared<const formats::Gguf>(std::move(opened));
  MALMOI_TRY(file.gguf->check_data());
  if (file.gguf->text_or("general.type", "") != "adapter")
    return invalid_data("general.type is not 'adapter'", file.where, "a model is given with --model");
  if (const std::string_view kind = file.gguf->text_or("adapter.type", ""); kind != "lora")
    return unsupported("adapter.type is '" + std::string(kind) + "'", file.where, "use an adapter of the type lora");
  if (file.gguf->find("adapter.alora.invocation_tokens"))
    return unsupported("adapter.alora.invocation_tokens begins the adapter within a text", file.where,
                       "use an adapter that holds for whole texts");
  MALMOI_ASSIGN(const std::string_view architecture, file.gguf->text("general.architecture"));
  file.architecture = architecture;
  MALMOI_ASSIGN(file.config.alpha, file.gguf->number("adapter.lora.alpha"));
  file.config.rank = 0;
  for (const formats::GgufTensor& tensor : file.gguf->tensors()) {
    const bool is_a = tensor.name.ends_with(".lora_a"), is_b = tensor.name.ends_with(".lora_b");
    MALMOI_ASSIGN(StoredTensor stored, stored_tensor(*file.gguf, tensor));
    file.parameters += static_cast<size_t>(formats::element_count(stored.shape).value_or(0));
    const StoredTensor& kept = file.gguf_tensors.emplace_back(std::move(stored));
    if (!is_a && !is_b) return unknown_kind(kept, file.where);
    const size_t ending = std::string_view(".lora_a").size();
    AdapterModule& module = file.modules[tensor.name.substr(0, tensor.name.size() - ending)];
    (is_a ? module.a : module.b) = &kept;
  }
  for (const auto& [name, module] : file.modules) MALMOI_TRY(check_module(file, name, module));
  return file;
}

}  // namespace

Result<AdapterFile> open_adapter(const Path& path) {
  if (is_gguf(path)) return open_gguf(path);
  if (malmoi::exists(path / kConfig)) return open_peft(path);
  return not_found("there is no adapter", path.string(),
                   "give a folder with adapter_config.json and adapter_model.safetensors, or a GGUF file");
}

}  // namespace malmoi::model
