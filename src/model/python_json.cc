#include "model/python_json.h"

#include <string_view>

namespace malmoi::model {

std::string without_python_numbers(std::string text) {
  for (const char* name : {"-Infinity", "Infinity", "NaN"}) {
    size_t length = std::string_view(name).size();
    for (size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
      size_t before = at;
      while (before > 0 && (text[before - 1] == ' ' || text[before - 1] == '\n')) --before;
      bool is_value = before > 0 && (text[before - 1] == ':' || text[before - 1] == ',' || text[before - 1] == '[');
      if (is_value) text.replace(at, length, "null");
    }
  }
  return text;
}

}  // namespace malmoi::model
