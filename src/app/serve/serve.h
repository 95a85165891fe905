// `malmoi serve`: a model behind the HTTP API and the web page, until it is asked to stop.
#pragma once

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
  std::string model;
  std::string name;                   // by which requests call it; empty: from the folder
  std::vector<std::string> adapters;  // NAME=DIR: served beside the model, by that name
  LoadChoice load;                    // its adapters are those above
  serve::ServerOptions server;
  std::optional<Path> api_key_file;        // one key a line; empty lines and lines that begin with # are passed over
  std::string chat_template = "auto";      // plain: also for a model that has a template of its own
  int64_t max_running = 32;                // answers decoded together
  uint64_t state_bytes = 0;                // memory for the states of all answers; 0: half of what is free
  nn::KeyType keys = nn::KeyType::kModel;  // what is kept there as
  double prefix_share = 0.5;  // of it, what prompts that were read may keep for those that begin as they do
  DraftOptions draft;
  double stop_seconds = 30;  // for running answers to finish when the server stops

  std::optional<Path> runs, data;  // folders whose training runs and corpora are shown
  bool allow_training = false;     // such a run may be stopped and resumed by requests
};

/// Listens, loads the model, tells the server's address, serves, and returns after job.stop asks, once everything is
/// finished. Errors: what cannot be opened, an address that cannot be listened on.
Status serve_model(const ServeOptions& options, const Job& job);

}  // namespace malmoi::app
