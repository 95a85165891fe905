#include "chat/jinja/run.h"

#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "chat/jinja/filters/filters.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/print.h"
#include "chat/jinja/tests.h"
#include "chat/jinja/unicode.h"

namespace malmoi::chat::jinja {
namespace {

constexpr size_t kOverhead = 64;  // bytes of a shared value beside what it holds

}  // namespace

Value Run::text(std::string bytes, bool markup) {
  budget_.step(1 + bytes.size() / 64);
  size_t held = bytes.capacity() + kOverhead + sizeof(Text);
  return std::make_shared<const Text>(std::move(bytes), markup, Charge(budget_, held));
}

Value Run::list(Values items, ListKind kind) {
  budget_.step(1 + items.size() / 4);
  const Extent within = extent_of(items);
  if (!fits(within)) return {};
  size_t held = items.capacity() * sizeof(Value) + kOverhead + sizeof(List);
  return std::make_shared<const List>(
      List{std::move(items), kind, {within.depth + 1, within.size + 1}, Charge(budget_, held)});
}

Value Run::dict(std::shared_ptr<Dict> dict) {
  budget_.step(1 + dict->entries.size() / 2);
  Extent within{.size = 0};
  for (const auto& [key, value] : dict->entries) {
    const Extent of_key = extent_of(key), of_value = extent_of(value);
    within = {std::max({within.depth, of_key.depth, of_value.depth}), within.size + of_key.size + of_value.size};
  }
  if (!fits(within)) return {};
  size_t held = dict->entries.capacity() * (2 * sizeof(Value) + 32) + kOverhead + sizeof(Dict);
  auto made = std::make_shared<Dict>(Charge(budget_, held));
  made->extent = {within.depth + 1, within.size + 1};
  for (auto& [key, value] : dict->entries) made->set(std::move(key), std::move(value));
  return std::shared_ptr<const Dict>(std::move(made));
}

Values Run::pairs(const Dict& dict) {
  Values pairs;
  for (const auto& [key, value] : dict.entries) pairs.push_back(tuple({key, value}));
  return pairs;
}

Value Run::iterator(Values items) {
  budget_.step(1 + items.size() / 4);
  const Extent within = extent_of(items);
  if (!fits(within)) return {};
  size_t held = items.capacity() * sizeof(Value) + kOverhead;
  return std::shared_ptr<Object>(std::make_shared<Iterator>(std::move(items), within.depth + 1, Charge(budget_, held)));
}

Status Run::search(std::string_view text, std::string_view wanted) {
  step(1 + text.size() / 64 * (1 + wanted.size() / 64));
  return budget_.check();
}

Result<std::string> Run::string_of(const Value& value) {
  if (value.is_undefined()) return std::string();
  if (!value.text()) return repr_of(value);
  budget_.step(value.text()->bytes.size() / 64);
  return value.text()->bytes;
}

Result<std::string> Run::repr_of(const Value& value) {
  std::string printed;
  MALMOI_TRY(print_repr(printed, value));
  budget_.step(printed.size() / 8);
  return printed;
}

Status Run::check_key(const Value& key) {
  walk(key);
  if (hashable(key)) return {};
  return type_error(std::string("'") + key.type_name() + "' cannot be a key");
}

Result<Items> Run::items_of(const Value& value) {
  if (const List* list = value.list()) return Items(value.shared_list(), &list->items);
  MALMOI_ASSIGN(Values items, values_of(value));
  return std::make_shared<const Values>(std::move(items));
}

Result<Values> Run::values_of(const Value& value) {
  Values items;
  if (value.is_undefined()) return items;
  if (const List* list = value.list()) {
    items = list->items;
  } else if (const Dict* dict = value.dict()) {
    for (const auto& entry : dict->entries) items.push_back(entry.first);
  } else if (const Text* text = value.text()) {
    MALMOI_TRY(budget_.room(kOverhead + sizeof(Text) + sizeof(Value), static_cast<size_t>(text->length)));
    for (size_t at = 0; at < text->bytes.size();) {
      size_t length = utf8_length(text->bytes[at]);
      items.push_back(this->text(text->bytes.substr(at, length)));
      at += length;
    }
  } else if (auto* range = dynamic_cast<Range*>(value.object())) {
    const Int count = range->length();
    for (Int i = 0; i < count; ++i) items.push_back(range->at(i));
  } else if (auto* iterator = dynamic_cast<Iterator*>(value.object())) {
    items = iterator->take();
  } else {
    return type_error(std::string("'") + value.type_name() + "' object is not iterable");
  }
  budget_.step(items.size() / 4);
  return items;
}

Result<Value> Run::call_filter(std::string_view name, const Value& value, const Args& args) {
  const FilterEntry* filter = find_filter(name);
  if (!filter) return type_error("there is no filter '" + std::string(name) + "'");
  step();
  MALMOI_TRY(budget_.check());
  return filter->function(*this, value, args);
}

Result<bool> Run::call_test(std::string_view name, const Value& value, const Args& args) {
  const TestEntry* test = find_test(name);
  if (!test) return type_error("there is no test '" + std::string(name) + "'");
  step();
  MALMOI_TRY(budget_.check());
  return test->function(*this, value, args);
}

Result<Value> Run::path(const Value& value, const Value& attribute, const Value* fallback) {
  if (attribute.is_none()) return value;
  const Text* text = attribute.text();
  Value at = value;
  auto go = [&](const Value& key) -> Status {
    step();
    MALMOI_ASSIGN(at, subscript(*this, at, key));
    if (fallback && at.is_undefined()) at = *fallback;
    return {};
  };
  if (!text) {
    MALMOI_TRY(go(attribute));
    return at;
  }
  for (size_t begin = 0; begin <= text->bytes.size();) {
    size_t end = std::min(text->bytes.find('.', begin), text->bytes.size());
    std::string part = text->bytes.substr(begin, end - begin);
    begin = end + 1;
    const std::u32string characters = code_points(part);
    bool number = !part.empty() && characters.size() < 10 &&
                  std::all_of(characters.begin(), characters.end(), [](char32_t c) { return digit_value(c) >= 0; });
    Int index = 0;
    for (char32_t c : characters) index = number ? index * 10 + digit_value(c) : 0;
    MALMOI_TRY(go(number ? Value(index) : this->text(std::move(part))));
  }
  return at;
}

std::optional<Value> Iterator::next() {
  if (next_ >= items_.size()) return {};
  return items_[next_++];
}

Status Range::print(std::string& out, int) const {
  out += "range(" + print_int(start_) + ", " + print_int(stop_);
  if (step_ != 1) out += ", " + print_int(step_);
  out += ")";
  return {};
}

Result<std::optional<Value>> Range::attribute(Run&, std::string_view name) {
  if (name == "start") return std::optional<Value>(start_);
  if (name == "stop") return std::optional<Value>(stop_);
  if (name == "step") return std::optional<Value>(step_);
  return std::optional<Value>();
}

Int Range::length() const {
  if (step_ > 0) return start_ < stop_ ? (stop_ - start_ - 1) / step_ + 1 : 0;
  return start_ > stop_ ? (start_ - stop_ - 1) / -step_ + 1 : 0;
}

bool Range::contains(const Value& value) const {
  if (!value.is_number() || !(std::abs(value.as_float()) < 0x1p126)) return false;
  const Int number = value.is_float() ? static_cast<Int>(value.as_float()) : value.as_int();
  const bool inside = step_ > 0 ? number >= start_ && number < stop_ : number <= start_ && number > stop_;
  return inside && (number - start_) % step_ == 0 && equal(Value(number), value);
}

bool Range::operator==(const Range& other) const {
  Int count = length();
  if (count != other.length()) return false;
  return count == 0 || (start_ == other.start_ && (count == 1 || step_ == other.step_));
}

}  // namespace malmoi::chat::jinja
