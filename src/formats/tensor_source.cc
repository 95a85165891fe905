#include "formats/tensor_source.h"

#include "formats/safetensors.h"
#include "formats/tensor_list.h"
#include "formats/torch_checkpoint.h"

namespace malmoi::formats {
namespace {

template <typename Source>
Result<std::unique_ptr<WeightSource>> open_as(const Path& folder) {
  MALMOI_ASSIGN(Source source, Source::open_folder(folder));
  return std::unique_ptr<WeightSource>(std::make_unique<Source>(std::move(source)));
}

}  // namespace

Result<std::unique_ptr<WeightSource>> open_weights(const Path& folder) {
  if (find_weight_files(folder, Safetensors::kFileName).ok()) return open_as<Safetensors>(folder);
  if (find_weight_files(folder, TorchCheckpoint::kFileName).ok()) return open_as<TorchCheckpoint>(folder);
  std::string safetensors(Safetensors::kFileName), torch(TorchCheckpoint::kFileName);
  return not_found("no " + safetensors + ", no " + torch + ", and no index of either (.index.json)", folder.string(),
                   "give the folder of a model");
}

}  // namespace malmoi::formats
