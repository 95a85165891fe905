#include "protocol/fields.h"

#include <algorithm>
#include <cmath>

#include "base/config.h"

namespace malmoi::protocol {
namespace {

std::string range_text(double low, double high) {
  auto show = [](double x) {
    return std::abs(x) < 1e15 && x == std::floor(x) ? std::to_string(static_cast<int64_t>(x)) : dump_json(x);
  };
  if (high >= 1e15) return show(low) + " or more";
  return "between " + show(low) + " and " + show(high);
}

}  // namespace

const Json* Fields::raw(std::string_view name) {
  known_.emplace(name);
  auto found = object_->find(name);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::string> Fields::text(std::string_view name) {
  const Json* value = raw(name);
  if (!value) return {};
  if (!value->is_string()) return fail(name, "'" + std::string(name) + "' is not a string"), std::nullopt;
  return value->get<std::string>();
}

std::optional<bool> Fields::boolean(std::string_view name) {
  const Json* value = raw(name);
  if (!value) return {};
  if (!value->is_boolean()) return fail(name, "'" + std::string(name) + "' is not true or false"), std::nullopt;
  return value->get<bool>();
}

std::optional<int64_t> Fields::integer(std::string_view name, int64_t low, int64_t high) {
  const Json* value = raw(name);
  if (!value) return {};
  auto limits = range_text(static_cast<double>(low), static_cast<double>(high));
  bool too_large = value->is_number_unsigned() && value->get<uint64_t>() > static_cast<uint64_t>(INT64_MAX);
  if (!value->is_number_integer() || too_large || value->get<int64_t>() < low || value->get<int64_t>() > high)
    return fail(name, "'" + std::string(name) + "' is not an integer " + limits), std::nullopt;
  return value->get<int64_t>();
}

std::optional<double> Fields::number(std::string_view name, double low, double high) {
  const Json* value = raw(name);
  if (!value) return {};
  double x = value->is_number() ? value->get<double>() : NAN;
  if (!(x >= low && x <= high))
    return fail(name, "'" + std::string(name) + "' is not a number " + range_text(low, high)), std::nullopt;
  return x;
}

std::vector<std::string> Fields::texts(std::string_view name, size_t limit) {
  const Json* value = raw(name);
  if (!value) return {};
  std::vector<std::string> out;
  bool right = value->is_string() || value->is_array();
  if (value->is_string()) out.push_back(value->get<std::string>());
  if (value->is_array()) {
    right = value->size() <= limit;
    for (size_t i = 0; right && i < value->size(); ++i) {
      right = (*value)[i].is_string();
      if (right) out.push_back((*value)[i].get<std::string>());
    }
  }
  if (!right || std::any_of(out.begin(), out.end(), [](const std::string& s) { return s.empty(); })) {
    fail(name, "'" + std::string(name) + "' is not a text or a list of at most " + std::to_string(limit) +
                   " texts, none empty");
    return {};
  }
  return out;
}

void Fields::ignore(std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) known_.emplace(name);
}

void Fields::refuse(std::string_view name, std::string_view why, const Json& harmless) {
  const Json* value = raw(name);
  if (!value || *value == harmless || *value == Json(false)) return;
  if ((value->is_array() || value->is_object()) && value->empty()) return;
  fail(unsupported("'" + std::string(name) + "' is not supported: " + std::string(why), prefix_ + std::string(name),
                   "leave it out"));
}

void Fields::fail(std::string_view name, std::string what, std::string remedy) {
  fail(usage_error(std::move(what), prefix_ + std::string(name), std::move(remedy)));
}

void Fields::fail(Error error) {
  if (!error_) error_ = std::move(error);
}

Status Fields::finish() {
  if (error_) return *error_;
  for (const auto& [name, value] : object_->items()) {
    if (known_.contains(name)) continue;
    std::string near = nearest_word(name, {known_.begin(), known_.end()});
    return usage_error("unknown field '" + name + "'", prefix_ + name,
                       near.empty() ? "leave it out" : "did you mean '" + near + "'?");
  }
  return {};
}

Result<Json> parse_body(std::string_view body) {
  if (body.empty()) return invalid_data("the request has no body", "", "send a JSON object");
  MALMOI_ASSIGN(Json json, parse_json(body, "", 64));
  if (!json.is_object()) return invalid_data("the body is not a JSON object", "", "send a JSON object");
  return json;
}

}  // namespace malmoi::protocol
