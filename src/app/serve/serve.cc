#include "app/serve/serve.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "app/serve/document_extractor.h"
#include "app/serve/door_files.h"
#include "app/serve/models.h"
#include "app/serve/runs/shown_corpora.h"
#include "app/serve/runs/shown_runs.h"
#include "base/log.h"
#include "base/mapped_files.h"
#include "chat/provider_pool.h"
#include "serve/server.h"

namespace malmoi::app {
namespace {

// Of the time that a request waits for its model, what it waits for others to give it their place: the rest is to tell it why they
// did not.
constexpr double kRoomShare = 0.9;

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

std::string url_of(const serve::ServerOptions& options, uint16_t port) {
  std::string host = options.host == "0.0.0.0" || options.host == "::" ? "localhost" : options.host;
  if (host.find(':') != host.npos) host = "[" + host + "]";
  return (options.tls_certificate.empty() ? "http://" : "https://") + host + ":" + std::to_string(port) + "/";
}

void warn_if_open(const serve::ServerOptions& options, const Warn& warn) {
  if (!serve::is_loopback(options.host) && !serve::asks_for_keys(options))
    warn("everyone who reaches " + options.host +
         " may use this server; ask for a key with --keys (malmoi key create)");
}

// A connection is an open file, and many shells give a program 1,024 of them until it asks for more. Where it is given fewer than it
// asks for, connections wait to be accepted until others end.
void ask_for_open_files(int64_t connections) {
  constexpr int64_t kOthers = 256;  // models, shards, logs
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const auto wanted = std::min(static_cast<rlim_t>(connections + kOthers), limit.rlim_max);
  if (wanted <= limit.rlim_cur) return;
  limit.rlim_cur = wanted;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// The server's thread, the pool's and this one tell the same user.
class SharedJob {
 public:
  explicit SharedJob(const Job& job) : job_(job) {}
  Job job() { return {.message = receiver(job_.message), .warn = receiver(job_.warn), .stop = job_.stop}; }

 private:
  LineReceiver receiver(const LineReceiver& to) {
    return [this, &to](const std::string& line) {
      std::lock_guard lock(mutex_);
      to(line);
    };
  }

  std::mutex mutex_;
  const Job& job_;
};

// What a pool tells before the server does is told by whoever waits for it.
LineReceiver once(const std::atomic<bool>& begun, const LineReceiver& to) {
  return [&begun, to](const std::string& line) {
    if (begun) to(line);
  };
}

// Once a second: what became of the models' files. Only that a file was broken is said twice, here and to every client that asks for
// its model.
class FileWatch {
 public:
  explicit FileWatch(Warn warn) : warn_(std::move(warn)) {}
  void look() {
    if (monotonic_seconds() < next_) return;
    next_ = monotonic_seconds() + 1;
    for (const Path& path : look_at_mapped_files())
      warn_("the file at " + path.string() + " was replaced or removed; a new one is read once it has come to rest");
    std::set<std::string> broken;
    for (const Error& error : broken_mapped_files()) {
      broken.insert(error.where);
      if (!broken_.contains(error.where))
        warn_("requests for the model of this file are refused until a good one is read: " + error.to_string());
    }
    broken_ = std::move(broken);
  }

 private:
  Warn warn_;
  double next_ = 0;
  std::set<std::string> broken_;  // paths
};

// The first model is loaded before anything is answered: what is wrong with it ends the program.
Status load_first(chat::ProviderPool& pool) {
  auto loaded = std::make_shared<std::promise<Status>>();  // shared: who is woken by it must not end it under the other
  std::future<Status> told = loaded->get_future();
  pool.hold("", [loaded](Result<std::shared_ptr<chat::Provider>> held) {
    loaded->set_value(held.ok() ? Status() : Status(held.error()));
  });
  return told.get();
}

// Those that are to be there from the start; what is wrong with them is told when they are asked for, too.
void load_others(chat::ProviderPool& pool, const std::vector<ServedModel>& models, const ServeOptions& options) {
  for (const ServedModel& model : models) {
    const bool is_pinned = std::ranges::find(options.pinned, model.name) != options.pinned.end();
    if (options.load_all || is_pinned) pool.hold(model.name, [](Result<std::shared_ptr<chat::Provider>>) {});
  }
}

// What is shown and read beside the model; `runs` stays null where none are.
Status open_shown(const ServeOptions& options, serve::ServerOptions& server, std::shared_ptr<ShownRuns>& runs) {
  if (options.allow_training && !options.runs)
    return usage_error("there are no runs to train", "--allow-training", "name their folder with --runs");
  if (options.runs) {
    MALMOI_ASSIGN(runs, ShownRuns::open(*options.runs, options.allow_training));
    server.runs = runs;
  }
  if (options.data) {
    MALMOI_ASSIGN(server.corpora, ShownCorpora::open(*options.data));
  }
  if (options.extract) server.extractor = std::make_shared<DocumentExtractor>();
  return {};
}

}  // namespace

Status serve_model(const ServeOptions& options, const Job& job) {
  serve::ServerOptions server_options = options.server;
  SharedJob shared(job);
  const Job any_thread = shared.job();
  server_options.warn = any_thread.warn;
  if (options.api_key_file) {
    MALMOI_ASSIGN(server_options.api_keys, read_keys(*options.api_key_file));
  }
  MALMOI_ASSIGN(DoorFiles door, DoorFiles::open(options.key_file, server_options));
  std::shared_ptr<ShownRuns> runs;
  MALMOI_TRY(open_shown(options, server_options, runs));
  MALMOI_ASSIGN(const std::vector<ServedModel> models, served_models(options));
  warn_if_open(server_options, server_options.warn);
  ask_for_open_files(server_options.max_connections);
  const MemoryShares shares = share_memory(options, models.size());
  std::vector<chat::PooledModel> pooled;
  for (const ServedModel& model : models) pooled.push_back(pooled_model(model, options, shares.states, any_thread));
  std::atomic<bool> begun{false};
  chat::ProviderPool pool(std::move(pooled), {.memory = shares.models,
                                              .most_loaded = shares.most_loaded,
                                              .room_seconds = kRoomShare * server_options.load_seconds,
                                              .wait_seconds = server_options.load_seconds,
                                              .message = once(begun, any_thread.message),
                                              .warn = once(begun, any_thread.warn)});
  // Listens before it loads: a port in use is said before a large model is read, and health checks see that it is loading.
  MALMOI_ASSIGN(std::unique_ptr<serve::Server> server, serve::Server::start(server_options));
  MALMOI_TRY(load_first(pool));
  server->serve(pool);
  any_thread.message("serving at " + url_of(server_options, server->port()) + " (Ctrl-C stops)");
  begun = true;
  load_others(pool, models, options);
  FileWatch files(server_options.warn);
  while (!job.stop.requested()) {
    files.look();
    door.look(*server, any_thread.message, server_options.warn);
    if (options.look_asked && options.look_asked()) pool.look_again();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  chat::ProviderStats stats = pool.stats();
  int64_t running = stats.running + stats.waiting;
  if (running > 0)
    any_thread.message("stopping; " + std::to_string(running) + " answers finish first (again to stop at once)");
  if (runs) runs->stop_training();  // first: a step and a checkpoint take their time, too
  server->stop(options.stop_seconds);
  server.reset();
  return {};
}

}  // namespace malmoi::app
