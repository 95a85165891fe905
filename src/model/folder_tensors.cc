#include "model/folder_tensors.h"

#include <algorithm>

#include "model/gguf_config.h"
#include "model/load.h"
#include "model/named_tensors.h"

namespace malmoi::model {
namespace {

using formats::StoredTensor;

class FolderReader {
 public:
  explicit FolderReader(FolderTensors& opened)
      : opened_(opened), model_(*opened.model), tensors_(*opened.weights, model_) {}

  Status read() {
    tensors_.settle_head();
    for (const auto& entry : model_.parameters.entries()) {
      for (const nn::Source& source : entry->spec.sources) MALMOI_TRY(add(*entry, source));
    }
    return {};
  }

 private:
  bool belongs_to_tokens(const nn::ParameterSet::Entry& entry) const {
    if (entry.spec.role == nn::Role::kEmbedding) return true;
    if (!model_.head || model_.outputs() != model_.vocab_size()) return false;
    return &entry.parameter == &model_.head->weight->parameter() || &entry.parameter == model_.head->bias;
  }

  Status add(const nn::ParameterSet::Entry& entry, const nn::Source& source) {
    if (entry.spec.fixed && !tensors_.find_source(entry, source)) return {};
    MALMOI_ASSIGN(const StoredTensor* stored, tensors_.filling(entry, source));
    opened_.tensors.push_back({source.name, stored, entry.spec.role, belongs_to_tokens(entry)});
    return {};
  }

  FolderTensors& opened_;
  Model& model_;
  NamedTensors tensors_;
};

}  // namespace

const FolderTensor* FolderTensors::find(std::string_view name) const {
  const auto found = std::ranges::find(tensors, name, &FolderTensor::name);
  return found == tensors.end() ? nullptr : &*found;
}

Result<FolderTensors> open_folder_tensors(const Path& folder) {
  if (is_gguf(folder))
    return unsupported("is a GGUF file, whose weights may be packed", folder.string(),
                       "make a folder of it first: malmoi convert FILE.gguf FOLDER");
  FolderTensors opened{.folder = folder};
  MALMOI_ASSIGN(opened.model, load_config(folder));
  MALMOI_ASSIGN(opened.weights, formats::open_weights(folder));
  MALMOI_TRY(FolderReader(opened).read());
  return opened;
}

void set_stored_type(Json& config, formats::ElementType type) {
  config["torch_dtype"] = type == formats::ElementType::kBF16  ? "bfloat16"
                          : type == formats::ElementType::kF16 ? "float16"
                                                               : "float32";
  config["dtype"] = config["torch_dtype"];
}

}  // namespace malmoi::model
