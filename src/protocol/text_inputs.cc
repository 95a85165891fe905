#include "protocol/text_inputs.h"

#include <utility>

namespace malmoi::protocol {
namespace {

constexpr int64_t kMostDimensions = 1 << 20;

bool read_one(const Json& value, std::vector<TextOrIds>& inputs) {
  if (value.is_string()) {
    inputs.emplace_back(value.get<std::string>());
    return true;
  }
  std::vector<int32_t> ids;
  if (!read_ids(value, ids)) return false;
  inputs.emplace_back(std::move(ids));
  return true;
}

bool read_all(const Json& value, std::vector<TextOrIds>& inputs) {
  if (!value.is_array()) return read_one(value, inputs);
  if (value.empty()) return false;
  if (value[0].is_number()) return read_one(value, inputs);
  for (const Json& one : value) {
    if (!read_one(one, inputs)) return false;
  }
  return true;
}

}  // namespace

std::vector<TextOrIds> read_inputs(Fields& fields, std::string_view name, size_t limit) {
  std::vector<TextOrIds> inputs;
  const std::string quoted = "'" + std::string(name) + "'";
  const Json* value = fields.raw(name);
  if (!value) {
    fields.fail(name, quoted + " is missing", "give a text, a list of texts, or token ids");
  } else if (value->is_array() && !value->empty() && !(*value)[0].is_number() && value->size() > limit) {
    fields.fail(name, quoted + " has more than " + std::to_string(limit) + " texts", "send several requests");
  } else if (!read_all(*value, inputs)) {
    fields.fail(name, quoted + " is not a text, a list of texts, a list of ids, or a list of lists of ids");
  }
  return inputs;
}

int64_t read_dimensions(Fields& fields) { return fields.integer("dimensions", 1, kMostDimensions).value_or(0); }

}  // namespace malmoi::protocol
