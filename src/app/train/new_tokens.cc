#include "app/train/new_tokens.h"

#include <algorithm>

#include "app/train/data.h"
#include "app/use/adapter_run.h"
#include "model/adapter.h"
#include "model/adapter_vocabulary.h"
#include "reshape/extend.h"
#include "tokenizer/export/export.h"

namespace malmoi::app {
namespace {

using train::TrainConfig;

constexpr const char* kNewTokens = "adapter.new_tokens";

// Errors name the setting.
template <typename T>
Result<T> named_by_setting(Result<T> result) {
  if (result.ok()) return result;
  Error error = std::move(result).error();
  error.where = kNewTokens;
  return error;
}

bool has_new_tokens(const TrainConfig& config) { return config.adapter && !config.adapter->new_tokens.empty(); }

}  // namespace

Result<tokenizer::Tokenizer> with_new_tokens(const TrainConfig& config, tokenizer::Tokenizer tokenizer) {
  if (!has_new_tokens(config)) return tokenizer;
  return named_by_setting(tokenizer::with_added_tokens(tokenizer, config.adapter->new_tokens, false));
}

Result<model::Vocabulary> vocabulary_of(const TrainConfig& config, const model::Model& model) {
  if (config.adapter->init_from) {
    MALMOI_ASSIGN(const model::AdapterFile file, model::open_adapter(adapter_at(*config.adapter->init_from)));
    return model::adapter_vocabulary(file, model);
  }
  model::Vocabulary vocabulary;
  if (!has_new_tokens(config)) return vocabulary;
  MALMOI_ASSIGN(const auto tokenizer, open_base_tokenizer(config));
  if (!tokenizer) return not_found("the model has no tokenizer beside it", kNewTokens, "name one with tokenizer: DIR");
  MALMOI_ASSIGN(reshape::ExtendedVocabulary extended,
                named_by_setting(reshape::extend_by_tokens(*tokenizer, config.adapter->new_tokens)));
  vocabulary.first = tokenizer->vocab_size();
  vocabulary.rows = std::max(model.vocab_size(), vocabulary.first + static_cast<int64_t>(extended.origins.size()));
  vocabulary.origins = std::move(extended.origins);
  return vocabulary;
}

}  // namespace malmoi::app
