// Fuzzes values beside schemas: the first line is a schema, the rest a value. What the check says ends, and is a line.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "reward/schema_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = text.find('\n');
  if (line == std::string_view::npos) return 0;
  auto schema = malmoi::parse_json(text.substr(0, line), "fuzz");
  auto value = malmoi::parse_json(text.substr(line + 1), "fuzz");
  if (!schema.ok() || !value.ok()) return 0;
  auto check = malmoi::reward::SchemaCheck::make(*std::move(schema), "fuzz");
  if (!check.ok()) return 0;
  auto problem = check->problem(*value);
  if (problem && problem->find('\n') != std::string::npos) std::abort();
  return 0;
}
