// Expressions of the interpreter.
#include "chat/jinja/filters/filters.h"
#include "chat/jinja/globals.h"
#include "chat/jinja/interpreter.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/tests.h"

namespace malmoi::chat::jinja {

Result<Value> Interpreter::evaluate(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  step();
  Status fits = budget_.check();
  if (fits.ok()) fits = budget_.stack();
  if (!fits.ok()) return placed(std::move(fits).error(), expr.offset);
  auto value = of_kind(expr, scope);
  if (!value.ok()) return placed(std::move(value).error(), expr.offset);
  return value;
}

Result<Value> Interpreter::of_kind(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  auto item = [&](size_t i) { return evaluate(*expr.items[i], scope); };
  switch (expr.kind) {
    case ExprKind::kConstant: return expr.value;
    case ExprKind::kName: return name(expr.name, scope);
    case ExprKind::kTuple:
    case ExprKind::kList: return sequence_of(expr, scope);
    case ExprKind::kDict: return dict_of(expr, scope);
    case ExprKind::kAttribute: {
      MALMOI_ASSIGN(Value value, item(0));
      return attribute(*this, value, expr.name);
    }
    case ExprKind::kSubscript: return item_of(expr, scope);
    case ExprKind::kCall: return call_of(expr, scope);
    case ExprKind::kFilter: return filter_of(expr, scope);
    case ExprKind::kTest: return test_of(expr, scope);
    case ExprKind::kNot: {
      MALMOI_ASSIGN(Value value, item(0));
      return !value.truthy();
    }
    case ExprKind::kNegate: {
      MALMOI_ASSIGN(Value value, item(0));
      return negate(value);
    }
    case ExprKind::kPlus: {
      MALMOI_ASSIGN(Value value, item(0));
      return unary_plus(value);
    }
    case ExprKind::kAnd:
    case ExprKind::kOr: {
      MALMOI_ASSIGN(Value left, item(0));
      return left.truthy() == (expr.kind == ExprKind::kOr) ? left : item(1);
    }
    case ExprKind::kBinary: {
      MALMOI_ASSIGN(Value left, item(0));
      MALMOI_ASSIGN(Value right, item(1));
      return binary(*this, expr.binary, left, right);
    }
    case ExprKind::kCompare: return comparison_of(expr, scope);
    case ExprKind::kConcat: return concatenation_of(expr, scope);
    case ExprKind::kCondition: {
      MALMOI_ASSIGN(Value test, item(0));
      if (test.truthy()) return item(1);
      if (expr.items[2]) return item(2);
      return Value::undefined("the condition does not hold, and there is no 'else'");
    }
    case ExprKind::kSlice:
    case ExprKind::kNamespaceTarget: break;  // never evaluated by themselves
  }
  return internal_error("an expression has no value");
}

Value Interpreter::name(std::string_view name, const std::shared_ptr<Scope>& scope) const {
  for (const Scope* at = scope.get(); at; at = at->parent.get()) {
    for (const auto& [held, value] : at->names) {
      if (held != name) continue;
      return value ? *value : Value::undefined("'" + std::string(name) + "' is undefined");
    }
  }
  if (const Value* variable = variables_.dict()->find(name)) return *variable;
  if (std::optional<Value> function = global_function(name)) return *std::move(function);
  return Value::undefined("'" + std::string(name) + "' is undefined");
}

Result<Value> Interpreter::sequence_of(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  Values items;
  items.reserve(expr.items.size());
  for (const ExprPtr& part : expr.items) {
    MALMOI_ASSIGN(Value value, evaluate(*part, scope));
    items.push_back(std::move(value));
  }
  return list(std::move(items), expr.kind == ExprKind::kTuple ? ListKind::kTuple : ListKind::kList);
}

Result<Value> Interpreter::dict_of(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  auto made = std::make_shared<Dict>();
  for (size_t i = 0; i < expr.items.size(); i += 2) {
    MALMOI_ASSIGN(Value key, evaluate(*expr.items[i], scope));
    MALMOI_ASSIGN(Value value, evaluate(*expr.items[i + 1], scope));
    MALMOI_TRY(check_key(key));
    made->set(std::move(key), std::move(value));
  }
  return dict(std::move(made));
}

Result<Value> Interpreter::item_of(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  MALMOI_ASSIGN(Value value, evaluate(*expr.items[0], scope));
  const Expr& key = *expr.items[1];
  if (key.kind != ExprKind::kSlice) {
    MALMOI_ASSIGN(Value index, evaluate(key, scope));
    return subscript(*this, value, index);
  }
  Value bounds[3];
  for (size_t i = 0; i < 3; ++i) {
    if (!key.items[i]) continue;
    MALMOI_ASSIGN(bounds[i], evaluate(*key.items[i], scope));
  }
  return slice(*this, value, bounds[0], bounds[1], bounds[2]);
}

Result<Args> Interpreter::arguments(const CallExprs& call, const std::shared_ptr<Scope>& scope) {
  Args args;
  for (const ExprPtr& expr : call.positional) {
    MALMOI_ASSIGN(Value value, evaluate(*expr, scope));
    args.positional.push_back(std::move(value));
  }
  for (const auto& [name, expr] : call.named) {
    if (args.find(name)) return type_error("the argument '" + name + "' is given twice");
    MALMOI_ASSIGN(Value value, evaluate(*expr, scope));
    args.named.emplace_back(name, std::move(value));
  }
  if (call.star) {
    MALMOI_ASSIGN(Value more, evaluate(*call.star, scope));
    MALMOI_ASSIGN(Items items, items_of(more));
    args.positional.insert(args.positional.end(), items->begin(), items->end());
  }
  if (!call.star_star) return args;
  MALMOI_ASSIGN(Value more, evaluate(*call.star_star, scope));
  if (!more.dict()) return type_error(std::string("** wants a dict, not '") + more.type_name() + "'");
  for (const auto& [key, value] : more.dict()->entries) {
    if (!key.text()) return type_error("** wants a dict of names");
    if (args.find(key.text()->bytes)) return type_error("the argument '" + key.text()->bytes + "' is given twice");
    args.named.emplace_back(key.text()->bytes, value);
  }
  return args;
}

Result<Value> Interpreter::call_of(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  MALMOI_ASSIGN(Value callee, evaluate(*expr.items[0], scope));
  MALMOI_ASSIGN(Args args, arguments(expr.call, scope));
  return call(callee, std::move(args));
}

Result<Value> Interpreter::filter_of(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  MALMOI_ASSIGN(Value value, evaluate(*expr.items[0], scope));
  MALMOI_ASSIGN(Args args, arguments(expr.call, scope));
  return call_filter(expr.name, value, args);
}

// {% filter a | b %}: the innermost filter has no value of its own.
Result<Value> Interpreter::filtered(const Expr& filter, const Value& value, const std::shared_ptr<Scope>& scope) {
  Value inner = value;
  if (filter.items[0]) {
    MALMOI_ASSIGN(inner, filtered(*filter.items[0], value, scope));
  }
  MALMOI_ASSIGN(Args args, arguments(filter.call, scope));
  return call_filter(filter.name, inner, args);
}

Result<Value> Interpreter::test_of(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  MALMOI_ASSIGN(Value value, evaluate(*expr.items[0], scope));
  MALMOI_ASSIGN(Args args, arguments(expr.call, scope));
  MALMOI_ASSIGN(bool holds, call_test(expr.name, value, args));
  return holds;
}

Result<Value> Interpreter::comparison_of(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  MALMOI_ASSIGN(Value left, evaluate(*expr.items[0], scope));
  for (size_t i = 0; i < expr.comparisons.size(); ++i) {
    MALMOI_ASSIGN(Value right, evaluate(*expr.items[i + 1], scope));
    MALMOI_ASSIGN(bool holds, compare(*this, expr.comparisons[i], left, right));
    if (!holds) return false;
    left = std::move(right);
  }
  return true;
}

Result<Value> Interpreter::concatenation_of(const Expr& expr, const std::shared_ptr<Scope>& scope) {
  std::string out;
  for (const ExprPtr& part : expr.items) {
    MALMOI_ASSIGN(Value value, evaluate(*part, scope));
    MALMOI_ASSIGN(std::string shown, string_of(value));
    MALMOI_TRY(budget_.room(out.size() + shown.size()));
    out += shown;
  }
  return text(std::move(out));
}

}  // namespace malmoi::chat::jinja
