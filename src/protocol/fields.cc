#include "protocol/fields.h"

#include <algorithm>
#include <cmath>

#include "base/config.h"
#include "base/utf8.h"

namespace malmoi::protocol {
namespace {

constexpr int kMaxDepth = 64;  // of lists and objects in a body

std::string range_text(double low, double high) {
  auto show = [](double x) {
    return std::abs(x) < 1e15 && x == std::floor(x) ? std::to_string(static_cast<int64_t>(x)) : dump_json(x);
  };
  if (high >= 1e15) return show(low) + " or more";
  return "between " + show(low) + " and " + show(high);
}

std::optional<int64_t> whole_number(const Json& value) {
  if (value.is_number_float()) {
    constexpr double kExact = 9007199254740992;  // 2^53: doubles below it tell whole numbers apart
    auto x = value.get<double>();
    if (!(std::abs(x) < kExact) || x != std::floor(x)) return {};
    return static_cast<int64_t>(x);
  }
  bool too_large = value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX);
  if (!value.is_number_integer() || too_large) return {};
  return value.get<int64_t>();
}

// The end of a string that begins behind text[at - 1]: behind its quote, or the end of the text.
size_t string_end(std::string_view text, size_t at) {
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return std::min(at + 1, text.size());
}

// Whether an object has more keys than any request needs: its colons are counted, in one pass over what may be no JSON.
bool has_too_many_keys(std::string_view text) {
  std::vector<size_t> keys{0};  // of the objects and lists that are open
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"') i = string_end(text, i + 1) - 1;
    else if (c == '{' || c == '[') keys.push_back(0);
    else if ((c == '}' || c == ']') && keys.size() > 1) keys.pop_back();
    else if (c == ':' && ++keys.back() > kMaxKeys) return true;
    if (keys.size() > size_t{kMaxDepth} + 1) return false;  // the parser refuses that
  }
  return false;
}

}  // namespace

bool read_ids(const Json& list, std::vector<int32_t>& ids) {
  if (!list.is_array()) return false;
  for (const Json& value : list) {
    const std::optional<int64_t> id = whole_number(value);
    if (!id || *id < 0 || *id > INT32_MAX) return false;
    ids.push_back(static_cast<int32_t>(*id));
  }
  return true;
}

std::string shown(std::string_view text) {
  constexpr size_t kLongest = 100;
  if (text.size() <= kLongest) return std::string(text);
  std::string_view begin = text.substr(0, kLongest);
  return std::string(begin.substr(0, complete_utf8_prefix(begin))) + "...";
}

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
  std::optional<int64_t> whole = whole_number(*value);
  if (whole && *whole >= low && *whole <= high) return whole;
  auto limits = range_text(static_cast<double>(low), static_cast<double>(high));
  fail(name, "'" + std::string(name) + "' is not an integer " + limits);
  return {};
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
  if (!value || *value == harmless || (*value == Json(false) && harmless != Json(true))) return;
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
    std::string near = nearest_word(shown(name), {known_.begin(), known_.end()});
    return usage_error("unknown field '" + shown(name) + "'", prefix_ + shown(name),
                       near.empty() ? "leave it out" : "did you mean '" + near + "'?");
  }
  return {};
}

Result<Json> parse_body(std::string_view body) {
  if (body.empty()) return invalid_data("the request has no body", "", "send a JSON object");
  if (has_too_many_keys(body))
    return invalid_data("an object of the body has more than " + std::to_string(kMaxKeys) + " keys", "",
                        "send what the API describes");
  MALMOI_ASSIGN(Json json, parse_json(body, "", kMaxDepth));
  if (!json.is_object()) return invalid_data("the body is not a JSON object", "", "send a JSON object");
  return json;
}

}  // namespace malmoi::protocol
