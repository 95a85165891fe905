#include "base/config.h"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace malmoi {
namespace {

constexpr int kMaxDepth = 64;
constexpr int kMaxValues = 50'000;
// The parser makes 250 bytes of each byte of a text such as `[a,a,...`, before any value can be counted. What people write
// is hundreds of times smaller; lists of files stand as their folder.
constexpr uint64_t kMaxBytes = 1 << 20;
const Json kNull;
const Json kEmptyObject = Json::object();

// YAML 1.2 core schema for a plain scalar.
Json scalar_value(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (text == ".inf" || text == "+.inf") return HUGE_VAL;
  if (text == "-.inf") return -HUGE_VAL;
  std::string digits;
  for (size_t i = 0; i < text.size(); ++i) {
    bool separator = text[i] == '_' && i > 0 && i + 1 < text.size() &&
                     std::isdigit(static_cast<unsigned char>(text[i - 1])) &&
                     std::isdigit(static_cast<unsigned char>(text[i + 1]));
    if (!separator) digits += text[i];
  }
  const char* begin = digits.data() + (digits[0] == '+' ? 1 : 0);
  const char* end = digits.data() + digits.size();
  int64_t integer = 0;
  if (auto r = std::from_chars(begin, end, integer); r.ec == std::errc() && r.ptr == end) return integer;
  bool starts_number = std::isdigit(static_cast<unsigned char>(*begin)) || *begin == '-' || *begin == '.';
  double number = 0;
  if (auto r = std::from_chars(begin, end, number); starts_number && r.ec == std::errc() && r.ptr == end) return number;
  return text;
}

Result<Json> convert(const YAML::Node& node, const std::string& path, int depth, int& budget,
                     ConfigDocument& document) {
  if (depth > kMaxDepth) return invalid_data("nested too deeply", document.where(path));
  // Aliases let a few lines stand for billions of values.
  if (--budget < 0)
    return invalid_data("more than " + std::to_string(kMaxValues) + " values", document.where(path), "split the file");
  if (node.Mark().line >= 0) document.lines[path] = node.Mark().line + 1;
  if (!node.IsDefined() || node.IsNull()) return Json(nullptr);
  if (node.IsScalar()) {
    MALMOI_ASSIGN(std::string text, expand_environment(node.Scalar(), document.where(path)));
    bool quoted = node.Tag() == "!";
    return quoted ? Json(text) : scalar_value(text);
  }
  if (node.IsSequence()) {
    Json list = Json::array();
    for (size_t i = 0; i < node.size(); ++i) {
      MALMOI_ASSIGN(Json item, convert(node[i], path + "[" + std::to_string(i) + "]", depth + 1, budget, document));
      list.push_back(std::move(item));
    }
    return list;
  }
  Json object = Json::object();
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) return invalid_data("a key that is not a text", document.where(path));
    const std::string& key = entry.first.Scalar();
    std::string inner = path.empty() ? key : path + "." + key;
    document.lines[inner] = entry.first.Mark().line + 1;
    if (object.contains(key)) return invalid_data("key '" + key + "' stands twice", document.where(inner), "keep one");
    int key_line = entry.first.Mark().line + 1;
    MALMOI_ASSIGN(object[key], convert(entry.second, inner, depth + 1, budget, document));
    document.lines[inner] = key_line;
  }
  return object;
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t substitute = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({substitute, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

Result<std::string> expand_environment(std::string_view text, std::string_view where) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (text.substr(i, 2) != "${") {
      out += text[i++];
      continue;
    }
    size_t close = text.find('}', i);
    if (close == std::string_view::npos) return invalid_data("'${' without '}'", std::string(where));
    std::string_view inside = text.substr(i + 2, close - i - 2);
    size_t split = inside.find(":-");
    std::string name(inside.substr(0, split));
    const char* value = std::getenv(name.c_str());
    if (value && (*value || split == std::string_view::npos)) out += value;
    else if (split != std::string_view::npos) out += inside.substr(split + 2);
    else
      return invalid_data("the environment variable " + name + " is not set", std::string(where),
                          "set it, or write ${" + name + ":-default}");
    i = close + 1;
  }
  return out;
}

std::string ConfigDocument::where(const std::string& path) const {
  std::string place = file;
  if (auto found = lines.find(path); found != lines.end()) place += ":" + std::to_string(found->second);
  if (!path.empty()) place += (place.empty() ? "" : ": ") + path;
  return place;
}

Result<ConfigDocument> parse_config(std::string_view yaml, std::string file) {
  ConfigDocument document;
  document.file = std::move(file);
  if (yaml.size() > kMaxBytes)
    return invalid_data("is larger than " + std::to_string(kMaxBytes) + " bytes", document.file,
                        "name folders instead of files, or split it");
  try {
    int budget = kMaxValues;
    YAML::Node root = YAML::Load(std::string(yaml));
    MALMOI_ASSIGN(document.root, convert(root, "", 0, budget, document));
  } catch (const YAML::DeepRecursion& error) {
    return invalid_data("nested too deeply", document.file + ":" + std::to_string(error.mark.line + 1));
  } catch (const YAML::Exception& error) {
    std::string place = document.file;
    if (error.mark.line >= 0) place += ":" + std::to_string(error.mark.line + 1);
    return invalid_data("malformed YAML: " + error.msg, place);
  } catch (const std::exception& error) {
    return invalid_data(std::string("malformed YAML: ") + error.what(), document.file);
  }
  if (document.root.is_null()) document.root = Json::object();
  if (!document.root.is_object())
    return invalid_data("a mapping of keys was expected", document.file, "write `key: value` lines");
  return document;
}

Result<ConfigDocument> read_config(const Path& path) {
  MALMOI_ASSIGN(std::string text, read_file(path, kMaxBytes));
  return parse_config(text, path.string());
}

Status override_config(ConfigDocument& document, std::string_view assignment) {
  size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return usage_error("'" + std::string(assignment) + "' is not KEY=VALUE", "--set", "write --set train.steps=100");
  MALMOI_ASSIGN(ConfigDocument value, parse_config("value: " + std::string(assignment.substr(equals + 1)), "--set"));
  Json* place = &document.root;
  std::string_view keys = assignment.substr(0, equals);
  std::string path(keys);
  while (true) {
    size_t dot = keys.find('.');
    std::string key(keys.substr(0, dot));
    if (place->is_null()) *place = Json::object();
    if (!place->is_object()) return usage_error("'" + path + "' goes through a value that is no mapping", "--set");
    place = &(*place)[key];
    if (dot == std::string_view::npos) break;
    keys.remove_prefix(dot + 1);
  }
  *place = value.root["value"];
  document.lines.erase(path);
  return {};
}

std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  // Who types the beginning of a word means the word, however far its end is away.
  constexpr size_t kBeginning = 3;
  if (word.size() - std::min(word.find_first_not_of('-'), word.size()) >= kBeginning) {
    for (const std::string& candidate : candidates) {
      if (candidate.starts_with(word) && (best.empty() || candidate.size() < best.size())) best = candidate;
    }
    if (!best.empty()) return best;
  }
  size_t best_distance = word.size() / 2 + 2;
  for (const std::string& candidate : candidates) {
    size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) best_distance = distance, best = candidate;
  }
  return best;
}

ConfigReader::ConfigReader(const ConfigDocument& document, const Json& object, std::string path)
    : document_(&document), object_(&object), path_(std::move(path)) {
  if (object_->is_null()) object_ = &kEmptyObject;
  if (!object_->is_object()) {
    error_ = invalid_data("a mapping of keys was expected", document_->where(path_));
    object_ = &kEmptyObject;
  }
}

std::string ConfigReader::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

std::string ConfigReader::where(std::string_view key) const { return document_->where(path_of(key)); }

const Json* ConfigReader::find(std::string_view key) {
  known_.emplace(key);
  auto found = object_->find(key);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

bool ConfigReader::has(std::string_view key) { return find(key) != nullptr; }

void ConfigReader::fail(std::string_view key, std::string what, std::string remedy) {
  if (!error_) error_ = Error{ErrorCode::kUsage, std::move(what), where(key), std::move(remedy)};
}

std::string ConfigReader::text(std::string_view key, std::string fallback) {
  const Json* value = find(key);
  if (!value) return fallback;
  if (value->is_string()) return value->get<std::string>();
  if (value->is_number() || value->is_boolean()) return value->dump();
  fail(key, "a text was expected");
  return fallback;
}

int64_t ConfigReader::integer(std::string_view key, int64_t fallback, int64_t low, int64_t high) {
  const Json* value = find(key);
  if (!value) return fallback;
  double number = value->is_number() ? value->get<double>() : NAN;
  if (!(std::floor(number) == number) || std::abs(number) > 9e18) {
    fail(key, "a whole number was expected");
    return fallback;
  }
  int64_t n = value->is_number_integer() ? value->get<int64_t>() : static_cast<int64_t>(number);
  if (n < low || n > high) {
    fail(key, "is " + std::to_string(n) + ", out of range",
         high == INT64_MAX ? "use at least " + std::to_string(low)
                           : "use " + std::to_string(low) + " to " + std::to_string(high));
    return fallback;
  }
  return n;
}

double ConfigReader::number(std::string_view key, double fallback, double low, double high) {
  const Json* value = find(key);
  if (!value) return fallback;
  if (!value->is_number()) {
    fail(key, "a number was expected");
    return fallback;
  }
  double x = value->get<double>();
  if (!(x >= low && x <= high)) {
    fail(key, "is " + value->dump() + ", out of range",
         "use " + Json(low).dump() + (high >= 1e300 ? " or more" : " to " + Json(high).dump()));
    return fallback;
  }
  return x;
}

bool ConfigReader::boolean(std::string_view key, bool fallback) {
  const Json* value = find(key);
  if (!value) return fallback;
  if (!value->is_boolean()) {
    fail(key, "true or false was expected");
    return fallback;
  }
  return value->get<bool>();
}

std::vector<std::string> ConfigReader::texts(std::string_view key, std::vector<std::string> fallback) {
  const Json* value = find(key);
  if (!value) return fallback;
  if (value->is_string()) return {value->get<std::string>()};
  std::vector<std::string> list;
  bool fits = value->is_array();
  if (fits) {
    for (const Json& item : *value) {
      if (!item.is_string()) fits = false;
      else list.push_back(item.get<std::string>());
    }
  }
  if (!fits) {
    fail(key, "a list of texts was expected");
    return fallback;
  }
  return list;
}

std::vector<double> ConfigReader::numbers(std::string_view key, std::vector<double> fallback) {
  const Json* value = find(key);
  if (!value) return fallback;
  std::vector<double> list;
  bool fits = value->is_array();
  if (fits) {
    for (const Json& item : *value) {
      if (!item.is_number()) fits = false;
      else list.push_back(item.get<double>());
    }
  }
  if (!fits) {
    fail(key, "a list of numbers was expected");
    return fallback;
  }
  return list;
}

size_t ConfigReader::choice(std::string_view key, const std::vector<std::string>& names, size_t fallback) {
  const Json* value = find(key);
  if (!value) return fallback;
  std::string name = value->is_string() ? value->get<std::string>() : value->dump();
  auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<size_t>(found - names.begin());
  std::string all;
  for (const std::string& n : names) all += (all.empty() ? "" : ", ") + n;
  fail(key, "'" + name + "' is not known", "use one of " + all);
  return fallback;
}

const Json& ConfigReader::raw(std::string_view key) {
  const Json* value = find(key);
  return value ? *value : kNull;
}

ConfigReader ConfigReader::object(std::string_view key) {
  const Json* value = find(key);
  return ConfigReader(*document_, value ? *value : kEmptyObject, path_of(key));
}

Status ConfigReader::finish() {
  // A misspelt key first: what else is wrong may follow from it.
  for (const auto& [key, value] : object_->items()) {
    if (known_.contains(key)) continue;
    std::vector<std::string> names(known_.begin(), known_.end());
    std::string near = nearest_word(key, names);
    return usage_error("unknown key '" + key + "'", where(key),
                       near.empty() ? "remove it" : "did you mean '" + near + "'?");
  }
  if (error_) return *error_;
  return {};
}

}  // namespace malmoi
