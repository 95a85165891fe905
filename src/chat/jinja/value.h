// Values of templates, with Python's meaning: texts of code points, integers and floats apart, lists, tuples, dicts.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "chat/jinja/limits.h"

namespace malmoi::chat::jinja {

/// Python's integers have no end; ours have 128 bits, and going over is an error.
using Int = __int128;

class Value;
class Run;
struct Args;
struct Text;
struct List;
struct Dict;
class Object;

struct None {};
/// What a name, key or index that is not there gives. It prints as nothing; using it is an error that says this.
struct Undefined {
  std::shared_ptr<const std::string> message;
};

/// A cheap handle: what it refers to is shared and, but for namespaces and iterators, never changes.
class Value {
 public:
  enum class Kind : uint8_t { kUndefined, kNone, kBool, kInt, kFloat, kText, kList, kDict, kObject };

  Value() : state_(None{}) {}
  Value(bool value) : state_(value) {}                                  // NOLINT: implicit by design
  Value(Int value) : state_(value) {}                                   // NOLINT
  Value(int64_t value) : state_(Int{value}) {}                          // NOLINT
  Value(int value) : state_(Int{value}) {}                              // NOLINT
  Value(double value) : state_(value) {}                                // NOLINT
  Value(std::shared_ptr<const Text> text) : state_(std::move(text)) {}  // NOLINT
  Value(std::shared_ptr<const List> list) : state_(std::move(list)) {}  // NOLINT
  Value(std::shared_ptr<const Dict> dict) : state_(std::move(dict)) {}  // NOLINT
  Value(std::shared_ptr<Object> object) : state_(std::move(object)) {}  // NOLINT
  template <typename T>
  Value(T*) = delete;
  static Value undefined(std::string message);
  /// A text that no rendering pays for: a constant of a template.
  static Value constant(std::string bytes);

  Kind kind() const { return static_cast<Kind>(state_.index()); }
  bool is_undefined() const { return kind() == Kind::kUndefined; }
  bool is_none() const { return kind() == Kind::kNone; }
  bool is_bool() const { return kind() == Kind::kBool; }
  /// A number in Python's sense: True and False are 1 and 0.
  bool is_number() const { return kind() >= Kind::kBool && kind() <= Kind::kFloat; }
  bool is_integer() const { return kind() == Kind::kBool || kind() == Kind::kInt; }
  bool is_float() const { return kind() == Kind::kFloat; }

  bool as_bool() const { return *std::get_if<bool>(&state_); }
  /// Of a bool or an integer.
  Int as_int() const { return is_bool() ? Int{as_bool()} : *std::get_if<Int>(&state_); }
  /// Of any number.
  double as_float() const { return is_float() ? *std::get_if<double>(&state_) : static_cast<double>(as_int()); }
  const Text* text() const { return get<std::shared_ptr<const Text>>(); }
  const List* list() const { return get<std::shared_ptr<const List>>(); }
  const Dict* dict() const { return get<std::shared_ptr<const Dict>>(); }
  Object* object() const {
    const auto* held = std::get_if<std::shared_ptr<Object>>(&state_);
    return held ? held->get() : nullptr;
  }
  const std::shared_ptr<const List>& shared_list() const { return *std::get_if<std::shared_ptr<const List>>(&state_); }
  /// Why it is undefined.
  const std::string& message() const { return *std::get_if<Undefined>(&state_)->message; }

  /// As Python's `bool()`.
  bool truthy() const;
  /// `str`, `dict`, `NoneType` ...: the name of its type in messages.
  const char* type_name() const;
  /// Python's `is`.
  bool same_as(const Value& other) const;

 private:
  template <typename Held>
  auto get() const -> decltype(std::declval<Held>().get()) {
    const auto* held = std::get_if<Held>(&state_);
    return held ? held->get() : nullptr;
  }
  std::variant<Undefined, None, bool, Int, double, std::shared_ptr<const Text>, std::shared_ptr<const List>,
               std::shared_ptr<const Dict>, std::shared_ptr<Object>>
      state_;
};

/// UTF-8 that is valid; positions are code points.
struct Text {
  Text(std::string text, bool is_markup, Charge charged);
  bool ascii() const { return length == static_cast<int64_t>(bytes.size()); }
  /// Where a code point begins, by its number from 0 to `length`.
  size_t byte_of(int64_t position) const;

  std::string bytes;
  int64_t length;       // code points
  bool markup = false;  // made by `safe` or `escape`: adding to it escapes what is added
  Charge charge;
};

enum class ListKind : uint8_t { kList, kTuple, kGroup, kKeys, kValues, kItems };
/// As Python calls it.
const char* type_name(ListKind kind);
using Values = std::vector<Value>;

/// What walking through a value takes. Both have a limit: a few steps of a template make a list in which a value stands a
/// billion times over, or so deep that printing, comparing or freeing it takes a thread's stack.
struct Extent {
  int depth = 0;      // values within each other: 0 for a number or a text
  uint64_t size = 1;  // values in it, counted wherever they stand; of a text one more for each 64 bytes
};
Extent extent_of(const Value& value);
/// Of all of them together, without what holds them.
Extent extent_of(const Values& values);

/// A list, a tuple, or what a dict's keys(), values() and items() give. A group of `groupby` is a tuple with names.
struct List {
  Values items;
  ListKind kind = ListKind::kList;
  Extent extent = {.depth = 1};
  Charge charge = {};

  bool is_tuple() const { return kind == ListKind::kTuple || kind == ListKind::kGroup; }
  bool is_view() const { return kind >= ListKind::kKeys; }
};

/// Keys in the order in which they came, found by hash.
struct Dict {
  explicit Dict(Charge charged = {}) : charge(std::move(charged)) {}

  std::vector<std::pair<Value, Value>> entries;
  Extent extent = {.depth = 1};
  Charge charge;

  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  /// Sets a key while the dict is made. The key must be hashable (see hashable()).
  void set(Value key, Value value);

 private:
  template <typename Same>
  const std::pair<Value, Value>* find_hashed(size_t hash, const Same& same) const;
  std::unordered_multimap<size_t, size_t> index_;  // hash -> entry
};

/// Whether a value may be a key: not a list, a dict or what holds one.
bool hashable(const Value& value);
size_t hash_of(const Value& value);

/// Everything else: ranges, iterators, namespaces, macros, functions, loops.
class Object {
 public:
  virtual ~Object() = default;
  virtual const char* type_name() const = 0;
  virtual bool truthy() const { return true; }
  /// As Python's repr(). `depth`: how deep in other values it is printed.
  virtual Status print(std::string& out, int depth) const;
  /// An attribute by its name; nothing where there is none.
  virtual Result<std::optional<Value>> attribute(Run& run, std::string_view name);
  virtual bool callable() const { return false; }
  virtual Result<Value> call(Run& run, const Args& args);
  /// Forgets what it holds, at the end of a rendering: of what may hold itself.
  virtual void release() {}
  /// How deep in each other the values are that it holds for as long as it lives (Extent::depth).
  virtual int depth() const { return 0; }
};

}  // namespace malmoi::chat::jinja
