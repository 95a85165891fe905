#include "merge/merge.h"

#include <cmath>

#include <fmt/format.h>

#include "formats/safetensors.h"
#include "merge/plan.h"
#include "merge/sums.h"
#include "merge/vocabulary.h"
#include "model/load.h"
#include "model/stored_values.h"
#include "tensor/dtype.h"

namespace malmoi::merge {
namespace {

DType dtype_of(formats::ElementType type) {
  return type == formats::ElementType::kBF16  ? DType::kBF16
         : type == formats::ElementType::kF16 ? DType::kF16
                                              : DType::kF32;
}

class Merger {
 public:
  Merger(const Recipe& recipe, std::span<const model::FolderTensors> folders, std::optional<Vocabulary> vocabulary,
         const Job& job)
      : recipe_(recipe), folders_(folders), vocabulary_(std::move(vocabulary)), job_(job) {}

  std::vector<int64_t> written_shape(const PlannedTensor& planned) const {
    std::vector<int64_t> shape = planned.ingredients.shape;
    if (vocabulary_ && planned.by_token) shape[0] = vocabulary_->rows;
    return shape;
  }

  Status write(const PlannedTensor& planned, const formats::TensorSink& sink) const {
    MALMOI_TRY(job_.stop.check());
    if (is_copied(planned)) return sink(planned.inputs[0].stored->bytes);
    Ingredients all = planned.ingredients;
    std::vector<size_t> models;
    for (size_t i = 0; i < planned.inputs.size(); ++i) {
      MALMOI_ASSIGN(all.inputs[i].values, read(planned.inputs[i]));
      models.push_back(planned.inputs[i].model);
    }
    if (vocabulary_ && planned.by_token) reorder_rows(all, models, *vocabulary_);
    MALMOI_ASSIGN(const std::vector<float> merged, recipe_.method->merge(all));
    MALMOI_TRY(check_merged(merged, planned));
    std::vector<std::byte> bytes(merged.size() * formats::element_size(planned.type));
    const DType type = dtype_of(planned.type);
    over_elements(merged.size(), [&](size_t begin, size_t end) {
      convert(merged.data() + begin, DType::kF32, bytes.data() + begin * dtype_size(type), type, end - begin);
    });
    return sink(bytes);
  }

 private:
  // To the bit.
  bool is_copied(const PlannedTensor& planned) const {
    const bool same = planned.inputs[0].stored->type == planned.type && planned.inputs[0].stored->packed.empty() &&
                      (!recipe_.dtype || dtype_of(planned.type) == *recipe_.dtype);
    return recipe_.method->name == "passthrough" && same && !planned.ingredients.inputs[0].scale &&
           !(vocabulary_ && planned.by_token);
  }

  Result<std::vector<float>> read(const PlannedInput& input) const {
    const std::string where = folders_[input.model].folder.string();
    MALMOI_ASSIGN(std::vector<float> values, model::stored_values(*input.stored, where));
    for (size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i]))
        return invalid_data("element " + std::to_string(i) + " of tensor '" + input.stored->name + "' is not finite",
                            where, "the model is damaged; fetch or train it again");
    }
    if (!recipe_.dtype || *recipe_.dtype == DType::kF32) return values;
    std::vector<std::byte> rounded(values.size() * dtype_size(*recipe_.dtype));
    convert(values.data(), DType::kF32, rounded.data(), *recipe_.dtype, values.size());
    convert(rounded.data(), *recipe_.dtype, values.data(), DType::kF32, values.size());
    return values;
  }

  Status check_merged(const std::vector<float>& merged, const PlannedTensor& planned) const {
    const double largest = planned.type == formats::ElementType::kF16 ? 65504.0 : 3.4e38;
    for (size_t i = 0; i < merged.size(); ++i) {
      if (std::isfinite(merged[i]) && std::abs(static_cast<double>(merged[i])) <= largest) continue;
      return invalid_data(
          fmt::format("element {} of the merged tensor '{}' would be {}", i, planned.ingredients.name, merged[i]),
          recipe_.where, "change weights, lambda or out_dtype");
    }
    return {};
  }

  const Recipe& recipe_;
  std::span<const model::FolderTensors> folders_;
  const std::optional<Vocabulary> vocabulary_;
  const Job& job_;
};

// The folder whose tokenizer is asked for; none: the vocabulary stays.
Result<std::optional<Vocabulary>> vocabulary_of(const Recipe& recipe, std::span<const model::FolderTensors> folders,
                                                const Job& job) {
  if (recipe.tokenizer.empty()) {
    warn_of_tokens(folders, job.warn);
    return std::optional<Vocabulary>();
  }
  const size_t at = tokenizer_model(recipe);
  if (at >= folders.size())
    return usage_error("'" + recipe.tokenizer + "' is no model of the recipe", recipe.where,
                       "say tokenizer: {source: base}, or name one of the models");
  MALMOI_ASSIGN(Vocabulary joined, join_vocabularies(folders, folders[at].folder, recipe.pad_vocabulary));
  return std::optional(std::move(joined));
}

}  // namespace

Result<MergeReport> merge_models(const Recipe& recipe, std::span<const Path> paths, const Path& out, uint64_t seed,
                                 const Job& job) {
  std::vector<model::FolderTensors> folders;
  for (const Path& path : paths) {
    MALMOI_ASSIGN(model::FolderTensors opened, model::open_folder_tensors(path));
    folders.push_back(std::move(opened));
  }
  MALMOI_ASSIGN(Plan plan, make_plan(recipe, folders, seed));
  MALMOI_ASSIGN(std::optional<Vocabulary> vocabulary, vocabulary_of(recipe, folders, job));
  if (vocabulary) plan.config["vocab_size"] = vocabulary->rows;
  const Merger merger(recipe, folders, std::move(vocabulary), job);

  MergeReport report{.tensors = plan.tensors.size()};
  std::vector<formats::TensorSpec> specs;
  for (const PlannedTensor& planned : plan.tensors) {
    specs.push_back({planned.ingredients.name, planned.type, merger.written_shape(planned)});
    const auto elements = static_cast<uint64_t>(*formats::element_count(specs.back().shape));
    report.parameters += elements;
    report.bytes += elements * formats::element_size(planned.type);
  }
  MALMOI_TRY(make_folder(out));
  size_t done = 0;
  MALMOI_TRY(formats::write_safetensors_folder(out, specs, [&](size_t i, const formats::TensorSink& sink) -> Status {
    if (job.progress.due()) job.progress(fmt::format("{} of {} tensors", done, specs.size()));
    ++done;
    return merger.write(plan.tensors[i], sink);
  }));
  for (const model::FolderTensors& folder : folders) MALMOI_TRY(folder.weights->check_files());
  MALMOI_TRY(write_file(out / "config.json", dump_json(plan.config, 2) + "\n"));
  MALMOI_ASSIGN(const auto made, model::load_config(out));
  report.layers = made->num_layers();
  report.vocab_size = made->vocab_size();
  return report;
}

}  // namespace malmoi::merge
