// `malmoi serve`: models behind the HTTP API and the web page, until it is asked to stop.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/use/drafting.h"
#include "app/use/load_choice.h"
#include "base/error.h"
#include "base/file.h"
#include "base/job.h"
#include "serve/options.h"

namespace malmoi::app {

struct ServeOptions {
  std::vector<std::string> models;  // PATH or NAME=PATH, the first one first
  std::optional<Path> folder;       // every model in it is served, too; "store": those of the store
  std::string name;                 // by which requests call a single model; empty: from its folder
  std::vector<std::string>
      adapters;                     // NAME=DIR: served beside the first model, by that name; MODEL/NAME=DIR: another's
  std::vector<std::string> pinned;  // names of models that stay in memory
  bool load_all = false;            // all models are loaded at the start, not when they are asked for
  uint64_t models_bytes = 0;        // memory for weights; 0: what is free, but for the states
  int64_t max_loaded = 0;           // models in memory at once; 0: app/serve/models.cc
  LoadChoice load;                  // its adapters are those above
  bool dtype_chosen = false;        // load.dtype is the user's word; else a classifier is read in f32
  serve::ServerOptions server;
  std::optional<Path> key_file;        // of `malmoi key`; read again when it changes
  std::optional<Path> api_key_file;    // one key a line; empty lines and lines that begin with # are passed over
  std::string chat_template = "auto";  // plain: also for a model that has a template of its own
  int64_t max_running = 32;            // answers decoded together
  uint64_t state_bytes = 0;  // memory for the states of all answers, in equal parts for models; 0: half of what is free
  nn::KeyType keys = nn::KeyType::kModel;  // what is kept there as
  double prefix_share = 0.5;  // of it, what prompts that were read may keep for those that begin as they do
  DraftOptions draft;
  double stop_seconds = 30;  // for running answers to finish when the server stops
  std::function<bool()> look_asked =
      {};  // whether the user has asked, since the last call, to look for new versions of models

  std::optional<Path> runs, data;  // folders whose training runs and corpora are shown
  bool allow_training = false;     // such a run may be stopped and resumed by requests
  bool extract = true;             // documents that clients send are read for them
};

/// Listens, loads the first model, tells the server's address, serves, and returns after job.stop asks, once everything is
/// finished. Errors: what cannot be opened, an address that cannot be listened on.
Status serve_model(const ServeOptions& options, const Job& job);

}  // namespace malmoi::app
