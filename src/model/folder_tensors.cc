#include "model/folder_tensors.h"

#include <algorithm>

#include "model/gguf_config.h"
#include "model/layout.h"
#include "model/load.h"
#include "model/spellings.h"

namespace malmoi::model {
namespace {

using formats::StoredTensor;

class FolderReader {
 public:
  explicit FolderReader(FolderTensors& opened)
      : opened_(opened), model_(*opened.model), family_(*find_family(opened.model->model_type())) {}

  Status read() {
    settle_folder_head();
    for (const auto& entry : model_.parameters.entries()) {
      for (const nn::Source& source : entry->spec.sources) MALMOI_TRY(add(*entry, source));
    }
    return {};
  }

 private:
  const StoredTensor* find(const std::string& name) const {
    for (const std::string& spelled : spellings(family_, name)) {
      if (const auto* found = opened_.weights->find(spelled)) return found;
    }
    return nullptr;
  }

  bool is_words(const nn::ParameterSet::Entry& entry) const {
    return model_.head && &entry.parameter == &model_.head->weight->parameter();
  }

  std::string words_name() const {
    for (const auto& entry : model_.parameters.entries()) {
      if (is_words(*entry)) return entry->spec.sources[0].name;
    }
    return {};
  }

  void settle_folder_head() {
    if (!model_.head) return;
    if (model_.tied_head.words && !find(model_.head->weight->parameter().name)) model_.tie_head();
    if (model_.tied_head.tensor.empty()) return;
    const StoredTensor *head = find(model_.tied_head.tensor), *words = find(words_name());
    if (!head || !words || head->bytes.data() == words->bytes.data()) return;
    const bool same = head->type == words->type && std::ranges::equal(head->bytes, words->bytes);
    if (!same) model_.untie_head();
  }

  // A tied table that is not there stands under the head's name.
  const StoredTensor* find_source(const nn::ParameterSet::Entry& entry, const std::string& name) const {
    const StoredTensor* found = find(name);
    return found || model_.tied_head.tensor.empty() || !is_words(entry) ? found : find(model_.tied_head.tensor);
  }

  bool belongs_to_tokens(const nn::ParameterSet::Entry& entry) const {
    if (entry.spec.role == nn::Role::kEmbedding) return true;
    if (!model_.head || model_.outputs() != model_.vocab_size()) return false;
    return &entry.parameter == &model_.head->weight->parameter() || &entry.parameter == model_.head->bias;
  }

  Status add(const nn::ParameterSet::Entry& entry, const nn::Source& source) {
    const std::string where = opened_.weights->path().string();
    const StoredTensor* stored = find_source(entry, source.name);
    if (!stored && entry.spec.fixed) return {};
    if (!stored)
      return invalid_data("tensor '" + source.name + "' is missing", where, "the folder is not whole; fetch it again");
    const std::vector<int64_t> wanted = stored_shape(entry.spec, source);
    if (stored->shape != wanted)
      return invalid_data("tensor '" + stored->name + "' has shape " + formats::shape_text(stored->shape) +
                              ", the config asks for " + formats::shape_text(wanted),
                          where, "config.json and weights do not belong together");
    opened_.tensors.push_back({source.name, stored, entry.spec.role, belongs_to_tokens(entry)});
    return {};
  }

  FolderTensors& opened_;
  Model& model_;
  const Family& family_;
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
