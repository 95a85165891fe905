// JSON values: nlohmann's type with objects that keep their order, with parsing that returns errors and never throws.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_object.h"

namespace malmoi {

/// Keys keep their order, so that what is read and written back looks the same.
using Json = nlohmann::basic_json<JsonObject>;

/// Parses one JSON text. `where` names the file or request in the error, which gives the byte offset.
/// Nesting deeper than `max_depth` is refused, so that hostile input cannot overflow the stack.
Result<Json> parse_json(std::string_view text, std::string where, int max_depth = 256);

/// Reads and parses a JSON file.
Result<Json> read_json(const std::string& path, uint64_t limit = UINT64_MAX);

/// One line, UTF-8 as it stands; bytes that are not UTF-8 become U+FFFD. Floats read back to the same bits.
std::string dump_json(const Json& value, int indent = -1);

/// The string under `key`, or `fallback` where it is absent or not a string.
std::string json_string(const Json& object, std::string_view key, std::string fallback = {});

}  // namespace malmoi
