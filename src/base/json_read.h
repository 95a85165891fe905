// Parts of JSON that anyone may have written: one of another type is as if it were not there.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/json.h"

namespace malmoi {

/// The whole number from 0 to `most` under `key`, if there is one.
inline std::optional<int64_t> json_count(const Json& object, std::string_view key, int64_t most = INT64_MAX) {
  if (!object.is_object()) return {};
  auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer()) return {};
  if (!found->is_number_unsigned() && found->get<int64_t>() < 0) return {};
  if (found->get<uint64_t>() > static_cast<uint64_t>(most)) return {};
  return found->get<int64_t>();
}

/// The number under `key`, if there is one.
inline std::optional<double> json_number(const Json& object, std::string_view key) {
  if (!object.is_object()) return {};
  auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return {};
  return found->get<double>();
}

/// The list under `key`; an empty one where there is none.
inline const Json& json_list(const Json& object, std::string_view key) {
  static const Json none = Json::array();
  if (!object.is_object()) return none;
  auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : none;
}

/// The object under `key`; an empty one where there is none.
inline const Json& json_object(const Json& object, std::string_view key) {
  static const Json none = Json::object();
  if (!object.is_object()) return none;
  auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : none;
}

}  // namespace malmoi
