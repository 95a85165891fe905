#include "app/compress/convert.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/compress/calibrate.h"
#include "app/use/generate.h"
#include "formats/gguf.h"
#include "model/gguf_config.h"
#include "model/load.h"
#include "model/save.h"
#include "quantize/model_contents.h"
#include "quantize/type_choice.h"
#include "tokenizer/export/export.h"

namespace malmoi::app {
namespace {

using quantize::GgufContents;

constexpr size_t kWorstShown = 5;

// A chat template that stands in a file of its own is the tokenizer's in GGUF.
Status add_chat_template(const Path& folder, formats::GgufMetadata& metadata) {
  const Path file = folder / "chat_template.jinja";
  if (!malmoi::exists(file)) return {};
  MALMOI_ASSIGN(const std::string text, read_file(file, 16 << 20));
  metadata.set_text("tokenizer.chat_template", text);
  return {};
}

Result<GgufContents> contents_of_folder(const Path& folder, const Job& job) {
  MALMOI_ASSIGN(std::unique_ptr<model::Model> loaded,
                model::load_model(folder, {.dtype = DType::kF32, .warn = job.warn}));
  const std::shared_ptr<const model::Model> model = std::move(loaded);
  MALMOI_ASSIGN(GgufContents contents, quantize::contents_of(model));
  contents.metadata.set_text("general.name", std::filesystem::absolute(folder).lexically_normal().filename().string());
  auto tokenizer = tokenizer::Tokenizer::load(folder);
  if (!tokenizer.ok() && tokenizer.error().code != ErrorCode::kNotFound) return tokenizer.error();
  if (!tokenizer.ok()) {  // a model of ids
    job.warn("the folder has no tokenizer: the file works on ids alone (" + folder.string() + ")");
    contents.metadata.set_text("tokenizer.ggml.model", tokenizer::kNoVocabulary);
    return contents;
  }
  MALMOI_TRY(tokenizer::export_gguf(*tokenizer, model->vocab_size(), contents.metadata));
  MALMOI_TRY(add_chat_template(folder, contents.metadata));
  return contents;
}

Result<GgufContents> contents_at(const Path& path, const Job& job) {
  if (!model::is_gguf(path)) return contents_of_folder(path, job);
  MALMOI_ASSIGN(formats::Gguf mapped, formats::Gguf::open(path));
  return quantize::contents_of(std::make_shared<const formats::Gguf>(std::move(mapped)));
}

uint64_t bytes_of(const formats::GgmlType& type, uint64_t elements) {
  return elements / type.block_elements * type.block_bytes;
}

Result<std::vector<quantize::TypeRule>> rules_of(const std::vector<std::string>& texts) {
  std::vector<quantize::TypeRule> rules;
  for (const std::string& text : texts) {
    MALMOI_ASSIGN(quantize::TypeRule rule, quantize::parse_type_rule(text));
    rules.push_back(std::move(rule));
  }
  return rules;
}

Status convert_to_folder(const Path& file, const Path& folder, DType dtype, const Job& job) {
  MALMOI_ASSIGN(const std::unique_ptr<model::Model> model,
                model::load_model(file, {.dtype = DType::kF32, .keep_packed = false, .warn = job.warn}));
  auto tokenizer = tokenizer::Tokenizer::load(file);
  if (!tokenizer.ok() && tokenizer.error().code != ErrorCode::kNotFound) return tokenizer.error();
  MALMOI_TRY(job.stop.check());
  MALMOI_TRY(model::save_model(*model, folder, dtype));
  return tokenizer.ok() ? tokenizer->save(folder) : Status();
}

}  // namespace

std::string gguf_type_names() { return quantize::file_type_names(); }

double QuantizeReport::bits_per_weight() const {
  return weights > 0 ? 8.0 * static_cast<double>(bytes_after) / static_cast<double>(weights) : 0;
}

Json to_json(const QuantizeReport& report) {
  std::vector<QuantizeReport::Tensor> worst = report.tensors;
  std::ranges::stable_sort(worst, std::greater{}, &QuantizeReport::Tensor::error);
  std::erase_if(worst, [](const auto& tensor) { return tensor.error == 0; });
  worst.resize(std::min(worst.size(), kWorstShown));
  Json json = {
      {"out", report.out.string()}, {"bytes_before", report.bytes_before},         {"bytes_after", report.bytes_after},
      {"weights", report.weights},  {"bits_per_weight", report.bits_per_weight()}, {"worst", Json::array()}};
  for (const auto& tensor : worst)
    json["worst"].push_back(
        {{"tensor", tensor.name}, {"from", tensor.from}, {"to", tensor.to}, {"error", tensor.error}});
  if (!report.divergence) return json;
  json["perplexity_before"] = std::exp(report.divergence->first_loss);
  json["perplexity_after"] = std::exp(report.divergence->second_loss);
  json["kl_divergence"] = report.divergence->kl;
  json["same_top"] = report.divergence->same_top;
  return json;
}

Result<QuantizeReport> quantize_model(const QuantizeOptions& options, const Job& job) {
  MALMOI_ASSIGN(const std::vector<quantize::TypeRule> rules, rules_of(options.tensors));
  MALMOI_ASSIGN(const Path path, find_model(options.model, job.message));
  std::error_code ignored;
  if (std::filesystem::equivalent(path, options.out, ignored))
    return usage_error("is the model itself", options.out.string(), "write to another file");
  if (options.measure && !malmoi::exists(*options.measure))  // not once the model is written
    return not_found("cannot be measured on: there is no such file", options.measure->string(), "name another text");
  MALMOI_ASSIGN(GgufContents contents, contents_at(path, job));
  MALMOI_ASSIGN(const quantize::TypeChoice choice, quantize::choose_types(contents, options.type, rules));
  if (!options.type.empty() || !model::is_gguf(path)) contents.metadata.set_u32("general.file_type", choice.file_type);
  quantize::Importance importance;
  if (options.calibration) {
    MALMOI_ASSIGN(importance, calibrate(options.model, *options.calibration, job));
  }
  QuantizeReport report{.out = options.out, .tensors = {}, .divergence = {}};
  auto written = [&](size_t i, double error) {
    const auto& tensor = contents.tensors[i];
    const formats::GgmlType &before = *tensor.as_it_is, &after = *choice.types[i];
    report.bytes_before += bytes_of(before, tensor.elements());
    report.bytes_after += bytes_of(after, tensor.elements());
    report.weights += tensor.elements();
    report.tensors.push_back({tensor.name, std::string(before.name), std::string(after.name), error});
    if (job.progress.due()) job.progress(fmt::format("{} of {} tensors", i + 1, contents.tensors.size()));
  };
  MALMOI_TRY(quantize::write_contents(options.out, contents, choice.types, importance, written, job.stop));
  if (options.measure) {
    MALMOI_ASSIGN(report.divergence, measure_loss(options.model, options.out, *options.measure, job));
  }
  return report;
}

Result<std::optional<QuantizeReport>> convert_model(const ConvertOptions& options, const Job& job) {
  if (options.to.extension() == ".gguf") {
    if (options.dtype) return usage_error("is for folders alone", "--dtype", "use --type");
    MALMOI_ASSIGN(QuantizeReport report, quantize_model({.model = options.from,
                                                         .type = options.type,
                                                         .out = options.to,
                                                         .tensors = {},
                                                         .calibration = {},
                                                         .measure = {}},
                                                        job));
    return std::optional(std::move(report));
  }
  if (!options.type.empty()) return usage_error("is for .gguf files alone", "--type", "use --dtype");
  MALMOI_ASSIGN(const Path from, find_model(options.from, job.message));
  if (!model::is_gguf(from))
    return usage_error("neither is a .gguf file", "FROM, TO", "give one, for example model.gguf");
  MALMOI_TRY(convert_to_folder(from, options.to, options.dtype.value_or(DType::kBF16), job));
  return std::optional<QuantizeReport>();
}

}  // namespace malmoi::app
