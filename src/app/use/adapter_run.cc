#include "app/use/adapter_run.h"

#include <fmt/format.h>

#include "app/store/store.h"
#include "model/adapter.h"
#include "model/adapter_vocabulary.h"

namespace malmoi::app {
namespace {

bool holds_adapter(const Path& folder) { return malmoi::exists(folder / "adapter_config.json"); }

}  // namespace

std::optional<Path> adapter_in(const Path& folder) {
  if (malmoi::exists(folder / "config.json")) return {};
  if (holds_adapter(folder)) return folder;
  for (const char* name : {"best", "adapter"}) {
    if (holds_adapter(folder / name)) return folder / name;
  }
  return {};
}

Path adapter_at(const Path& given) { return adapter_in(given).value_or(given); }

Result<std::string> base_of_adapter(const Path& adapter) {
  MALMOI_ASSIGN(const model::AdapterFile file, model::open_adapter(adapter));
  const std::string& base = file.config.base;
  const std::string remedy = "give its model, and --adapter " + adapter.string();
  if (base.empty())
    return not_found("does not say whose adapter it is (base_model_name_or_path)", adapter.string(), remedy);
  if (malmoi::exists(adapter / base)) return (adapter / base).lexically_normal().string();
  if (malmoi::exists(base)) return base;
  MALMOI_ASSIGN(const std::optional<Path> stored, find_in_store(base));
  if (stored) return base;
  return not_found("the model that it stands around is not here: " + base, adapter.string(), remedy);
}

std::optional<Path> tokenizer_of_adapter(const Path& adapter, const model::Model& model) {
  if (!holds_adapter(adapter)) return {};
  const auto file = model::open_adapter(adapter);  // what is wrong with it is told when it is put around its model
  if (!file.ok()) return {};
  const auto vocabulary = model::adapter_vocabulary(*file, model);
  return vocabulary.ok() && vocabulary->rows > 0 ? std::optional(adapter) : std::nullopt;
}

Status check_adapter_tokenizer(const tokenizer::Tokenizer& tokenizer, const model::Model& model, const Path& adapter) {
  if (tokenizer.vocab_size() <= model.vocab_size()) return {};
  return invalid_data(fmt::format("the tokenizer has {} entries, the adapter's tables {} rows", tokenizer.vocab_size(),
                                  model.vocab_size()),
                      adapter.string(), "they do not belong together; fetch the adapter again");
}

}  // namespace malmoi::app
