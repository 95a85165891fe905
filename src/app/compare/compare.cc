#include "app/compare/compare.h"

#include <cmath>

#include <fmt/format.h>

#include "app/compare/cost.h"
#include "app/compare/page.h"
#include "app/compare/sizes.h"
#include "app/recipe/file_index.h"
#include "app/train/data.h"
#include "app/train/train.h"
#include "base/cpu.h"
#include "base/hash.h"
#include "base/json_read.h"
#include "base/log.h"
#include "base/parallel.h"
#include "formats/zstd_stream.h"
#include "model/load.h"

namespace malmoi::app {
namespace {

// Tokens of recall sequences: more than the fastest model reads in the time given here.
constexpr int64_t kRecallTokens = 16'000'000;
constexpr int64_t kRecallTests = 256;  // sequences
constexpr int64_t kRecallBatch = 32;
constexpr double kRecallTolerance = 0.2;  // small models change by a tenth with each step of their width
constexpr size_t kMostPoints = 1000;      // of a curve

// A training configuration out of those of all and of one.
ConfigDocument document_of(const Json& root, const ConfigDocument& recipe) {
  ConfigDocument document;
  document.file = recipe.file;
  document.root = root;
  return document;
}

Json merged(Json base, const Json& over) {
  for (const auto& [key, value] : over.items()) base[key] = value;
  return base;
}

// Of a run's metrics.jsonl. Seconds are those of the steps, without evaluations.
Result<ComparedCurves> read_compared_curves(const Path& folder) {
  MALMOI_ASSIGN(formats::LineReader reader, formats::LineReader::open(folder / "metrics.jsonl"));
  ComparedCurves curves;
  double seconds = 0;
  std::string_view line;
  while (true) {
    MALMOI_ASSIGN(bool more, reader.next(line));
    if (!more) break;
    auto metrics = parse_json(line, reader.where());
    if (!metrics.ok()) continue;  // the last line of a run that was killed
    const double rate = json_number(*metrics, "tokens_per_second").value_or(0);
    const double tokens = json_number(*metrics, "tokens").value_or(0);
    curves.tokens += tokens;
    if (rate > 0) seconds += tokens / rate;
    const double step = json_number(*metrics, "step").value_or(0);
    if (auto loss = json_number(*metrics, "loss")) {
      curves.step.push_back(step);
      curves.seconds.push_back(seconds);
      curves.loss.push_back(*loss);
    }
    if (auto valid = json_number(*metrics, "valid_loss")) {
      curves.valid_step.push_back(step);
      curves.valid_seconds.push_back(seconds);
      curves.valid_loss.push_back(*valid);
    }
  }
  return curves;
}

// Means of equal stretches, so that a page stays small.
void thin_out(ComparedCurves& curves) {
  const size_t stride = (curves.step.size() + kMostPoints - 1) / kMostPoints;
  if (stride <= 1) return;
  for (std::vector<double>* values : {&curves.step, &curves.seconds, &curves.loss}) {
    std::vector<double> means;
    for (size_t begin = 0; begin < values->size(); begin += stride) {
      const size_t end = std::min(begin + stride, values->size());
      double sum = 0;
      for (size_t i = begin; i < end; ++i) sum += (*values)[i];
      means.push_back(sum / static_cast<double>(end - begin));
    }
    *values = std::move(means);
  }
}

class Comparison {
 public:
  Comparison(CompareConfig config, const ConfigDocument& recipe, const Job& job)
      : config_(std::move(config)), recipe_(recipe), job_(job), files_(Path(config_.out) / "files.json") {}

  Result<CompareReport> run() {
    MALMOI_TRY(fit_sizes());
    MALMOI_TRY(make_folder(config_.out));
    CompareReport report{.cpu = cpu_model(), .isa = std::string(isa_name(active_isa())), .threads = num_threads()};
    for (size_t i = 0; i < config_.models.size(); ++i) {
      MALMOI_ASSIGN(ComparedResult result, run_model(config_.models[i], sizes_[i]));
      if (config_.recall.asked) MALMOI_TRY(run_recall(config_.models[i], recall_sizes_[i], result));
      report.models.push_back(std::move(result));
    }
    MALMOI_TRY(write_file(Path(config_.out) / "compare.json", dump_json(to_json(report), 2) + "\n"));
    MALMOI_TRY(write_compare_page(report, Path(config_.out) / "report.html"));
    return report;
  }

 private:
  std::string where(const ComparedModel& model) const { return recipe_.file + ": models: " + model.name; }

  // All sizes are known to be equal before anything runs.
  Status fit_sizes() {
    MALMOI_ASSIGN(train::TrainConfig any,
                  train::parse_train_config(run_document(config_.models[0], {{"architecture", "llama"}}, "run")));
    MALMOI_ASSIGN(auto tokenizer, open_tokenizer(any));
    const int64_t longest =
        config_.contexts.empty() ? 0 : *std::max_element(config_.contexts.begin(), config_.contexts.end());
    const int64_t positions = std::max(any.data.sequence_length, longest + kRoomBehindContext);
    for (const ComparedModel& model : config_.models) {
      MALMOI_ASSIGN(SizedModel sized, fit_size(model.model, tokenizer->vocab_size(), positions, config_.parameters,
                                               config_.tolerance, false, where(model)));
      job_.message(fmt::format("{}: {} parameters, hidden_size {}", model.name, sized.parameters,
                               sized.model["hidden_size"].get<int64_t>()));
      sizes_.push_back(std::move(sized));
      if (!config_.recall.asked) continue;
      Json bare = model.model;
      bare.erase("hidden_size");
      MALMOI_ASSIGN(SizedModel small,
                    fit_size(bare, recall_vocabulary(config_.recall), config_.recall.length, config_.recall.parameters,
                             std::max(config_.tolerance, kRecallTolerance), true, where(model)));
      recall_sizes_.push_back(std::move(small));
    }
    return {};
  }

  ConfigDocument run_document(const ComparedModel& model, const Json& sized, const std::string& folder) const {
    return document_of({{"model", sized},
                        {"tokenizer", config_.tokenizer},
                        {"data", merged(config_.data, model.data)},
                        {"train", merged(config_.train, model.train)},
                        {"out", (Path(config_.out) / folder).string()}},
                       recipe_);
  }

  // The configuration and the contents of the files that it reads.
  Result<std::string> stamp_of(const ConfigDocument& document) {
    MALMOI_ASSIGN(const train::TrainConfig config, train::parse_train_config(document));
    std::string read = dump_json(document.root);
    for (const auto* files : {&config.data.train, &config.data.valid}) {
      for (const std::string& file : *files) {
        MALMOI_ASSIGN(Hash128 hash, files_.hash(file));
        read += to_hex(hash);
      }
    }
    if (config_.tokenizer.is_string() && malmoi::exists(config_.tokenizer.get<std::string>())) {
      MALMOI_ASSIGN(Hash128 hash, files_.hash(config_.tokenizer.get<std::string>()));
      read += to_hex(hash);
    }
    MALMOI_TRY(files_.save());
    return to_hex(hash128(read));
  }

  // Trains unless the folder holds what the same configuration gave before.
  Status train_once(const ConfigDocument& document, const Path& folder) {
    MALMOI_ASSIGN(const std::string stamp, stamp_of(document));
    const Path mark = folder / "compared.txt";
    if (auto before = read_file(mark); before.ok() && *before == stamp) {
      job_.message(folder.string() + ": as before");
      return {};
    }
    std::error_code ignored;
    const bool ours = malmoi::exists(mark);
    if (malmoi::exists(folder) && !ours && !std::filesystem::is_empty(folder, ignored))
      return usage_error("is there and was not made by a comparison", folder.string(), "name another out folder");
    if (ours) std::filesystem::remove_all(folder, ignored);
    MALMOI_TRY(make_folder(folder));
    MALMOI_TRY(write_file(mark, "begun"));
    auto trained = train(document, {}, job_);
    if (!trained.ok()) return trained.error();
    return write_file(mark, stamp);
  }

  Result<ComparedResult> run_model(const ComparedModel& model, const SizedModel& sized) {
    const Path folder = Path(config_.out) / model.name;
    MALMOI_TRY(train_once(run_document(model, sized.model, model.name), folder));
    MALMOI_ASSIGN(Json run, read_json((folder / "run.json").string()));
    ComparedResult result{.name = model.name,
                          .architecture = json_string(sized.model, "architecture"),
                          .model = sized.model,
                          .parameters = sized.parameters,
                          .steps = json_count(run, "steps").value_or(0),
                          .valid_loss = json_number(run, "best_valid_loss").value_or(NAN)};
    MALMOI_ASSIGN(result.curves, read_compared_curves(folder));
    if (!result.curves.seconds.empty()) result.seconds = result.curves.seconds.back();
    thin_out(result.curves);
    result.tokens_per_second = result.seconds > 0 ? result.curves.tokens / result.seconds : 0;
    if (config_.contexts.empty()) return result;
    job_.message(model.name + ": the cost of a token by context");
    MALMOI_ASSIGN(auto loaded, model::load_model(folder / "model", {.warn = job_.warn}));
    MALMOI_ASSIGN(result.contexts, measure_contexts(*loaded, config_.contexts, job_.stop));
    return result;
  }

  Status run_recall(const ComparedModel& model, const SizedModel& sized, ComparedResult& result) {
    const RecallConfig& recall = config_.recall;
    const Path folder = Path(config_.out) / (model.name + "-recall"),
               data = Path(config_.out) / fmt::format("recall-data-{}-{}", recall.length, recall.keys);
    if (!malmoi::exists(data / "train.json"))
      MALMOI_TRY(write_recall_data(recall, kRecallTokens / recall.length, data));
    const Json train = {{"batch_size", kRecallBatch},
                        {"minutes", recall.minutes},
                        {"dtype", "auto"},
                        {"optimizer", {{"name", "adamw"}, {"lr", 2e-3}, {"weight_decay", 0.01}}},
                        {"schedule", {{"name", "cosine"}, {"warmup_steps", 50}}}};
    const ConfigDocument document = document_of({{"model", sized.model},
                                                 {"data",
                                                  {{"format", "ids"},
                                                   {"train", {(data / "train.bin").string()}},
                                                   {"loss_mask", {(data / "mask.bin").string()}},
                                                   {"order", "sequential"},
                                                   {"sequence_length", recall.length}}},
                                                 {"train", merged(train, recall_train(model))},
                                                 {"out", folder.string()}},
                                                recipe_);
    MALMOI_TRY(train_once(document, folder));
    MALMOI_ASSIGN(auto loaded, model::load_model(folder / "model", {.warn = job_.warn}));
    result.recall_parameters = sized.parameters;
    MALMOI_ASSIGN(result.recall, score_recall(*loaded, recall, kRecallTests));
    return {};
  }

  // What a model says of its own optimiser holds here, too.
  static Json recall_train(const ComparedModel& model) {
    Json train = Json::object();
    if (model.train.contains("optimizer")) train["optimizer"] = model.train["optimizer"];
    return train;
  }

  static constexpr int64_t kRoomBehindContext = 64;  // for the tokens that are timed

  CompareConfig config_;
  const ConfigDocument& recipe_;
  const Job& job_;
  FileIndex files_;
  std::vector<SizedModel> sizes_, recall_sizes_;
};

Json to_json(const ComparedCurves& curves) {
  return {{"step", curves.step},
          {"seconds", curves.seconds},
          {"loss", curves.loss},
          {"valid_step", curves.valid_step},
          {"valid_seconds", curves.valid_seconds},
          {"valid_loss", curves.valid_loss}};
}

}  // namespace

Json to_json(const CompareReport& report) {
  Json json = {{"cpu", report.cpu}, {"isa", report.isa}, {"threads", report.threads}, {"models", Json::array()}};
  for (const ComparedResult& result : report.models) {
    Json contexts = Json::array(), recall = Json::array();
    for (const ContextCost& cost : result.contexts)
      contexts.push_back({{"context", cost.context},
                          {"seconds_per_token", cost.seconds_per_token},
                          {"state_bytes", cost.state_bytes}});
    for (const RecallScore& score : result.recall)
      recall.push_back({{"distance", score.distance}, {"asked", score.asked}, {"found", score.found}});
    json["models"].push_back({{"name", result.name},
                              {"architecture", result.architecture},
                              {"model", result.model},
                              {"parameters", result.parameters},
                              {"steps", result.steps},
                              {"seconds", result.seconds},
                              {"tokens_per_second", result.tokens_per_second},
                              {"valid_loss", result.valid_loss},
                              {"curves", to_json(result.curves)},
                              {"contexts", std::move(contexts)},
                              {"recall_parameters", result.recall_parameters},
                              {"recall", std::move(recall)}});
  }
  return json;
}

Result<CompareReport> compare(const ConfigDocument& document, const Job& job) {
  MALMOI_ASSIGN(CompareConfig config, parse_compare_config(document));
  return Comparison(std::move(config), document, job).run();
}

}  // namespace malmoi::app
