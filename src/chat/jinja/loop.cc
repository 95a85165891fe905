// `loop` of the interpreter.
#include "chat/jinja/interpreter.h"
#include "chat/jinja/operators.h"

namespace malmoi::chat::jinja {
namespace {

// loop.cycle and loop.changed, to be called.
class LoopFunction : public Object {
 public:
  LoopFunction(std::shared_ptr<Loop> loop, bool cycles) : loop_(std::move(loop)), cycles_(cycles) {}
  const char* type_name() const override { return "method"; }
  bool callable() const override { return true; }
  Result<Value> call(Run&, const Args& args) override {
    MALMOI_TRY(check_count(cycles_ ? "cycle" : "changed", args, 0, SIZE_MAX));
    if (cycles_) return loop_->cycle(args);
    return loop_->changed(args);
  }

 private:
  std::shared_ptr<Loop> loop_;
  bool cycles_;
};

}  // namespace

Status Loop::print(std::string& out, int) const {
  out += "<LoopContext " + std::to_string(index0_ + 1) + ">";
  return {};
}

// Reads the next item that passes the condition; false where there is none.
Result<bool> Loop::read() {
  while (items_ && read_ < items_->size()) {
    const Value& next = (*items_)[read_++];
    if (stmt_->condition) {
      interpreter_->step();
      MALMOI_TRY(interpreter_->budget().check());
      std::shared_ptr<Scope> scope = interpreter_->inner(scope_, {});
      MALMOI_TRY(interpreter_->assign(*stmt_->target, next, scope));
      MALMOI_ASSIGN(Value passes, interpreter_->evaluate(*stmt_->condition, scope));
      if (!passes.truthy()) continue;
    }
    waiting_.push_back(next);
    return true;
  }
  return false;
}

Result<bool> Loop::peek() { return waiting_.empty() ? read() : Result<bool>(true); }

Result<int64_t> Loop::length() {
  if (!items_) return 0;
  if (!stmt_->condition) return static_cast<int64_t>(items_->size());
  for (bool more = true; more;) {
    MALMOI_ASSIGN(more, read());
  }
  return index0_ + 1 + static_cast<int64_t>(waiting_.size());
}

Result<bool> Loop::advance() {
  MALMOI_ASSIGN(bool more, peek());
  if (!more) return false;
  before_ = std::move(current_);
  current_ = std::move(waiting_.front());
  waiting_.pop_front();
  ++index0_;
  return true;
}

Result<std::optional<Value>> Loop::attribute(Run&, std::string_view name) {
  auto found = [](Value value) { return std::optional<Value>(std::move(value)); };
  if (name == "index") return found(index0_ + 1);
  if (name == "index0") return found(index0_);
  if (name == "first") return found(index0_ == 0);
  if (name == "depth") return found(depth0_ + 1);
  if (name == "depth0") return found(depth0_);
  if (name == "previtem") return found(index0_ > 0 ? *before_ : Value::undefined("there is no previous item"));
  if (name == "cycle" || name == "changed")
    return found(std::shared_ptr<Object>(std::make_shared<LoopFunction>(shared_from_this(), name == "cycle")));
  if (name == "last" || name == "nextitem") {
    MALMOI_ASSIGN(bool more, peek());
    if (name == "last") return found(!more);
    return found(more ? waiting_.front() : Value::undefined("there is no next item"));
  }
  if (name != "length" && name != "revindex" && name != "revindex0") return std::optional<Value>();
  MALMOI_ASSIGN(int64_t count, length());
  if (name == "length") return found(count);
  return found(count - index0_ - (name == "revindex0" ? 1 : 0));
}

Result<Value> Loop::call(Run&, const Args& args) {
  MALMOI_TRY(check_count("loop", args, 1, 1));
  if (!stmt_->recursive) return type_error("a loop that is called must be marked 'recursive'");
  if (!scope_) return type_error("this loop has ended");
  return interpreter_->recurse(*stmt_, args.positional[0], scope_, depth0_ + 1);
}

Result<Value> Loop::cycle(const Args& args) const {
  if (args.positional.empty()) return type_error("cycle() wants items");
  return args.positional[static_cast<size_t>(index0_) % args.positional.size()];
}

bool Loop::changed(const Args& args) {
  interpreter_->walk(args.positional);
  bool same = changed_ && changed_->size() == args.positional.size();
  for (size_t i = 0; same && i < args.positional.size(); ++i) same = equal((*changed_)[i], args.positional[i]);
  if (!same) changed_ = args.positional;
  return !same;
}

void Loop::release() {
  items_.reset();
  scope_.reset();
  before_.reset();
  current_.reset();
  changed_.reset();
  waiting_.clear();
}

}  // namespace malmoi::chat::jinja
