// Which models a server has, by which names, and how each is brought into memory for its pool.
#pragma once

#include <string>
#include <vector>

#include "app/serve/serve.h"
#include "chat/provider_pool.h"

namespace malmoi::app {

/// A model as a command line names it.
struct ServedModel {
  std::string name;                        // by which requests call it
  std::string path;                        // as find_model takes it
  std::vector<std::string> adapters = {};  // names
  std::vector<Path> adapter_folders = {};
  bool is_first = false;
};

/// The models of --model and --models with the adapters of each, the first one first. Errors: none; two of one name; a model of
/// --model that is not there; what is not NAME=DIR.
Result<std::vector<ServedModel>> served_models(const ServeOptions& options);

/// How memory is shared out.
struct MemoryShares {
  size_t models = SIZE_MAX;  // for the weights of all
  size_t most_loaded = 1;
  size_t states = 0;  // for the states of one; 0: half of what is free once it is loaded
};
MemoryShares share_memory(const ServeOptions& options, size_t models);

/// Errors of its functions: as load_for_generation; a template or an embedding that is not here. `job`: for lines of any thread.
chat::PooledModel pooled_model(const ServedModel& model, const ServeOptions& options, size_t state_bytes,
                               const Job& job);

}  // namespace malmoi::app
