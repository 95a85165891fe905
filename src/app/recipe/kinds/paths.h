// What the settings of a stage name: the paths under some of their keys.
#pragma once

#include <initializer_list>
#include <vector>

#include "base/file.h"
#include "base/json.h"

namespace malmoi::app::kinds {

/// The value under `key`; null where `settings` is no object or has none.
inline Json part(const Json& settings, const char* key) {
  return settings.is_object() ? settings.value(key, Json()) : Json();
}

/// Appends what stands under `keys`: a path, or a list of paths. Anything else is the stage's own to complain of.
inline void add_paths(const Json& settings, std::initializer_list<const char*> keys, std::vector<Path>& paths) {
  for (const char* key : keys) {
    const Json named = part(settings, key);
    if (named.is_string()) paths.emplace_back(named.get<std::string>());
    if (!named.is_array()) continue;
    for (const Json& path : named) {
      if (path.is_string()) paths.emplace_back(path.get<std::string>());
    }
  }
}

/// Appends what `chat_template` names, where it is a file.
inline void add_chat_template(const Json& settings, std::vector<Path>& paths) {
  const std::string choice = json_string(settings, "chat_template", "auto");
  if (choice != "auto" && choice != "plain" && choice != "none") paths.emplace_back(choice);
}

}  // namespace malmoi::app::kinds
