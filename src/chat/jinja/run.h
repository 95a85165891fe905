// One rendering under way: what filters, tests, methods and functions may ask of it.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "chat/jinja/arguments.h"
#include "chat/jinja/limits.h"
#include "chat/jinja/value.h"

namespace malmoi::chat::jinja {

/// Items of something iterable, shared where they stand in a list already.
using Items = std::shared_ptr<const Values>;

/// Makes values within the budget of one rendering and calls what a template names. One thread.
class Run {
 public:
  explicit Run(const Limits& limits) : budget_(limits) {}
  virtual ~Run() = default;
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Budget& budget() { return budget_; }
  void step(uint64_t count = 1) { budget_.step(count); }
  /// Pays for walking through a value.
  void walk(const Value& value) { budget_.step(extent_of(value).size); }
  void walk(const Values& values) { budget_.step(extent_of(values).size); }
  /// Pays for comparing two values.
  void meet(const Value& left, const Value& right) {
    budget_.step(std::min(extent_of(left).size, extent_of(right).size));
  }
  /// Pays for looking for `wanted` in a text, which may compare all of it at each place. Errors: more than the budget holds.
  Status search(std::string_view text, std::string_view wanted);

  Value text(std::string bytes, bool markup = false);
  Value list(Values items, ListKind kind = ListKind::kList);
  Value tuple(Values items) { return list(std::move(items), ListKind::kTuple); }
  Value dict(std::shared_ptr<Dict> dict);
  /// The entries of a dict as tuples.
  Values pairs(const Dict& dict);
  /// What is iterated over once: the result of `map`, `select` ...
  Value iterator(Values items);
  /// Whether something may hold what has this extent; where not, the budget is spent.
  bool fits(const Extent& extent) { return budget_.holds(extent.depth, extent.size); }
  /// `str(value)` and `repr(value)`.
  Result<std::string> string_of(const Value& value);
  Result<std::string> repr_of(const Value& value);
  /// Whether a value may be a key of a dict; pays for looking it up. Errors: it may not.
  Status check_key(const Value& key);

  /// What iterating over a value gives; an iterator is used up by it. Errors: values that are not iterable.
  Result<Items> items_of(const Value& value);
  /// As list(value).
  Result<Values> values_of(const Value& value);

  virtual Result<Value> call(const Value& callee, Args args) = 0;
  Result<Value> call_filter(std::string_view name, const Value& value, const Args& args);
  Result<bool> call_test(std::string_view name, const Value& value, const Args& args);
  /// The path `a.b.0` of `attribute`, item by item; where `fallback` is given it stands for what is undefined.
  Result<Value> path(const Value& value, const Value& attribute, const Value* fallback = nullptr);

  /// Local time as a calendar says it; what strftime_now() formats.
  struct Moment {
    int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, microsecond = 0;
  };
  virtual Moment now() const = 0;
  /// Keeps what may hold itself until the rendering ends (see Namespace).
  virtual void keep(std::shared_ptr<Object> object) = 0;

 protected:
  Budget budget_;
};

/// Iterated over once: what is left of its items.
class Iterator : public Object {
 public:
  Iterator(Values items, int depth, Charge charge)
      : items_(std::move(items)), depth_(depth), charge_(std::move(charge)) {}
  int depth() const override { return depth_; }
  const char* type_name() const override { return "generator"; }
  Values take() {
    items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(std::exchange(next_, 0)));
    return std::exchange(items_, {});
  }
  std::optional<Value> next();

 private:
  Values items_;
  size_t next_ = 0;
  int depth_;
  Charge charge_;
};

/// Bounds of a range go no further, so that reckoning with them stays within 128 bits.
constexpr Int kMaxBound = Int{1} << 100;
/// As Python's range: start, stop and step.
class Range : public Object {
 public:
  Range(Int start, Int stop, Int step) : start_(start), stop_(stop), step_(step) {}
  const char* type_name() const override { return "range"; }
  bool truthy() const override { return length() > 0; }
  Status print(std::string& out, int depth) const override;
  Result<std::optional<Value>> attribute(Run& run, std::string_view name) override;
  Int length() const;
  Int at(Int index) const { return start_ + index * step_; }
  bool contains(const Value& value) const;
  bool operator==(const Range& other) const;
  Int step() const { return step_; }

 private:
  Int start_, stop_, step_;
};

}  // namespace malmoi::chat::jinja
