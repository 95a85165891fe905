#include "base/json.h"

#include "base/file.h"

namespace malmoi {
namespace {

// Depth of brackets outside strings; enough to refuse hostile nesting before the recursive parser meets it.
bool nests_deeper(std::string_view text, int limit) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      else if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > limit) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::string where, int max_depth) {
  if (nests_deeper(text, max_depth))
    return invalid_data("JSON nested deeper than " + std::to_string(max_depth) + " levels", std::move(where));
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const Json::parse_error& error) {
    std::string what = "malformed JSON at byte " + std::to_string(error.byte);
    // Of a text of one line, which may be one of a file of many, its number says nothing.
    if (text.find('\n') != std::string_view::npos) {
      auto before = text.substr(0, std::min<size_t>(error.byte, text.size()));
      what += " (line " + std::to_string(1 + std::count(before.begin(), before.end(), '\n')) + ")";
    }
    return invalid_data(std::move(what), std::move(where), "check the text there");
  } catch (const Json::out_of_range&) {  // whose text has the whole number in it
    return invalid_data("malformed JSON: a number is too large", std::move(where), "write one below 1e308");
  } catch (const Json::exception& error) {
    return invalid_data(std::string("malformed JSON: ") + error.what(), std::move(where));
  }
}

Result<Json> read_json(const std::string& path, uint64_t limit) {
  MALMOI_ASSIGN(std::string text, read_file(path, limit));
  return parse_json(text, path);
}

std::string dump_json(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string json_string(const Json& object, std::string_view key, std::string fallback) {
  if (!object.is_object()) return fallback;
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : fallback;
}

}  // namespace malmoi
