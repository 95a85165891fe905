// The machine as Malmoi sees it: processor, instruction set, memory, threads, libraries.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace malmoi::app {

struct Machine {
  std::string cpu;
  std::string isa, isa_detected;  // in use, and what the processor has
  int threads = 0;
  int64_t memory_bytes = 0;
  std::vector<std::pair<std::string, std::string>> libraries;  // name, version
  struct Missing {
    std::string what, remedy;
  };
  std::vector<Missing> missing;
};
Json to_json(const Machine& machine);

Machine doctor();

}  // namespace malmoi::app
