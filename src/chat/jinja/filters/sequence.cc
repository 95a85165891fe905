// Filters over sequences: their items, their order, their parts.
#include <algorithm>

#include "chat/jinja/filters/filters.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/print.h"
#include "chat/jinja/unicode.h"

namespace malmoi::chat::jinja {
namespace {

Value none_of_it(const char* what) {
  return Value::undefined(std::string("there is no ") + what + " item: the sequence is empty");
}

// The key of an item by `attribute` (null: the item itself), without case where that is asked for.
Result<Value> key_of(Run& run, const Value& item, const Value* attribute, bool case_sensitive,
                     const Value* fallback = nullptr) {
  Value key = item;
  if (attribute) {
    MALMOI_ASSIGN(key, run.path(item, *attribute, fallback));
  }
  return case_sensitive ? key : without_case(run, key);
}

Result<Value> extreme(Run& run, const Value& value, const Args& args, const char* name, bool largest) {
  MALMOI_ASSIGN(Bound bound, bind(name, args, {"case_sensitive", "attribute"}));
  MALMOI_ASSIGN(Items items, run.items_of(value));
  if (items->empty()) return none_of_it(name);
  Value best, best_key;
  for (size_t i = 0; i < items->size(); ++i) {
    MALMOI_ASSIGN(Value key, key_of(run, (*items)[i], bound[1], bound.truthy(0)));
    run.meet(key, i > 0 ? best_key : key);
    MALMOI_TRY(run.budget().check());
    bool better = i == 0;
    if (i > 0) {
      MALMOI_ASSIGN(better, largest ? less(best_key, key) : less(key, best_key));
    }
    if (!better) continue;
    best = (*items)[i];
    best_key = std::move(key);
  }
  return best;
}

}  // namespace

Value without_case(Run& run, const Value& value) {
  return value.text() ? run.text(to_lower(value.text()->bytes), value.text()->markup) : value;
}

// Merges runs of doubling length: stable, and never more than n log n comparisons.
Status sort_by(Run& run, Values& keys, Values& items, bool reverse) {
  std::vector<size_t> order(keys.size()), next(keys.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (size_t width = 1; width < order.size(); width *= 2) {
    for (size_t begin = 0; begin < order.size(); begin += 2 * width) {
      size_t left = begin, middle = std::min(begin + width, order.size());
      size_t right = middle, end = std::min(middle + width, order.size());
      for (size_t out = begin; out < end; ++out) {
        bool take_right = left == middle;
        if (!take_right && right < end) {
          const Value &a = keys[order[left]], &b = keys[order[right]];
          run.meet(a, b);
          MALMOI_TRY(run.budget().check());
          MALMOI_ASSIGN(take_right, reverse ? less(a, b) : less(b, a));
        }
        next[out] = take_right ? order[right++] : order[left++];
      }
    }
    std::swap(order, next);
  }
  Values sorted_keys, sorted_items;
  for (size_t i : order) {
    sorted_keys.push_back(std::move(keys[i]));
    sorted_items.push_back(std::move(items[i]));
  }
  keys = std::move(sorted_keys);
  items = std::move(sorted_items);
  return {};
}

Result<Value> filter_length(Run&, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("length", args, 0, 0));
  MALMOI_ASSIGN(int64_t length, length_of(value));
  return length;
}

Result<Value> filter_list(Run& run, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("list", args, 0, 0));
  MALMOI_ASSIGN(Values items, run.values_of(value));
  return run.list(std::move(items));
}

Result<Value> filter_items(Run& run, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("items", args, 0, 0));
  if (value.is_undefined()) return run.iterator({});
  if (!value.dict()) return type_error(std::string("items() wants a dict, not '") + value.type_name() + "'");
  return run.iterator(run.pairs(*value.dict()));
}

Result<Value> filter_first(Run& run, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("first", args, 0, 0));
  if (auto* iterator = dynamic_cast<Iterator*>(value.object())) return iterator->next().value_or(none_of_it("first"));
  MALMOI_ASSIGN(Items items, run.items_of(value));
  return items->empty() ? none_of_it("first") : items->front();
}

Result<Value> filter_last(Run& run, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("last", args, 0, 0));
  if (dynamic_cast<Iterator*>(value.object()))
    return type_error("last() wants a sequence; make a list of it first (| list | last)");
  MALMOI_ASSIGN(Items items, run.items_of(value));
  return items->empty() ? none_of_it("last") : items->back();
}

Result<Value> filter_min(Run& run, const Value& value, const Args& args) {
  return extreme(run, value, args, "min", false);
}

Result<Value> filter_max(Run& run, const Value& value, const Args& args) {
  return extreme(run, value, args, "max", true);
}

Result<Value> filter_reverse(Run& run, const Value& value, const Args& args) {
  MALMOI_TRY(check_count("reverse", args, 0, 0));
  if (value.text()) return slice(run, value, Value(), Value(), Value(-1));
  MALMOI_ASSIGN(Values items, run.values_of(value));
  std::reverse(items.begin(), items.end());
  return run.iterator(std::move(items));
}

Result<Value> filter_sort(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("sort", args, {"reverse", "case_sensitive", "attribute"}));
  MALMOI_ASSIGN(Values items, run.values_of(value));
  std::vector<Value> attributes;  // several with commas between them
  if (bound.has(2) && bound[2]->text()) {
    const std::string& paths = bound[2]->text()->bytes;
    for (size_t begin = 0; begin <= paths.size();) {
      size_t end = std::min(paths.find(',', begin), paths.size());
      attributes.push_back(run.text(paths.substr(begin, end - begin)));
      begin = end + 1;
    }
  } else {
    attributes.push_back(bound.has(2) ? *bound[2] : Value());
  }
  Values keys;
  for (const Value& item : items) {
    Values parts;
    for (const Value& attribute : attributes) {
      MALMOI_ASSIGN(Value part, key_of(run, item, &attribute, bound.truthy(1)));
      parts.push_back(std::move(part));
    }
    keys.push_back(run.list(std::move(parts)));
    MALMOI_TRY(run.budget().check());
  }
  MALMOI_TRY(sort_by(run, keys, items, bound.truthy(0)));
  return run.list(std::move(items));
}

Result<Value> filter_dictsort(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("dictsort", args, {"case_sensitive", "by", "reverse"}));
  if (!value.dict()) return type_error(std::string("dictsort() wants a dict, not '") + value.type_name() + "'");
  std::string_view by = "key";
  if (bound.given(1)) {
    MALMOI_ASSIGN(by, text_argument("dictsort", *bound[1]));
  }
  if (by != "key" && by != "value") return type_error("dictsort() sorts by 'key' or by 'value'");
  Values keys, pairs = run.pairs(*value.dict());
  for (const auto& [key, held] : value.dict()->entries) {
    const Value& sorted = by == "key" ? key : held;
    keys.push_back(bound.truthy(0) ? sorted : without_case(run, sorted));
  }
  MALMOI_TRY(sort_by(run, keys, pairs, bound.truthy(2)));
  return run.list(std::move(pairs));
}

Result<Value> filter_unique(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("unique", args, {"case_sensitive", "attribute"}));
  MALMOI_ASSIGN(Values items, run.values_of(value));
  Dict seen;
  Values kept;
  for (Value& item : items) {
    run.step();
    MALMOI_ASSIGN(Value key, key_of(run, item, bound[1], bound.truthy(0)));
    MALMOI_TRY(run.check_key(key));
    if (seen.find(key)) continue;
    seen.set(std::move(key), Value());
    kept.push_back(std::move(item));
  }
  return run.iterator(std::move(kept));
}

Result<Value> filter_groupby(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("groupby", args, {"attribute", "default", "case_sensitive"}, 1));
  const Value* fallback = bound.has(1) ? bound[1] : nullptr;
  MALMOI_ASSIGN(Values items, run.values_of(value));
  Values keys, groups;
  for (const Value& item : items) {
    MALMOI_ASSIGN(Value key, key_of(run, item, bound[0], bound.truthy(2), fallback));
    keys.push_back(std::move(key));
  }
  MALMOI_TRY(sort_by(run, keys, items, false));
  for (size_t begin = 0; begin < items.size();) {
    size_t end = begin + 1;
    for (; end < items.size() && equal(keys[begin], keys[end]); ++end) run.walk(keys[end]);
    MALMOI_ASSIGN(Value name, key_of(run, items[begin], bound[0], true, fallback));
    Values members(items.begin() + static_cast<std::ptrdiff_t>(begin),
                   items.begin() + static_cast<std::ptrdiff_t>(end));
    Value group = run.list(std::move(members));
    groups.push_back(run.list({std::move(name), std::move(group)}, ListKind::kGroup));
    begin = end;
  }
  return run.list(std::move(groups));
}

Result<Value> filter_batch(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("batch", args, {"linecount", "fill_with"}, 1));
  MALMOI_ASSIGN(int64_t size, index_argument("batch", *bound[0]));
  MALMOI_ASSIGN(Values items, run.values_of(value));
  Values batches, batch;
  for (Value& item : items) {
    if (!batch.empty() && static_cast<int64_t>(batch.size()) == size)
      batches.push_back(run.list(std::exchange(batch, {})));
    else if (batch.empty() && size == 0) batches.push_back(run.list({}));
    batch.push_back(std::move(item));
  }
  if (!batch.empty()) {
    int64_t missing = bound.has(1) ? std::max<int64_t>(size - static_cast<int64_t>(batch.size()), 0) : 0;
    MALMOI_TRY(run.budget().room(sizeof(Value), static_cast<size_t>(missing)));
    if (missing > 0) batch.insert(batch.end(), static_cast<size_t>(missing), *bound[1]);
    batches.push_back(run.list(std::move(batch)));
  }
  return run.iterator(std::move(batches));
}

Result<Value> filter_slice(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("slice", args, {"slices", "fill_with"}, 1));
  MALMOI_ASSIGN(int64_t count, index_argument("slice", *bound[0]));
  MALMOI_ASSIGN(Values items, run.values_of(value));
  if (count == 0) return type_error("slice() cannot make 0 slices");
  MALMOI_TRY(run.budget().room(sizeof(Value) + sizeof(List), static_cast<size_t>(std::max<int64_t>(count, 0))));
  auto length = static_cast<int64_t>(items.size());
  int64_t each = count > 0 ? length / count : 0, longer = count > 0 ? length % count : 0;
  Values slices;
  for (int64_t i = 0, at = 0; i < count; ++i) {
    int64_t end = at + each + (i < longer ? 1 : 0);
    Values part(items.begin() + at, items.begin() + end);
    if (bound.has(1) && i >= longer) part.push_back(*bound[1]);
    slices.push_back(run.list(std::move(part)));
    at = end;
  }
  return run.iterator(std::move(slices));
}

Result<Value> filter_join(Run& run, const Value& value, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("join", args, {"d", "attribute"}));
  std::string separator;
  if (bound.given(0)) {
    MALMOI_ASSIGN(separator, run.string_of(*bound[0]));
  }
  MALMOI_ASSIGN(Items items, run.items_of(value));
  MALMOI_TRY(run.budget().room(separator.size(), items->size()));
  std::string out;
  for (size_t i = 0; i < items->size(); ++i) {
    if (i > 0) out += separator;
    Value item = (*items)[i];
    if (bound.has(1)) {
      MALMOI_ASSIGN(item, run.path(item, *bound[1]));
    }
    MALMOI_ASSIGN(std::string part, run.string_of(item));
    run.step();
    MALMOI_TRY(run.budget().room(out.size() + part.size()));
    out += part;
  }
  return run.text(std::move(out));
}

}  // namespace malmoi::chat::jinja
