#include "app/serve/open_model.h"

#include <chrono>
#include <utility>

#include "app/use/chat.h"
#include "app/use/embedding_options.h"
#include "app/use/generate.h"
#include "app/use/generation_defaults.h"
#include "infer/encoder_provider.h"
#include "infer/provider.h"
#include "infer/session.h"
#include "infer/state_budget.h"
#include "model/load.h"

namespace malmoi::app {
namespace {

int64_t modified_seconds(const Path& folder) {
  std::error_code error;
  auto time = std::filesystem::last_write_time(folder, error);
  if (error) return 0;
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::file_clock::to_sys(time).time_since_epoch())
      .count();
}

// What answers stands on what stands above it.
struct Opened {
  LoadedModel loaded;
  std::unique_ptr<infer::Engine> engine;  // null: of an encoder
  std::unique_ptr<chat::Provider> provider;
};

Status open_engine(Opened& out, const ServedModel& model, const ServeOptions& options, size_t state_bytes,
                   const Job& job) {
  const LoadedModel& loaded = out.loaded;
  if (!model.adapters.empty() && loaded.model->base_is_replaced)
    return unsupported("adapter '" + model.adapters[0] + "' puts tensors in the place of the model's (modules_to_save)",
                       "--adapter", "serve its run or folder as the model, or merge it (malmoi adapter merge)");
  MALMOI_ASSIGN(chat::ChatTemplate chat, chat_template(loaded.folder, *loaded.tokenizer, options.chat_template));
  MALMOI_ASSIGN(infer::EmbedderOptions embedding, embedding_options(loaded.folder));
  const DraftOptions draft = draft_choice(model, options);
  const size_t draft_bytes = draft.model.empty() ? 0 : state_bytes / kDraftShare;
  state_bytes -= draft_bytes;
  MALMOI_ASSIGN(auto drafter, open_drafter(draft, loaded, options.load.dtype, draft_bytes, job));
  MALMOI_ASSIGN(out.engine,
                infer::Engine::create(
                    *loaded.model, *loaded.tokenizer,
                    {.max_running = options.max_running,
                     .state_bytes = state_bytes,
                     .keys = options.keys,
                     .prefix_bytes = static_cast<size_t>(static_cast<double>(state_bytes) * options.prefix_share),
                     .drafter = std::move(drafter)}));
  out.provider = std::make_unique<infer::EngineProvider>(
      *out.engine, *loaded.tokenizer,
      infer::EngineProviderOptions{.model = described(model, loaded.folder, false),
                                   .chat_template = chat,
                                   .stop_ids = loaded.stop_ids,
                                   .adapters = model.adapters,
                                   .embedding = std::move(embedding)});
  return {};
}

Status open_encoder(Opened& out, const ServedModel& model) {
  if (!model.adapters.empty())
    return unsupported("an encoder is served without adapters", "--adapter",
                       "merge one into it (malmoi adapter merge)");
  const LoadedModel& loaded = out.loaded;
  MALMOI_ASSIGN(infer::EmbedderOptions embedding, embedding_options(loaded.folder));
  out.provider = std::make_unique<infer::EncoderProvider>(*loaded.model, *loaded.tokenizer,
                                                          described(model, loaded.folder, false), std::move(embedding));
  return {};
}

}  // namespace

chat::ModelInfo described(const ServedModel& model, const Path& folder, bool with_config) {
  chat::ModelInfo info{.name = model.name,
                       .created = modified_seconds(folder),
                       .defaults = sampling_defaults(generation_fields(folder))};
  if (!with_config) return info;
  const auto config = model::load_config(folder);
  if (!config.ok()) return info;  // said when it is loaded
  info.context_length = (*config)->max_positions();
  info.architecture = (*config)->model_type();
  info.parameters = (*config)->parameter_count();
  return info;
}

LoadChoice load_choice(const ServedModel& model, const Path& folder, const ServeOptions& options) {
  LoadChoice load = options.load;
  load.adapters = model.adapter_folders;
  if (options.dtype_chosen) return load;
  const auto config = model::load_config(folder);  // what is wrong with it is told when it is loaded
  if (config.ok() && infer::check_classifies(**config).ok()) load.dtype = DType::kF32;
  return load;
}

DraftOptions draft_choice(const ServedModel& model, const ServeOptions& options) {
  DraftOptions draft = options.draft;
  if (!model.is_first) draft.model.clear();
  return draft;
}

Result<std::shared_ptr<chat::Provider>> open_model(const ServedModel& model, const ServeOptions& options,
                                                   size_t& state_bytes, const Job& job) {
  auto opened = std::make_shared<Opened>();
  MALMOI_ASSIGN(const Path folder, find_model(model.path));
  MALMOI_ASSIGN(opened->loaded, load_for_generation(model.path, load_choice(model, folder, options), job));
  if (state_bytes == 0) state_bytes = infer::default_state_bytes();
  if (opened->loaded.model->generates()) MALMOI_TRY(open_engine(*opened, model, options, state_bytes, job));
  else MALMOI_TRY(open_encoder(*opened, model));
  chat::Provider* provider = opened->provider.get();
  return std::shared_ptr<chat::Provider>(std::move(opened), provider);
}

}  // namespace malmoi::app
