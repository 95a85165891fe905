#include "app/use/adapter.h"

#include <algorithm>

#include "app/compress/beside.h"
#include "app/store/choice.h"
#include "app/use/adapter_run.h"
#include "app/use/generate.h"
#include "formats/element_type.h"
#include "model/adapter.h"
#include "model/adapter_head.h"
#include "model/adapter_vocabulary.h"
#include "model/load.h"
#include "model/merge.h"
#include "model/save.h"
#include "tokenizer/tokenizer.h"

namespace malmoi::app {
namespace {

// The type that the largest parameter is stored in; f32 where it is packed.
DType stored_type(const model::Model& model) {
  const auto& entries = model.parameters.entries();
  const auto largest =
      std::ranges::max_element(entries, {}, [](const auto& entry) { return entry->parameter.shape.elements(); });
  const bool is_half = !(*largest)->originals.empty() && (*largest)->originals[0].type != DType::kF64;
  return is_half ? (*largest)->originals[0].type : DType::kF32;
}

// Without its model, words are known by their number.
bool has_words_of_its_tokenizer(const model::AdapterFile& file) {
  if (!model::brings_tokenizer(file)) return false;
  const auto tokenizer = tokenizer::Tokenizer::load(Path(file.where).parent_path());
  return tokenizer.ok() && std::ranges::any_of(file.whole, [&](const auto& whole) {
           const std::vector<int64_t>& shape = whole.second->shape;
           return shape.size() == 2 && shape[0] >= tokenizer->vocab_size();
         });
}

}  // namespace

Json to_json(const AdapterReport& report) {
  return {{"kind", report.kind},
          {"base", report.base},
          {"least_rank", report.least_rank},
          {"highest_rank", report.highest_rank},
          {"modules", report.modules},
          {"whole_tensors", report.whole},
          {"tied_words", report.keeps_tied},
          {"own_tokenizer", report.own_tokenizer},
          {"parameters", report.parameters},
          {"names", report.names},
          {"whole", report.whole_names}};
}

Result<AdapterReport> show_adapter(const Path& adapter) {
  MALMOI_ASSIGN(const model::AdapterFile file, model::open_adapter(adapter_at(adapter)));
  AdapterReport report;
  report.kind = file.config.magnitudes ? "DoRA" : file.config.rank_stabilised ? "rsLoRA" : "LoRA";
  report.base = file.architecture.empty() ? file.config.base : file.architecture;
  report.modules = file.modules.size();
  report.whole = file.whole.size();
  report.parameters = file.parameters;
  report.keeps_tied = file.config.keeps_tied;
  report.own_tokenizer = has_words_of_its_tokenizer(file);
  for (const auto& [name, tensor] : file.whole)
    report.whole_names.push_back(name + " " + formats::shape_text(tensor->shape));
  for (const auto& [name, module] : file.modules) {
    const int64_t rank = std::min(module.a->shape[0], module.b->shape[1]);
    report.least_rank = report.names.empty() ? rank : std::min(report.least_rank, rank);
    report.highest_rank = std::max(report.highest_rank, rank);
    report.names.push_back(name);
  }
  return report;
}

namespace {

// What is written beside a merged model in place of its files: the adapter's tokenizer, or that of a model that is a file. Null: nothing.
Result<std::unique_ptr<tokenizer::Tokenizer>> tokenizer_to_write(const MergeOptions& options, const Path& from,
                                                                 const model::Model& model) {
  std::error_code ignored;
  std::unique_ptr<tokenizer::Tokenizer> none;
  const std::optional<Path> brought = tokenizer_of_adapter(adapter_at(options.adapter), model);
  if (!brought && std::filesystem::is_directory(from, ignored)) return none;
  auto opened = tokenizer::Tokenizer::load(brought.value_or(from));
  if (!brought && !opened.ok() && opened.error().code == ErrorCode::kNotFound) return none;
  MALMOI_ASSIGN(tokenizer::Tokenizer tokenizer, std::move(opened));
  if (brought) MALMOI_TRY(check_adapter_tokenizer(tokenizer, model, *brought));
  return std::make_unique<tokenizer::Tokenizer>(std::move(tokenizer));
}

Status write_beside_merged(const Path& from, const tokenizer::Tokenizer* tokenizer, const Path& out) {
  std::error_code ignored;
  const bool is_folder = std::filesystem::is_directory(from, ignored);
  if (is_folder)
    MALMOI_TRY(copy_beside(from, out, [&](std::string_view name) { return tokenizer && is_tokenizer_file(name); }));
  if (!tokenizer) return {};
  MALMOI_TRY(tokenizer->save(out));
  return is_folder ? keep_template(from, out) : Status();
}

}  // namespace

Status merge_adapter(const MergeOptions& options, const Job& job) {
  MALMOI_ASSIGN(const Path folder, find_model(options.model, job.message));
  MALMOI_TRY(check_other_folder(folder, options.out));
  const Path adapter = adapter_at(options.adapter);
  MALMOI_ASSIGN(model::BroughtHead head, model::brought_head(folder, {&adapter, 1}));
  model::LoadOptions load{
      .task = head.task, .labels = std::move(head.labels), .new_head = head.task.has_value(), .keep_packed = false};
  load.warn = job.warn;
  MALMOI_ASSIGN(auto model, model::load_model(folder, load));
  const DType stored = stored_type(*model);
  MALMOI_ASSIGN(const model::Adapted adapted, model::adapt(*model, {&adapter, 1}, job.warn));
  MALMOI_ASSIGN(const auto tokenizer, tokenizer_to_write(options, folder, *model));
  MALMOI_TRY(model::merge(*model, adapted));
  MALMOI_TRY(model::save_model(*model, options.out, options.dtype.value_or(stored)));
  return write_beside_merged(folder, tokenizer.get(), options.out);
}

}  // namespace malmoi::app
