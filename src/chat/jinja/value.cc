#include "chat/jinja/value.h"

#include <algorithm>
#include <functional>

#include "base/utf8.h"
#include "chat/jinja/arguments.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/unicode.h"

namespace malmoi::chat::jinja {

Value Value::undefined(std::string message) {
  Value value;
  value.state_ = Undefined{std::make_shared<const std::string>(std::move(message))};
  return value;
}

Value Value::constant(std::string bytes) { return std::make_shared<const Text>(std::move(bytes), false, Charge()); }

bool Value::truthy() const {
  switch (kind()) {
    case Kind::kUndefined:
    case Kind::kNone: return false;
    case Kind::kBool: return as_bool();
    case Kind::kInt: return as_int() != 0;
    case Kind::kFloat: return as_float() != 0;
    case Kind::kText: return !text()->bytes.empty();
    case Kind::kList: return !list()->items.empty();
    case Kind::kDict: return !dict()->entries.empty();
    case Kind::kObject: return object()->truthy();
  }
  return false;
}

const char* Value::type_name() const {
  switch (kind()) {
    case Kind::kUndefined: return "Undefined";
    case Kind::kNone: return "NoneType";
    case Kind::kBool: return "bool";
    case Kind::kInt: return "int";
    case Kind::kFloat: return "float";
    case Kind::kText: return "str";
    case Kind::kDict: return "dict";
    case Kind::kObject: return object()->type_name();
    case Kind::kList: break;
  }
  return jinja::type_name(list()->kind);
}

const char* type_name(ListKind kind) {
  switch (kind) {
    case ListKind::kList: return "list";
    case ListKind::kKeys: return "dict_keys";
    case ListKind::kValues: return "dict_values";
    case ListKind::kItems: return "dict_items";
    case ListKind::kTuple:
    case ListKind::kGroup: break;
  }
  return "tuple";
}

// Python keeps one object of each small integer and short text; equal constants are taken for the same here.
bool Value::same_as(const Value& other) const {
  if (kind() != other.kind()) return false;
  switch (kind()) {
    case Kind::kUndefined:
    case Kind::kList: return list() == other.list();
    case Kind::kDict: return dict() == other.dict();
    case Kind::kObject: return object() == other.object();
    case Kind::kNone: return true;
    default: return equal(*this, other);
  }
}

Text::Text(std::string text, bool is_markup, Charge charged)
    : bytes(std::move(text)),
      length(static_cast<int64_t>(count_code_points(bytes))),
      markup(is_markup),
      charge(std::move(charged)) {}

size_t Text::byte_of(int64_t position) const {
  if (position == length) return bytes.size();
  return ascii() ? static_cast<size_t>(position) : first_bytes(bytes, position);
}

bool hashable(const Value& value) {
  if (value.dict()) return false;
  const List* list = value.list();
  if (!list) return true;
  if (!list->is_tuple()) return false;
  for (const Value& item : list->items) {
    if (!hashable(item)) return false;
  }
  return true;
}

// Equal values have equal hashes: 1, 1.0 and True are one key. An integer that no float equals has a hash of its own digits,
// so that large ones beside each other do not share one.
size_t hash_of(const Value& value) {
  if (const Text* text = value.text()) return std::hash<std::string_view>()(text->bytes);
  if (value.is_integer() && !equal(value, Value(value.as_float()))) {
    const auto digits = static_cast<unsigned __int128>(value.as_int());
    return static_cast<size_t>(digits) * 1000003 + static_cast<size_t>(digits >> 64);
  }
  if (value.is_number()) return std::hash<double>()(value.as_float());
  if (const Object* object = value.object()) return std::hash<const void*>()(object);
  size_t hash = static_cast<size_t>(value.kind());
  if (const List* list = value.list()) {
    for (const Value& item : list->items) hash = hash * 1000003 + hash_of(item);
  }
  return hash;
}

namespace {

constexpr size_t kIndexedFrom = 9;  // fewer keys are compared one by one

}  // namespace

template <typename Same>
const std::pair<Value, Value>* Dict::find_hashed(size_t hash, const Same& same) const {
  auto [first, last] = index_.equal_range(hash);
  for (; first != last; ++first) {
    if (same(entries[first->second].first)) return &entries[first->second];
  }
  return nullptr;
}

const Value* Dict::find(const Value& key) const {
  if (const Text* text = key.text()) return find(std::string_view(text->bytes));
  auto same = [&](const Value& held) { return equal(held, key); };
  if (index_.empty()) {
    for (const auto& [held, value] : entries) {
      if (same(held)) return &value;
    }
    return nullptr;
  }
  const auto* entry = find_hashed(hash_of(key), same);
  return entry ? &entry->second : nullptr;
}

const Value* Dict::find(std::string_view key) const {
  auto same = [&](const Value& held) { return held.text() && held.text()->bytes == key; };
  if (index_.empty()) {
    for (const auto& [held, value] : entries) {
      if (same(held)) return &value;
    }
    return nullptr;
  }
  const auto* entry = find_hashed(std::hash<std::string_view>()(key), same);
  return entry ? &entry->second : nullptr;
}

void Dict::set(Value key, Value value) {
  if (const Value* held = find(key)) {
    *const_cast<Value*>(held) = std::move(value);  // its own entry, while it is made
    return;
  }
  entries.emplace_back(std::move(key), std::move(value));
  if (entries.size() < kIndexedFrom) return;
  if (entries.size() == kIndexedFrom) {
    for (size_t i = 0; i + 1 < entries.size(); ++i) index_.emplace(hash_of(entries[i].first), i);
  }
  index_.emplace(hash_of(entries.back().first), entries.size() - 1);
}

Status Object::print(std::string& out, int) const {
  out += std::string("<") + type_name() + " object>";
  return {};
}

Extent extent_of(const Value& value) {
  if (const Text* text = value.text()) return {.size = 1 + text->bytes.size() / 64};
  if (const List* list = value.list()) return list->extent;
  if (const Dict* dict = value.dict()) return dict->extent;
  return {.depth = value.object() ? value.object()->depth() : 0};
}

Extent extent_of(const Values& values) {
  Extent all{.size = 0};
  for (const Value& value : values) {
    const Extent one = extent_of(value);
    all = {std::max(all.depth, one.depth), all.size + one.size};
  }
  return all;
}

Result<Value> Object::call(Run&, const Args&) {
  return type_error(std::string("'") + type_name() + "' cannot be called");
}

Result<std::optional<Value>> Object::attribute(Run&, std::string_view) { return std::optional<Value>(); }

}  // namespace malmoi::chat::jinja
