// What stays when a model is pruned.
#include <algorithm>
#include <numeric>

#include "base/json_read.h"
#include "reshape/prune.h"

namespace malmoi::reshape {
namespace {

// Llama's decoder with all sizes in the config, whose layers read the stream through one norm before each part.
constexpr std::string_view kFamilies[] = {"llama", "mistral", "qwen2", "qwen3", "smollm3"};

// The `count` most important of `places`; of equals the first. In the order in which they stand.
std::vector<int64_t> most_important(std::vector<int64_t> places, const std::vector<double>& importance, int64_t count) {
  auto more = [&](int64_t a, int64_t b) {
    return importance[static_cast<size_t>(a)] > importance[static_cast<size_t>(b)];
  };
  std::ranges::stable_sort(places, more);
  places.resize(static_cast<size_t>(std::min<int64_t>(count, static_cast<int64_t>(places.size()))));
  std::ranges::sort(places);
  return places;
}

std::vector<int64_t> counted_up(int64_t begin, int64_t end) {
  std::vector<int64_t> places(static_cast<size_t>(end - begin));
  std::iota(places.begin(), places.end(), begin);
  return places;
}

Status check_size(const char* option, int64_t wanted, int64_t has) {
  if (wanted >= 1 && wanted <= has) return {};
  return usage_error("the model has " + std::to_string(has) + ", of which " + std::to_string(wanted) + " cannot stay",
                     option, "give a number from 1 to " + std::to_string(has));
}

Result<std::vector<int64_t>> kept_layers(const PruneImportance& importance, const PruneSizes& wanted, int64_t layers,
                                         const std::vector<int64_t>& dropped) {
  std::vector<int64_t> all = counted_up(0, layers);
  if (dropped.empty()) return most_important(std::move(all), importance.layers, wanted.layers);
  for (int64_t layer : dropped) {
    if (layer < 0 || layer >= layers)
      return usage_error("there is no layer " + std::to_string(layer), "--drop-layers",
                         "layers count from 0 to " + std::to_string(layers - 1));
    std::erase(all, layer);
  }
  if (all.empty()) return usage_error("no layer would be left", "--drop-layers", "name fewer");
  return all;
}

}  // namespace

std::string prunable_families() {
  std::string names;
  for (std::string_view family : kFamilies) names += (names.empty() ? "" : ", ") + std::string(family);
  return names;
}

Result<PruneSizes> prunable_sizes(const model::Model& model) {
  if (std::ranges::find(kFamilies, model.model_type()) == std::end(kFamilies))
    return unsupported("models of the family " + model.model_type() + " are not pruned", "model_type",
                       "use one of " + prunable_families());
  const Json& config = model.config();
  auto size = [&](const char* key) { return json_count(config, key).value_or(0); };
  return PruneSizes{size("num_hidden_layers"), size("intermediate_size"), size("num_attention_heads"),
                    size("hidden_size")};
}

Result<PruneChoice> choose_kept(const model::Model& model, const PruneImportance& importance, const PruneSizes& wanted,
                                const std::vector<int64_t>& dropped) {
  MALMOI_ASSIGN(const PruneSizes has, prunable_sizes(model));
  MALMOI_TRY(check_size("--layers", wanted.layers, has.layers));
  MALMOI_TRY(check_size("--intermediate", wanted.intermediate, has.intermediate));
  MALMOI_TRY(check_size("--heads", wanted.heads, has.heads));
  MALMOI_TRY(check_size("--hidden", wanted.hidden, has.hidden));
  const int64_t groups = json_count(model.config(), "num_key_value_heads").value_or(has.heads);
  if (wanted.heads % groups != 0)
    return usage_error("the model's keys and values have " + std::to_string(groups) + " heads, which stay",
                       "--heads " + std::to_string(wanted.heads), "give a multiple of " + std::to_string(groups));
  PruneChoice choice;
  MALMOI_ASSIGN(choice.layers, kept_layers(importance, wanted, has.layers, dropped));
  choice.hidden = most_important(counted_up(0, has.hidden), importance.hidden, wanted.hidden);
  for (size_t layer = 0; layer < static_cast<size_t>(has.layers); ++layer) {
    choice.intermediate.push_back(
        most_important(counted_up(0, has.intermediate), importance.intermediate[layer], wanted.intermediate));
    std::vector<int64_t> heads;
    const int64_t of_group = has.heads / groups;
    for (int64_t g = 0; g < groups; ++g) {
      const std::vector<int64_t> kept =
          most_important(counted_up(g * of_group, (g + 1) * of_group), importance.heads[layer], wanted.heads / groups);
      heads.insert(heads.end(), kept.begin(), kept.end());
    }
    choice.heads.push_back(std::move(heads));
  }
  return choice;
}

}  // namespace malmoi::reshape
