#include "chat/jinja/namespace.h"

#include <algorithm>

#include "chat/jinja/print.h"

namespace malmoi::chat::jinja {

Status Namespace::print(std::string& out, int depth) const {
  out += "<Namespace {";
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (i > 0) out += ", ";
    print_quoted(out, entries_[i].first);
    out += ": ";
    MALMOI_TRY(print_repr(out, entries_[i].second, depth + 1));
  }
  out += "}>";
  return {};
}

Result<std::optional<Value>> Namespace::attribute(Run&, std::string_view name) {
  for (const auto& [held, value] : entries_) {
    if (held == name) return std::optional<Value>(value);
  }
  return std::optional<Value>();
}

Status Namespace::set(Run& run, std::string_view name, Value value) {
  if (name.starts_with("_"))
    return type_error("a namespace has no names with an underscore before them ('" + std::string(name) + "')");
  run.step();
  for (auto& [held, place] : entries_) {
    if (held != name) continue;
    place = std::move(value);
    return {};
  }
  charge_.add(sizeof(Value) + sizeof(std::string) + name.size());
  entries_.emplace_back(name, std::move(value));
  return {};
}

namespace {

class Cycler : public Object, public std::enable_shared_from_this<Cycler> {
 public:
  Cycler(Values items, int depth) : items_(std::move(items)), depth_(depth) {}
  const char* type_name() const override { return "Cycler"; }
  int depth() const override { return depth_; }
  void reset() { at_ = 0; }
  const Value& current() const { return items_[at_]; }
  Value next() {
    Value value = current();
    at_ = (at_ + 1) % items_.size();
    return value;
  }
  Result<std::optional<Value>> attribute(Run& run, std::string_view name) override;

 private:
  Values items_;
  int depth_;
  size_t at_ = 0;
};

class CyclerFunction : public Object {
 public:
  CyclerFunction(std::shared_ptr<Cycler> cycler, bool resets) : cycler_(std::move(cycler)), resets_(resets) {}
  const char* type_name() const override { return "method"; }
  bool callable() const override { return true; }
  int depth() const override { return cycler_->depth() + 1; }
  Result<Value> call(Run&, const Args& args) override {
    MALMOI_TRY(check_count(resets_ ? "reset" : "next", args, 0, 0));
    if (!resets_) return cycler_->next();
    cycler_->reset();
    return Value();
  }

 private:
  std::shared_ptr<Cycler> cycler_;
  bool resets_;
};

Result<std::optional<Value>> Cycler::attribute(Run&, std::string_view name) {
  if (name == "current") return std::optional<Value>(current());
  if (name != "next" && name != "reset") return std::optional<Value>();
  return std::optional<Value>(
      std::shared_ptr<Object>(std::make_shared<CyclerFunction>(shared_from_this(), name == "reset")));
}

class Joiner : public Object {
 public:
  explicit Joiner(Value separator) : separator_(std::move(separator)) {}
  const char* type_name() const override { return "Joiner"; }
  bool callable() const override { return true; }
  int depth() const override { return extent_of(separator_).depth + 1; }
  Result<Value> call(Run& run, const Args& args) override {
    MALMOI_TRY(check_count("joiner", args, 0, 0));
    if (std::exchange(used_, true)) return separator_;
    return run.text("");
  }

 private:
  Value separator_;
  bool used_ = false;
};

}  // namespace

Result<Value> make_cycler(Run& run, const Args& args) {
  if (!args.named.empty() || args.positional.empty()) return type_error("cycler() wants items");
  const Extent within = extent_of(args.positional);
  if (!run.fits(within)) return Value();
  return Value(std::shared_ptr<Object>(std::make_shared<Cycler>(args.positional, within.depth + 1)));
}

Result<Value> make_joiner(Run& run, const Args& args) {
  MALMOI_ASSIGN(Bound bound, bind("joiner", args, {"sep"}));
  Value separator = bound.given(0) ? *bound[0] : run.text(", ");
  if (!run.fits(extent_of(separator))) return Value();
  return Value(std::shared_ptr<Object>(std::make_shared<Joiner>(std::move(separator))));
}

}  // namespace malmoi::chat::jinja
