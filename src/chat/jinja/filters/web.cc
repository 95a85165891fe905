// Filters for addresses and attributes of the web.
#include "chat/jinja/escape.h"
#include "chat/jinja/filters/filters.h"

namespace malmoi::chat::jinja {
namespace {

// RFC 3986: letters, digits and -._~ stay; in a path / too, in a query a blank is +.
std::string quoted(std::string_view text, bool in_query) {
  std::string out;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    bool stays = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                 c == '_' || c == '~' || (c == '/' && !in_query);
    if (stays) {
      out += c;
    } else if (c == ' ' && in_query) {
      out += '+';
    } else {
      constexpr char kDigits[] = "0123456789ABCDEF";
      ((out += '%') += kDigits[byte >> 4]) += kDigits[byte & 15];
    }
  }
  return out;
}

}  // namespace

Result<Value> filter_urlencode(Run& run, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("urlencode", args, 0, 0));
  Values pairs;
  if (value.dict()) {
    pairs = run.pairs(*value.dict());
  } else if (value.list()) {
    pairs = value.list()->items;
  } else {
    MALMOI_ASSIGN(std::string text, run.string_of(value));
    return run.text(quoted(text, false));
  }
  std::string out;
  for (const Value& pair : pairs) {
    if (!pair.list() || pair.list()->items.size() != 2)
      return type_error("urlencode() wants pairs of a name and a value");
    MALMOI_ASSIGN(std::string key, run.string_of(pair.list()->items[0]));
    MALMOI_ASSIGN(std::string held, run.string_of(pair.list()->items[1]));
    if (!out.empty()) out += '&';
    out += quoted(key, true) + "=" + quoted(held, true);
  }
  return run.text(std::move(out));
}

Result<Value> filter_xmlattr(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("xmlattr", args, {"autospace"}));
  if (!value.dict()) return type_error(std::string("xmlattr() wants a dict, not '") + value.type_name() + "'");
  std::string out;
  for (const auto& [key, held] : value.dict()->entries) {
    if (held.is_none() || held.is_undefined()) continue;
    MALMOI_ASSIGN(std::string_view name, text_argument("xmlattr", key));
    if (name.find_first_of(" \t\n\r\f\v/>=") != name.npos)
      return type_error("xmlattr() got a name with a character that none may have");
    MALMOI_ASSIGN(std::string text, run.string_of(held));
    if (!out.empty()) out += ' ';
    out += escaped(name) + "=\"" + (held.text() && held.text()->markup ? text : escaped(text)) + "\"";
  }
  if (!out.empty() && bound.truthy(0, true)) out = " " + out;
  return run.text(std::move(out));
}

}  // namespace malmoi::chat::jinja
