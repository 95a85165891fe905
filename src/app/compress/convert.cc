#include "app/compress/convert.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/use/generate.h"
#include "base/json_read.h"
#include "formats/gguf.h"
#include "model/gguf_config.h"
#include "model/load.h"
#include "model/save.h"
#include "quantize/model_contents.h"
#include "quantize/type_choice.h"
#include "tokenizer/export/export.h"
#include "tokenizer/special_ids.h"

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

// Each tensor as it is stored, and the number that says what most of them are.
quantize::TypeChoice as_stored(const GgufContents& contents) {
  quantize::TypeChoice choice;
  for (const auto& tensor : contents.tensors) choice.types.push_back(tensor.as_it_is);
  auto has = [&](std::string_view name) {
    return std::ranges::any_of(choice.types, [&](const auto* t) { return t->name == name; });
  };
  constexpr uint32_t kF16 = 1, kBF16 = 32;
  choice.file_type = has("BF16") ? kBF16 : has("F16") ? kF16 : 0;
  return choice;
}

}  // namespace

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
  return json;
}

Result<QuantizeReport> quantize_model(const QuantizeOptions& options, const Job& job) {
  std::vector<quantize::TypeRule> rules;
  for (const std::string& text : options.tensors) {
    MALMOI_ASSIGN(quantize::TypeRule rule, quantize::parse_type_rule(text));
    rules.push_back(std::move(rule));
  }
  MALMOI_ASSIGN(const Path path, find_model(options.model, job.message));
  std::error_code ignored;
  if (std::filesystem::equivalent(path, options.out, ignored))
    return usage_error("is the model itself", options.out.string(), "write to another file");
  MALMOI_ASSIGN(GgufContents contents, contents_at(path, job));
  quantize::TypeChoice choice = as_stored(contents);
  if (!options.type.empty()) {
    MALMOI_ASSIGN(choice, quantize::choose_types(contents, options.type, rules));
  }
  if (!options.type.empty() || !model::is_gguf(path)) contents.metadata.set_u32("general.file_type", choice.file_type);
  QuantizeReport report{.out = options.out, .tensors = {}};
  Status stopped;
  auto done = [&](size_t i, double error) {
    const auto& tensor = contents.tensors[i];
    report.bytes_before += bytes_of(*tensor.as_it_is, tensor.elements());
    report.bytes_after += bytes_of(*choice.types[i], tensor.elements());
    report.weights += tensor.elements();
    report.tensors.push_back(
        {tensor.name, std::string(tensor.as_it_is->name), std::string(choice.types[i]->name), error});
    if (job.progress.due()) job.progress(fmt::format("{} of {} tensors", i + 1, contents.tensors.size()));
  };
  for (auto& tensor : contents.tensors) {  // a stop is seen between tensors
    tensor.values = [values = tensor.values, &job]() -> Result<std::vector<float>> {
      MALMOI_TRY(job.stop.check());
      return values();
    };
  }
  MALMOI_TRY(quantize::write_contents(options.out, contents, choice.types, {}, done));
  return report;
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

}  // namespace malmoi::app
