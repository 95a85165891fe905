// Methods of lists, dicts and numbers.
#include <algorithm>
#include <cmath>

#include "chat/jinja/methods.h"
#include "chat/jinja/operators.h"

namespace malmoi::chat::jinja {

Result<Value> method_list_copy(Run&, const Value& self, const Args& args) {
  MALMOI_TRY(check_count("copy", args, 0, 0));
  return self;  // nothing changes a list
}

Result<Value> method_list_count(Run& run, const Value& self, const Args& args) {
  MALMOI_TRY(check_count("count", args, 1, 1));
  MALMOI_ASSIGN(Items items, run.items_of(self));
  run.walk(*items);
  return static_cast<int64_t>(
      std::count_if(items->begin(), items->end(), [&](const Value& item) { return equal(item, args.positional[0]); }));
}

Result<Value> method_list_index(Run& run, const Value& self, const Args& args) {
  MALMOI_TRY(check_count("index", args, 1, 3));
  MALMOI_ASSIGN(Items items, run.items_of(self));
  run.walk(*items);
  auto at = [&](size_t i) { return args.positional.size() > i ? args.positional[i] : Value(); };
  MALMOI_ASSIGN(SliceRange range, slice_range(static_cast<int64_t>(items->size()), at(1), at(2), Value()));
  for (int64_t i = range.first; i < range.first + range.count; ++i) {
    if (equal((*items)[static_cast<size_t>(i)], args.positional[0])) return i;
  }
  return type_error("index() did not find the item");
}

Result<Value> method_dict_copy(Run&, const Value& self, const Args& args) {
  MALMOI_TRY(check_count("copy", args, 0, 0));
  return self;  // nothing changes a dict
}

Result<Value> method_dict_fromkeys(Run& run, const Value&, const Args& args) {
  MALMOI_TRY(check_count("fromkeys", args, 1, 2));
  MALMOI_ASSIGN(Items keys, run.items_of(args.positional[0]));
  auto made = std::make_shared<Dict>();
  for (const Value& key : *keys) {
    MALMOI_TRY(run.check_key(key));
    made->set(key, args.positional.size() > 1 ? args.positional[1] : Value());
  }
  return run.dict(std::move(made));
}

Result<Value> method_dict_get(Run& run, const Value& self, const Args& args) {
  MALMOI_TRY(check_count("get", args, 1, 2));
  const Value& key = args.positional[0];
  MALMOI_TRY(run.check_key(key));
  if (const Value* found = self.dict()->find(key)) return *found;
  return args.positional.size() > 1 ? args.positional[1] : Value();
}

Result<Value> method_dict_items(Run& run, const Value& self, const Args& args) {
  MALMOI_TRY(check_count("items", args, 0, 0));
  return run.list(run.pairs(*self.dict()), ListKind::kItems);
}

Result<Value> method_dict_keys(Run& run, const Value& self, const Args& args) {
  MALMOI_TRY(check_count("keys", args, 0, 0));
  Values keys;
  for (const auto& entry : self.dict()->entries) keys.push_back(entry.first);
  return run.list(std::move(keys), ListKind::kKeys);
}

Result<Value> method_dict_values(Run& run, const Value& self, const Args& args) {
  MALMOI_TRY(check_count("values", args, 0, 0));
  Values values;
  for (const auto& entry : self.dict()->entries) values.push_back(entry.second);
  return run.list(std::move(values), ListKind::kValues);
}

Result<Value> method_bit_length(Run&, const Value& self, const Args& args) {
  MALMOI_TRY(check_count("bit_length", args, 0, 0));
  Int number = self.as_int(), bits = 0;
  auto rest = number < 0 ? -static_cast<unsigned __int128>(number) : static_cast<unsigned __int128>(number);
  for (; rest != 0; rest >>= 1) ++bits;
  return Value(bits);
}

Result<Value> method_is_integer(Run&, const Value& self, const Args& args) {
  MALMOI_TRY(check_count("is_integer", args, 0, 0));
  return std::isfinite(self.as_float()) && std::floor(self.as_float()) == self.as_float();
}

}  // namespace malmoi::chat::jinja
