// The division of a build's inputs into parts: units of work that any process can do alone, the same however many there
// are. A part is a run of small files, one large file, or a range of lines of a large .jsonl.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "data/build/recipe.h"

namespace malmoi::data {

struct Plan {
  struct Part {
    std::vector<InputFile> files;
    uint64_t bytes = 0;
  };
  std::vector<Part> parts;
  std::vector<Skip> skips;  // inputs that cannot even be listed
  uint64_t files = 0, bytes = 0;
  std::string key;  // of the recipe and the names, sizes and times of all files it names: what names the work
};

/// Lists every input. Errors: a source's path that is not there. Depends on the inputs alone, not on the machine.
Result<Plan> make_plan(const Recipe& recipe);

}  // namespace malmoi::data
