#include "app/serve/serve.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "app/serve/runs/shown_corpora.h"
#include "app/serve/runs/shown_runs.h"
#include "app/use/chat.h"
#include "app/use/embedding_options.h"
#include "app/use/generate.h"
#include "app/use/generation_defaults.h"
#include "base/log.h"
#include "base/mapped_files.h"
#include "infer/encoder_provider.h"
#include "infer/provider.h"
#include "infer/state_budget.h"
#include "serve/server.h"

namespace malmoi::app {
namespace {

Result<std::vector<std::string>> read_keys(const Path& file) {
  MALMOI_ASSIGN(std::string text, read_file(file, 1 << 20));
  std::vector<std::string> keys;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    line.erase(0, line.find_first_not_of(" \t\r"));
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (!line.empty() && line[0] != '#') keys.push_back(std::move(line));
  }
  if (keys.empty()) return usage_error("there is no key in it", file.string(), "write one key a line");
  return keys;
}

// The last part of a folder that says something: `model` and `best` are what a training run calls its models.
std::string name_of(const Path& folder) {
  std::error_code ignored;
  Path path = std::filesystem::weakly_canonical(std::filesystem::absolute(folder, ignored), ignored);
  std::string name = path.filename().string();
  if ((name == "model" || name == "best") && path.has_parent_path()) name = path.parent_path().filename().string();
  return name.empty() ? "model" : name;
}

struct NamedAdapters {
  std::vector<std::string> names;
  std::vector<Path> paths;
};

Result<NamedAdapters> named_adapters(const std::vector<std::string>& given, const std::string& model) {
  NamedAdapters adapters;
  for (const std::string& text : given) {
    const size_t sign = text.find('=');
    if (sign == std::string::npos || sign == 0 || sign + 1 == text.size())
      return usage_error("'" + text + "' is not NAME=DIR", "--adapter",
                         "name the adapter, such as letters=adapters/letters");
    const std::string name = text.substr(0, sign);
    if (name == model || std::ranges::find(adapters.names, name) != adapters.names.end())
      return usage_error("two models are called '" + name + "'", "--adapter", "give each a name of its own");
    adapters.names.push_back(name);
    adapters.paths.emplace_back(text.substr(sign + 1));
  }
  return adapters;
}

std::string url_of(const serve::ServerOptions& options, uint16_t port) {
  std::string host = options.host == "0.0.0.0" || options.host == "::" ? "localhost" : options.host;
  if (host.find(':') != host.npos) host = "[" + host + "]";
  return "http://" + host + ":" + std::to_string(port) + "/";
}

int64_t modified_seconds(const Path& folder) {
  std::error_code error;
  auto time = std::filesystem::last_write_time(folder, error);
  if (error) return 0;
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::file_clock::to_sys(time).time_since_epoch())
      .count();
}

void warn_if_open(const serve::ServerOptions& options, const Warn& warn) {
  if (!serve::is_loopback(options.host) && options.api_keys.empty())
    warn("everyone who reaches " + options.host + " may use this server; ask for a key with --api-key-file");
}

// The server's thread and this one tell the same user.
class SharedWarn {
 public:
  explicit SharedWarn(const Warn& warn) : warn_(warn) {}
  Warn receiver() {
    return [this](const std::string& line) {
      std::lock_guard lock(mutex_);
      warn_(line);
    };
  }

 private:
  std::mutex mutex_;
  const Warn& warn_;
};

// Once a second: what became of the model's files. Only that a file was broken is said twice, here and to every client.
class FileWatch {
 public:
  explicit FileWatch(Warn warn) : warn_(std::move(warn)) {}
  void look() {
    if (monotonic_seconds() < next_) return;
    next_ = monotonic_seconds() + 1;
    for (const Path& path : look_at_mapped_files())
      warn_("another file stands at " + path.string() +
            " now; what was opened is served on until the server starts again");
    Status whole = check_mapped_files();
    if (!whole.ok() && !std::exchange(broken_, true)) warn_("requests are refused: " + whole.error().to_string());
  }

 private:
  Warn warn_;
  double next_ = 0;
  bool broken_ = false;
};

// What answers.
struct Answering {
  std::unique_ptr<infer::Engine> engine;  // null: of an encoder
  std::unique_ptr<chat::Provider> provider;
};

Result<Answering> open_engine(const LoadedModel& loaded, const chat::ModelInfo& info,
                              const std::vector<std::string>& adapters, const ServeOptions& options, const Job& job) {
  MALMOI_ASSIGN(chat::ChatTemplate chat, chat_template(loaded.folder, *loaded.tokenizer, options.chat_template));
  MALMOI_ASSIGN(infer::EmbedderOptions embedding, embedding_options(loaded.folder));
  size_t state_bytes = options.state_bytes > 0 ? options.state_bytes : infer::default_state_bytes();
  const size_t draft_bytes = options.draft.model.empty() ? 0 : state_bytes / kDraftShare;
  state_bytes -= draft_bytes;
  MALMOI_ASSIGN(auto drafter, open_drafter(options.draft, loaded, options.load.dtype, draft_bytes, job));
  Answering out;
  MALMOI_ASSIGN(out.engine,
                infer::Engine::create(
                    *loaded.model, *loaded.tokenizer,
                    {.max_running = options.max_running,
                     .state_bytes = state_bytes,
                     .keys = options.keys,
                     .prefix_bytes = static_cast<size_t>(static_cast<double>(state_bytes) * options.prefix_share),
                     .drafter = std::move(drafter)}));
  out.provider =
      std::make_unique<infer::EngineProvider>(*out.engine, *loaded.tokenizer,
                                              infer::EngineProviderOptions{.model = info,
                                                                           .chat_template = chat,
                                                                           .stop_ids = loaded.stop_ids,
                                                                           .adapters = adapters,
                                                                           .embedding = std::move(embedding)});
  return out;
}

Result<Answering> open_encoder(const LoadedModel& loaded, const chat::ModelInfo& info,
                               const std::vector<std::string>& adapters) {
  if (!adapters.empty())
    return unsupported("an encoder is served without adapters", "--adapter",
                       "merge one into it (malmoi adapter merge)");
  MALMOI_ASSIGN(infer::EmbedderOptions embedding, embedding_options(loaded.folder));
  Answering out;
  out.provider = std::make_unique<infer::EncoderProvider>(*loaded.model, *loaded.tokenizer, info, std::move(embedding));
  return out;
}

// What is shown beside the model.
Status open_shown(const ServeOptions& options, serve::ServerOptions& server) {
  if (options.allow_training && !options.runs)
    return usage_error("there are no runs to train", "--allow-training", "name their folder with --runs");
  if (options.runs) {
    MALMOI_ASSIGN(server.runs, ShownRuns::open(*options.runs, options.allow_training));
  }
  if (options.data) {
    MALMOI_ASSIGN(server.corpora, ShownCorpora::open(*options.data));
  }
  return {};
}

}  // namespace

Status serve_model(const ServeOptions& options, const Job& job) {
  serve::ServerOptions server_options = options.server;
  SharedWarn warn(job.warn);
  server_options.warn = warn.receiver();
  if (options.api_key_file) {
    MALMOI_ASSIGN(server_options.api_keys, read_keys(*options.api_key_file));
  }
  MALMOI_TRY(open_shown(options, server_options));
  MALMOI_ASSIGN(Path folder, find_model(options.model));
  const std::string name = options.name.empty() ? name_of(folder) : options.name;
  MALMOI_ASSIGN(NamedAdapters adapters, named_adapters(options.adapters, name));
  warn_if_open(server_options, server_options.warn);
  // Listens first: a port in use is said before a large model is read, and health checks see that it is loading.
  MALMOI_ASSIGN(std::unique_ptr<serve::Server> server, serve::Server::start(server_options));
  LoadChoice load = options.load;
  load.adapters = adapters.paths;
  MALMOI_ASSIGN(LoadedModel loaded, load_for_generation(options.model, load, job));
  const chat::ModelInfo info{
      .name = name, .created = modified_seconds(folder), .defaults = sampling_defaults(generation_fields(folder))};
  MALMOI_ASSIGN(const Answering answering, loaded.model->generates()
                                               ? open_engine(loaded, info, adapters.names, options, job)
                                               : open_encoder(loaded, info, adapters.names));
  chat::Provider& provider = *answering.provider;
  server->serve(provider);
  job.message("serving at " + url_of(server_options, server->port()) + " (Ctrl-C stops)");
  FileWatch files(server_options.warn);
  while (!job.stop.requested()) {
    files.look();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  chat::ProviderStats stats = provider.stats();
  int64_t running = stats.running + stats.waiting;
  if (running > 0)
    job.message("stopping; " + std::to_string(running) + " answers finish first (again to stop at once)");
  server->stop(options.stop_seconds);
  server.reset();
  return {};
}

}  // namespace malmoi::app
