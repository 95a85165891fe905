// `tojson`, as transformers has it: json.dumps without HTML escapes.
#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "chat/jinja/filters/filters.h"
#include "chat/jinja/print.h"

namespace malmoi::chat::jinja {
namespace {

struct Form {
  bool ascii = false, sorted = false, lines = false;
  std::string indent, item_end = ", ", key_end = ": ";
};

class Writer {
 public:
  Writer(Run& run, const Form& form) : run_(run), form_(form) {}

  Status write(const Value& value, int depth) {
    run_.step();
    MALMOI_TRY(run_.budget().check());
    MALMOI_TRY(run_.budget().room(out.size() + static_cast<size_t>(depth + 2) * form_.indent.size()));
    if (const Text* text = value.text()) return quote(text->bytes), Status();
    if (value.list() && !value.list()->is_view()) return array(value.list()->items, depth);
    if (value.dict()) return object(*value.dict(), depth);
    MALMOI_ASSIGN(out, scalar(value));
    return {};
  }
  std::string out;

 private:
  // Texts of numbers and names, appended.
  Result<std::string> scalar(const Value& value) {
    if (value.is_none()) return std::move(out) + "null";
    if (value.is_bool()) return std::move(out) + (value.as_bool() ? "true" : "false");
    if (value.is_integer()) return std::move(out) + print_int(value.as_int());
    if (value.is_float()) return std::move(out) + number(value.as_float());
    return type_error(std::string("JSON has no '") + value.type_name() + "'");
  }
  static std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
    return print_float(value);
  }
  void quote(std::string_view text) {
    out += Json(text).dump(-1, ' ', form_.ascii, Json::error_handler_t::replace);  // dump_json(), in ASCII where wanted
  }
  void line(int depth) {
    if (!form_.lines) return;
    out += '\n';
    for (int i = 0; i < depth; ++i) out += form_.indent;
  }
  Status array(const Values& items, int depth) {
    out += '[';
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += form_.item_end;
      line(depth + 1);
      MALMOI_TRY(write(items[i], depth + 1));
    }
    if (!items.empty()) line(depth);
    out += ']';
    return {};
  }
  Status object(const Dict& dict, int depth) {
    Values keys, values;
    for (const auto& [key, value] : dict.entries) {
      keys.push_back(key);
      values.push_back(value);
    }
    if (form_.sorted) MALMOI_TRY(sort_by(run_, keys, values, false));
    out += '{';
    for (size_t i = 0; i < keys.size(); ++i) {
      if (i > 0) out += form_.item_end;
      line(depth + 1);
      MALMOI_TRY(write_key(keys[i]));
      out += form_.key_end;
      MALMOI_TRY(write(values[i], depth + 1));
    }
    if (!keys.empty()) line(depth);
    out += '}';
    return {};
  }
  Status write_key(const Value& key) {
    if (key.text()) return quote(key.text()->bytes), Status();
    if (!key.is_none() && !key.is_number())
      return type_error(std::string("a key of JSON cannot be '") + key.type_name() + "'");
    out += '"';
    MALMOI_ASSIGN(out, scalar(key));
    out += '"';
    return {};
  }

  Run& run_;
  const Form& form_;
};

}  // namespace

Result<Value> filter_tojson(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("tojson", args, {"ensure_ascii", "indent", "separators", "sort_keys"}));
  Form form{.ascii = bound.truthy(0), .sorted = bound.truthy(3), .lines = bound.has(1)};
  if (form.lines && bound[1]->text()) {
    form.indent = bound[1]->text()->bytes;
  } else if (form.lines) {
    MALMOI_ASSIGN(int64_t width, index_argument("tojson", *bound[1]));
    MALMOI_TRY(run.budget().room(static_cast<size_t>(std::max<int64_t>(width, 0))));
    form.indent.assign(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
  }
  if (form.lines) form.item_end = ",";
  if (bound.has(2)) {
    MALMOI_ASSIGN(Items items, run.items_of(*bound[2]));
    if (items->size() != 2) return type_error("tojson() wants two separators");
    MALMOI_ASSIGN(std::string_view item_end, text_argument("tojson", (*items)[0]));
    MALMOI_ASSIGN(std::string_view key_end, text_argument("tojson", (*items)[1]));
    form.item_end = item_end;
    form.key_end = key_end;
  }
  Writer writer(run, form);
  MALMOI_TRY(writer.write(value, 0));
  return run.text(std::move(writer.out));
}

}  // namespace malmoi::chat::jinja
