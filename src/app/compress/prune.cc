#include "app/compress/prune.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/compress/activations.h"
#include "app/compress/beside.h"
#include "app/use/generate.h"
#include "base/json_read.h"
#include "data/dedup/scratch.h"

namespace malmoi::app {
namespace {

using reshape::PruneChoice;
using reshape::PruneSizes;

constexpr int kSweepSteps = 4;

// One of the sizes, by its option.
struct SizeOption {
  const char* name;
  int64_t PruneSizes::*size;
  std::optional<int64_t> PruneOptions::*wanted;
};
constexpr SizeOption kSizeOptions[] = {{"layers", &PruneSizes::layers, &PruneOptions::layers},
                                       {"intermediate", &PruneSizes::intermediate, &PruneOptions::intermediate},
                                       {"heads", &PruneSizes::heads, &PruneOptions::heads},
                                       {"hidden", &PruneSizes::hidden, &PruneOptions::hidden}};

class Pruner {
 public:
  Pruner(const PruneOptions& options, const Job& job) : options_(options), job_(job) {}

  Result<PruneReport> run() {
    MALMOI_TRY(open());
    MALMOI_ASSIGN(const PruneSizes wanted, wanted_sizes());
    MALMOI_TRY(choose(wanted, options_.drop_layers));  // what cannot be had, before the texts are read
    MALMOI_TRY(observe());
    MALMOI_ASSIGN(const PruneChoice chosen, choose(wanted, options_.drop_layers));
    note_layers(chosen);
    if (options_.sweep) MALMOI_TRY(sweep(wanted));
    if (options_.out.empty() || wanted_nothing()) return std::move(report_);
    MALMOI_ASSIGN(report_.parameters_after, reshape::write_pruned(*folder_, chosen, options_.out, job_));
    MALMOI_TRY(copy_beside(path_, options_.out));
    report_.out = options_.out;
    report_.after = wanted;
    report_.after.layers = static_cast<int64_t>(chosen.layers.size());
    MALMOI_ASSIGN(report_.loss_after, loss_at(options_.out));
    return std::move(report_);
  }

 private:
  bool wanted_nothing() const {
    return options_.drop_layers.empty() &&
           std::ranges::none_of(kSizeOptions, [&](const SizeOption& o) { return (options_.*o.wanted).has_value(); });
  }

  Status open() {
    if (wanted_nothing() && !options_.sweep)
      return usage_error("nothing is to become smaller", "malmoi prune",
                         "give --layers, --drop-layers, --intermediate, --heads, --hidden or --sweep");
    if (options_.layers && !options_.drop_layers.empty())
      return usage_error("says the same as --drop-layers", "--layers", "give one of the two");
    if (options_.out.empty() && !wanted_nothing() && !options_.sweep)
      return usage_error("no folder to write is given", "--out", "name one");
    MALMOI_ASSIGN(path_, find_model(options_.model, job_.message));
    MALMOI_TRY(check_other_folder(path_, options_.out));
    MALMOI_ASSIGN(model::FolderTensors opened, model::open_folder_tensors(path_));
    folder_.emplace(std::move(opened));
    MALMOI_ASSIGN(report_.before, reshape::prunable_sizes(*folder_->model));
    report_.after = report_.before;
    report_.parameters_before = static_cast<uint64_t>(folder_->model->parameter_count());
    // As if all were alike, until the texts have been read.
    const PruneSizes& has = report_.before;
    const auto layers = static_cast<size_t>(has.layers);
    importance_.layers.resize(layers);
    importance_.hidden.resize(static_cast<size_t>(has.hidden));
    importance_.intermediate.assign(layers, std::vector<double>(static_cast<size_t>(has.intermediate)));
    importance_.heads.assign(layers, std::vector<double>(static_cast<size_t>(has.heads)));
    return {};
  }

  Result<PruneSizes> wanted_sizes() const {
    PruneSizes wanted = report_.before;
    for (const SizeOption& option : kSizeOptions) {
      if (options_.*option.wanted) wanted.*option.size = *(options_.*option.wanted);
    }
    if (wanted == report_.before && !wanted_nothing() && options_.drop_layers.empty())
      return usage_error("the model has these sizes already", "malmoi prune", "give smaller ones");
    return wanted;
  }

  Result<PruneChoice> choose(const PruneSizes& wanted, const std::vector<int64_t>& dropped) const {
    return reshape::choose_kept(*folder_->model, importance_, wanted, dropped);
  }

  Status observe() {
    MALMOI_ASSIGN(const LoadedModel loaded, load_for_generation(path_.string(), {DType::kF32}, job_));
    const int64_t length = std::min(options_.length, loaded.model->max_positions());
    MALMOI_ASSIGN(const Samples calibration,
                  read_samples(options_.calibration, *loaded.tokenizer, options_.samples, length, job_));
    measured_ = calibration;
    if (options_.measure) {
      MALMOI_ASSIGN(measured_, read_samples(*options_.measure, *loaded.tokenizer, options_.samples, length, job_));
    }
    MALMOI_ASSIGN(Activations seen, observe_activations(*loaded.model, calibration, job_));
    importance_ = std::move(seen.importance);
    report_.loss_before = seen.loss;
    report_.tokens = measured_.tokens;
    if (options_.measure) {
      MALMOI_ASSIGN(report_.loss_before, loss_at(path_));
    }
    report_.loss_after = report_.loss_before;
    report_.parameters_after = report_.parameters_before;
    return {};
  }

  void note_layers(const PruneChoice& chosen) {
    for (int64_t layer = 0; layer < report_.before.layers; ++layer) {
      const bool kept = std::ranges::find(chosen.layers, layer) != chosen.layers.end();
      report_.layers.push_back({layer, importance_.layers[static_cast<size_t>(layer)], kept});
    }
  }

  Result<double> loss_at(const Path& folder) const {
    MALMOI_ASSIGN(const LoadedModel loaded, load_for_generation(folder.string(), {DType::kF32}, job_));
    return loss_of(*loaded.model, measured_, job_);
  }

  // Each size by itself, from the whole to what is asked for, or to half; and nothing else smaller beside it.
  Status sweep(const PruneSizes& wanted) {
    const PruneSizes& has = report_.before;
    report_.tries.push_back({"as it is", report_.parameters_before, report_.loss_before});
    for (const SizeOption& option : kSizeOptions) {
      const int64_t full = has.*option.size;
      const int64_t least = wanted.*option.size < full ? wanted.*option.size : full / 2;
      if (!wanted_nothing() && !(options_.*option.wanted)) continue;
      int64_t last = full;
      for (int step = 1; step <= kSweepSteps; ++step) {
        const int64_t size = in_steps(option, full - (full - least) * step / kSweepSteps);
        if (size < 1 || size >= last) continue;
        last = size;
        PruneSizes one = has;
        one.*option.size = size;
        MALMOI_TRY(try_size(fmt::format("{} {}", option.name, size), one));
      }
    }
    return {};
  }

  // Heads come in groups.
  int64_t in_steps(const SizeOption& option, int64_t size) const {
    if (option.size != &PruneSizes::heads) return size;
    const int64_t groups = json_count(folder_->model->config(), "num_key_value_heads").value_or(1);
    return size / groups * groups;
  }

  Status try_size(std::string name, const PruneSizes& sizes) {
    MALMOI_ASSIGN(const PruneChoice chosen, choose(sizes, {}));
    const Path parent = options_.out.parent_path();  // where there is room for a model
    MALMOI_ASSIGN(const auto scratch, data::ScratchFolder::create(parent.empty() ? Path(".") : parent));
    const Path folder = scratch->file("model");
    MALMOI_ASSIGN(const uint64_t parameters, reshape::write_pruned(*folder_, chosen, folder, job_));
    MALMOI_TRY(copy_beside(path_, folder));
    MALMOI_ASSIGN(const double loss, loss_at(folder));
    job_.message(fmt::format("{}: {} parameters, loss {:.4f}", name, parameters, loss));
    report_.tries.push_back({std::move(name), parameters, loss});
    return {};
  }

  const PruneOptions& options_;
  const Job& job_;
  Path path_;
  std::optional<model::FolderTensors> folder_;
  reshape::PruneImportance importance_;
  Samples measured_;
  PruneReport report_;
};

}  // namespace

Json to_json(const PruneReport& report) {
  Json json = Json::object();
  if (!report.out.empty()) json["out"] = report.out.string();
  for (const SizeOption& option : kSizeOptions) {
    json[std::string(option.name) + "_before"] = report.before.*option.size;
    json[std::string(option.name) + "_after"] = report.after.*option.size;
  }
  json["parameters_before"] = report.parameters_before;
  json["parameters_after"] = report.parameters_after;
  json["tokens"] = report.tokens;
  json["loss_before"] = report.loss_before;
  json["loss_after"] = report.loss_after;
  json["block_influence"] = Json::array();
  for (const auto& layer : report.layers)
    json["block_influence"].push_back({{"layer", layer.layer}, {"influence", layer.influence}, {"kept", layer.kept}});
  if (report.tries.empty()) return json;
  json["sweep"] = Json::array();
  for (const auto& one : report.tries)
    json["sweep"].push_back({{"size", one.size}, {"parameters", one.parameters}, {"loss", one.loss}});
  return json;
}

Result<PruneReport> prune_model(const PruneOptions& options, const Job& job) { return Pruner(options, job).run(); }

}  // namespace malmoi::app
