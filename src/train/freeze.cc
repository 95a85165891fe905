#include "train/freeze.h"

#include <fnmatch.h>

#include <algorithm>

namespace malmoi::train {
namespace {

bool fits(const std::string& pattern, const nn::Source& source) {
  return fnmatch(pattern.c_str(), source.name.c_str(), 0) == 0;
}

bool any_fits(const std::vector<std::string>& patterns, const nn::Source& source) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& p) { return fits(p, source); });
}

int64_t frozen_sources(const std::vector<std::string>& patterns, const nn::ParameterSpec& spec) {
  return std::count_if(spec.sources.begin(), spec.sources.end(),
                       [&](const nn::Source& source) { return any_fits(patterns, source); });
}

}  // namespace

std::function<bool(const nn::ParameterSpec&)> frozen_by(std::vector<std::string> patterns) {
  return [patterns = std::move(patterns)](const nn::ParameterSpec& spec) {
    return frozen_sources(patterns, spec) == static_cast<int64_t>(spec.sources.size());
  };
}

Status check_freeze(const std::vector<std::string>& patterns, const nn::ParameterSet& parameters,
                    const std::string& where) {
  size_t frozen = 0;
  for (const auto& entry : parameters.entries()) {
    int64_t n = frozen_sources(patterns, entry->spec), all = static_cast<int64_t>(entry->spec.sources.size());
    if (n > 0 && n < all)
      return usage_error(
          "fits a part of '" + entry->spec.sources[0].name + "' and its neighbours, which are one matrix", where,
          "name all of them or none");
    if (n == all) ++frozen;
  }
  for (const std::string& pattern : patterns) {
    bool used = std::any_of(parameters.entries().begin(), parameters.entries().end(), [&](const auto& entry) {
      return std::any_of(entry->spec.sources.begin(), entry->spec.sources.end(),
                         [&](const nn::Source& source) { return fits(pattern, source); });
    });
    if (!used)
      return usage_error("'" + pattern + "' fits no weight of the model", where,
                         "names are as published, such as '" + parameters.entries()[0]->spec.sources[0].name + "'");
  }
  if (frozen == parameters.entries().size()) return usage_error("nothing is left to train", where, "freeze less");
  return {};
}

}  // namespace malmoi::train
