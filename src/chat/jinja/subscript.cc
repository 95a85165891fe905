// Items, attributes and slices of operators.h.
#include <algorithm>

#include "base/utf8.h"
#include "chat/jinja/arguments.h"
#include "chat/jinja/methods.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/print.h"
#include "chat/jinja/run.h"

namespace malmoi::chat::jinja {
namespace {

std::string owner(const Value& value) {
  if (value.is_none()) return "None";
  return std::string("'") + value.type_name() + " object'";
}

Value no_attribute(const Value& value, std::string_view name) {
  return Value::undefined(owner(value) + " has no attribute '" + std::string(name) + "'");
}

Value no_item(const Value& value, const Value& key) {
  if (const Text* text = key.text()) return no_attribute(value, text->bytes);
  return Value::undefined(owner(value) + " has no element " +
                          (key.is_integer() ? print_int(key.as_int()) : key.type_name()));
}

Value unsafe(const Value& value, std::string_view name) {
  return Value::undefined("the attribute '" + std::string(name) + "' of '" + value.type_name() +
                          "' is not open to templates");
}

// Python's own attributes (`__class__`), which no template may see.
bool is_internal(std::string_view name) { return name.size() > 4 && name.starts_with("__") && name.ends_with("__"); }

// Attributes as Python has them; nothing where there is none.
Result<std::optional<Value>> python_attribute(Run& run, const Value& value, std::string_view name) {
  if (Object* object = value.object()) {
    MALMOI_ASSIGN(std::optional<Value> found, object->attribute(run, name));
    if (found) return found;
  }
  if (value.is_number()) {  // what Python's numbers have beside methods
    if (name == "real") return std::optional<Value>(value.is_bool() ? Value(value.as_int()) : value);
    if (name == "imag") return std::optional<Value>(value.is_float() ? Value(0.0) : Value(0));
    if (value.is_integer() && name == "numerator") return std::optional<Value>(value.as_int());
    if (value.is_integer() && name == "denominator") return std::optional<Value>(1);
  }
  const List* list = value.list();
  if (list && list->kind == ListKind::kGroup && (name == "grouper" || name == "list"))
    return std::optional<Value>(list->items[name == "list"]);
  const MethodEntry* method = find_method(value, name);
  if (method) return std::optional<Value>(method->function ? bound_method(value, *method) : unsafe(value, name));
  if (is_internal(name)) return std::optional<Value>(unsafe(value, name));
  return std::optional<Value>();
}

// An item by its number; nothing where it is out of range or the value has no such items.
std::optional<Value> item_at(Run& run, const Value& value, Int index) {
  const Text* text = value.text();
  const List* list = value.list();
  const auto* range = dynamic_cast<const Range*>(value.object());
  if ((!text && !list && !range) || (list && list->is_view())) return {};
  Int length = text ? Int{text->length} : list ? static_cast<Int>(list->items.size()) : range->length();
  if (index < 0) index += length;
  if (index < 0 || index >= length) return {};
  if (list) return list->items[static_cast<size_t>(index)];
  if (range) return range->at(index);
  size_t at = text->byte_of(static_cast<int64_t>(index));
  run.step(text->ascii() ? 0 : at / 64);
  return run.text(text->bytes.substr(at, utf8_length(text->bytes[at])), text->markup);
}

}  // namespace

Result<Value> subscript(Run& run, const Value& value, const Value& key) {
  if (value.is_undefined()) return type_error(value.message());
  if (const Dict* dict = value.dict(); dict && run.check_key(key).ok()) {
    if (const Value* found = dict->find(key)) return *found;
  }
  if (key.is_integer()) {
    if (std::optional<Value> found = item_at(run, value, key.as_int())) return *std::move(found);
  }
  const Text* name = key.text();
  if (!name) return no_item(value, key);
  MALMOI_ASSIGN(std::optional<Value> found, python_attribute(run, value, name->bytes));
  return found ? *std::move(found) : no_attribute(value, name->bytes);
}

Result<Value> attribute(Run& run, const Value& value, std::string_view name) {
  if (value.is_undefined()) return type_error(value.message());
  MALMOI_ASSIGN(std::optional<Value> found, python_attribute(run, value, name));
  if (found) return *std::move(found);
  if (const Dict* dict = value.dict()) {
    if (const Value* held = dict->find(name)) return *held;
  }
  return no_attribute(value, name);
}

Result<SliceRange> slice_range(int64_t length, const Value& first, const Value& last, const Value& step) {
  SliceRange range;
  if (!step.is_none()) {
    MALMOI_ASSIGN(range.step, index_argument("slice", step));
  }
  if (range.step == 0) return type_error("a slice has a step of 0");
  const bool back = range.step < 0;
  auto place = [&](const Value& value, int64_t absent) -> Result<int64_t> {
    if (value.is_none()) return absent;
    MALMOI_ASSIGN(int64_t at, index_argument("slice", value));
    if (at < 0) at += length;
    return std::clamp<int64_t>(at, back ? -1 : 0, back ? length - 1 : length);
  };
  MALMOI_ASSIGN(range.first, place(first, back ? length - 1 : 0));
  MALMOI_ASSIGN(int64_t end, place(last, back ? -1 : length));
  int64_t distance = back ? range.first - end : end - range.first, stride = std::abs(range.step);
  range.count = distance > 0 ? (distance - 1) / stride + 1 : 0;
  return range;
}

Result<Value> slice(Run& run, const Value& value, const Value& first, const Value& last, const Value& step) {
  if (value.is_undefined()) return type_error(value.message());
  const Text* text = value.text();
  const List* list = value.list();
  const auto* numbers = dynamic_cast<const Range*>(value.object());
  if ((!text && !list && !numbers) || (list && list->is_view())) return type_error(owner(value) + " has no slices");
  MALMOI_ASSIGN(int64_t length, length_of(value));
  MALMOI_ASSIGN(SliceRange range, slice_range(length, first, last, step));
  if (numbers) {
    Int from = numbers->at(range.first), stride = 0, stop = 0;
    if (__builtin_mul_overflow(numbers->step(), Int{range.step}, &stride) ||
        __builtin_mul_overflow(stride, Int{range.count}, &stop) || stop > kMaxBound || stop < -kMaxBound)
      return unsupported("a range has numbers of more than 100 bits", "", "use smaller numbers");
    return std::shared_ptr<Object>(std::make_shared<Range>(from, from + stop, stride));
  }
  if (list) {
    Values items;
    for (int64_t i = 0; i < range.count; ++i)
      items.push_back(list->items[static_cast<size_t>(range.first + i * range.step)]);
    return run.list(std::move(items), list->is_tuple() ? ListKind::kTuple : ListKind::kList);
  }
  if (range.step == 1) {
    size_t from = text->byte_of(range.first), to = text->byte_of(range.first + range.count);
    run.step(to / 64);
    return run.text(text->bytes.substr(from, to - from), text->markup);
  }
  std::vector<uint32_t> starts;
  MALMOI_TRY(run.budget().room(sizeof(uint32_t), static_cast<size_t>(length)));
  for (size_t at = 0; at < text->bytes.size(); at += utf8_length(text->bytes[at]))
    starts.push_back(static_cast<uint32_t>(at));
  run.step(starts.size() / 16);
  std::string out;
  for (int64_t i = 0; i < range.count; ++i) {
    size_t at = starts[static_cast<size_t>(range.first + i * range.step)];
    out.append(text->bytes, at, utf8_length(text->bytes[at]));
  }
  return run.text(std::move(out), text->markup);
}

Result<int64_t> length_of(const Value& value) {
  if (value.is_undefined()) return 0;
  if (const Text* text = value.text()) return text->length;
  if (const List* list = value.list()) return static_cast<int64_t>(list->items.size());
  if (const Dict* dict = value.dict()) return static_cast<int64_t>(dict->entries.size());
  if (const auto* range = dynamic_cast<const Range*>(value.object())) return static_cast<int64_t>(range->length());
  return type_error(std::string("'") + value.type_name() + "' has no length");
}

}  // namespace malmoi::chat::jinja
