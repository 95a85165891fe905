// Statements of the interpreter.
#include "chat/jinja/calls.h"
#include "chat/jinja/escape.h"
#include "chat/jinja/interpreter.h"

namespace malmoi::chat::jinja {

Result<Interpreter::Flow> Interpreter::statement(const Stmt& stmt, const std::shared_ptr<Scope>& scope) {
  switch (stmt.kind) {
    case StmtKind::kText: {
      MALMOI_TRY(write(stmt.text));
      return Flow::kGoOn;
    }
    case StmtKind::kPrint: return do_print(stmt, scope);
    case StmtKind::kIf: return do_if(stmt, scope);
    case StmtKind::kFor: return do_for(stmt, scope);
    case StmtKind::kSet: return do_set(stmt, scope);
    case StmtKind::kSetBlock: return do_set_block(stmt, scope);
    case StmtKind::kMacro: return do_macro(stmt, scope);
    case StmtKind::kCallBlock: return do_call_block(stmt, scope);
    case StmtKind::kFilterBlock: return do_filter_block(stmt, scope);
    case StmtKind::kWith: return do_with(stmt, scope);
    case StmtKind::kGeneration: return do_generation(stmt, scope);
    case StmtKind::kScope: return do_scope(stmt, scope);
    case StmtKind::kBreak: return Flow::kBreak;
    case StmtKind::kContinue: return Flow::kContinue;
    case StmtKind::kRefused: break;
  }
  return unsupported(stmt.text, "", "put everything into one template");
}

Result<Interpreter::Flow> Interpreter::do_print(const Stmt& stmt, const std::shared_ptr<Scope>& scope) {
  for (const ExprPtr& expr : stmt.expressions) {
    MALMOI_ASSIGN(Value value, evaluate(*expr, scope));
    MALMOI_ASSIGN(std::string shown, string_of(value));
    const bool escapes = autoescape_ && !(value.text() && value.text()->markup);
    MALMOI_TRY(write(escapes ? escaped(shown) : shown));
  }
  return Flow::kGoOn;
}

Result<Interpreter::Flow> Interpreter::do_if(const Stmt& stmt, const std::shared_ptr<Scope>& scope) {
  for (size_t i = 0; i < stmt.expressions.size(); ++i) {
    MALMOI_ASSIGN(Value test, evaluate(*stmt.expressions[i], scope));
    if (test.truthy()) return block(stmt.bodies[i], scope);
  }
  if (stmt.bodies.size() > stmt.expressions.size()) return block(stmt.bodies.back(), scope);
  return Flow::kGoOn;
}

Result<Interpreter::Flow> Interpreter::do_for(const Stmt& stmt, const std::shared_ptr<Scope>& scope) {
  MALMOI_ASSIGN(Value iterable, evaluate(*stmt.value, scope));
  if (stmt.recursive) {
    MALMOI_ASSIGN(Value shown, recurse(stmt, iterable, scope, 0));
    MALMOI_TRY(write(shown.text()->bytes));
    return Flow::kGoOn;
  }
  auto items = items_of(iterable);
  if (!items.ok()) return placed(std::move(items).error(), stmt.value->offset);
  return loop(stmt, *std::move(items), scope, 0);
}

Result<Value> Interpreter::recurse(const Stmt& stmt, const Value& iterable, const std::shared_ptr<Scope>& scope,
                                   int depth0) {
  Level level(level_, budget_);
  MALMOI_TRY(level.check());
  MALMOI_ASSIGN(Items items, items_of(iterable));
  Output output{.charge = Charge(budget_, 0)};
  Output* before = std::exchange(output_, &output);
  auto flow = loop(stmt, std::move(items), scope, depth0);
  output_ = before;
  if (!flow.ok()) return std::move(flow).error();
  return text(std::move(output.text));
}

Result<Interpreter::Flow> Interpreter::loop(const Stmt& stmt, Items items, const std::shared_ptr<Scope>& scope,
                                            int depth0) {
  auto loop = std::make_shared<Loop>(*this, stmt, std::move(items), scope, depth0);
  // Where the template has stored it, it may hold what holds it.
  auto leave = [&](Result<Flow> flow) {
    if (loop.use_count() > 1) keep(loop);
    return flow;
  };
  while (true) {
    step();
    if (Status status = budget_.check(); !status.ok()) return leave(std::move(status).error());
    auto more = loop->advance();
    if (!more.ok()) return leave(std::move(more).error());
    if (!*more) break;
    std::shared_ptr<Scope> frame = inner(scope, stmt.hidden[0]);
    frame->names.emplace_back("loop", Value(std::shared_ptr<Object>(loop)));
    Status assigned = assign(*stmt.target, loop->item(), frame);
    if (!assigned.ok()) return leave(std::move(assigned).error());
    auto flow = block(stmt.bodies[0], frame);
    if (!flow.ok()) return leave(std::move(flow).error());
    if (*flow == Flow::kBreak) break;
  }
  if (!loop->ran() && stmt.bodies.size() > 1) return leave(block(stmt.bodies[1], inner(scope, stmt.hidden[1])));
  return leave(Flow::kGoOn);
}

Result<Interpreter::Flow> Interpreter::do_set(const Stmt& stmt, const std::shared_ptr<Scope>& scope) {
  MALMOI_ASSIGN(Value value, evaluate(*stmt.value, scope));
  MALMOI_TRY(assign(*stmt.target, value, scope));
  return Flow::kGoOn;
}

Result<Interpreter::Flow> Interpreter::do_set_block(const Stmt& stmt, const std::shared_ptr<Scope>& scope) {
  std::shared_ptr<Scope> frame = inner(scope, stmt.hidden[0]);
  std::string body;
  MALMOI_ASSIGN(Flow flow, captured(stmt.bodies[0], frame, body));
  if (flow != Flow::kGoOn) return flow;
  Value value = text(std::move(body), autoescape_);
  if (stmt.filter) {
    MALMOI_ASSIGN(value, filtered(*stmt.filter, value, frame));
  }
  MALMOI_TRY(assign(*stmt.target, value, scope));
  return Flow::kGoOn;
}

Result<Interpreter::Flow> Interpreter::do_macro(const Stmt& stmt, const std::shared_ptr<Scope>& scope) {
  auto macro = std::make_shared<Macro>(stmt.macro, stmt.bodies[0], stmt.hidden[0], scope,
                                       Charge(budget_, 2 * sizeof(Macro) + 2 * sizeof(Scope)));
  keep(macro);  // its frame holds it, and it its frame
  scope->set(stmt.macro.name, Value(std::shared_ptr<Object>(macro)));
  return Flow::kGoOn;
}

Result<Interpreter::Flow> Interpreter::do_call_block(const Stmt& stmt, const std::shared_ptr<Scope>& scope) {
  const Expr& expr = *stmt.value;
  MALMOI_ASSIGN(Value callee, evaluate(*expr.items[0], scope));
  MALMOI_ASSIGN(Args args, arguments(expr.call, scope));
  auto caller = std::make_shared<Macro>(stmt.macro, stmt.bodies[0], stmt.hidden[0], scope,
                                        Charge(budget_, 2 * sizeof(Macro) + 2 * sizeof(Scope)));
  args.named.emplace_back("caller", Value(std::shared_ptr<Object>(caller)));
  auto value = call(callee, std::move(args));
  if (caller.use_count() > 1) keep(caller);
  if (!value.ok()) return placed(std::move(value).error(), expr.offset);
  MALMOI_ASSIGN(std::string shown, string_of(*value));
  MALMOI_TRY(write(shown));
  return Flow::kGoOn;
}

Result<Interpreter::Flow> Interpreter::do_filter_block(const Stmt& stmt, const std::shared_ptr<Scope>& scope) {
  std::shared_ptr<Scope> frame = inner(scope, stmt.hidden[0]);
  std::string body;
  MALMOI_ASSIGN(Flow flow, captured(stmt.bodies[0], frame, body));
  if (flow != Flow::kGoOn) return flow;
  MALMOI_ASSIGN(Value value, filtered(*stmt.filter, text(std::move(body)), frame));
  MALMOI_ASSIGN(std::string shown, string_of(value));
  MALMOI_TRY(write(shown));
  return Flow::kGoOn;
}

Result<Interpreter::Flow> Interpreter::do_with(const Stmt& stmt, const std::shared_ptr<Scope>& scope) {
  std::shared_ptr<Scope> frame = inner(scope, stmt.hidden[0]);
  for (size_t i = 0; i < stmt.targets.size(); ++i) {
    MALMOI_ASSIGN(Value value, evaluate(*stmt.expressions[i], scope));
    MALMOI_TRY(assign(*stmt.targets[i], value, frame));
  }
  return block(stmt.bodies[0], frame);
}

Result<Interpreter::Flow> Interpreter::do_generation(const Stmt& stmt, const std::shared_ptr<Scope>& scope) {
  MALMOI_ASSIGN(std::string body, capture(stmt.bodies[0], inner(scope, stmt.hidden[0])));
  const size_t begin = output_->text.size();
  if (output_ == root_) spans_.emplace_back(begin, begin + body.size());
  MALMOI_TRY(write(body));
  return Flow::kGoOn;
}

Result<Interpreter::Flow> Interpreter::do_scope(const Stmt& stmt, const std::shared_ptr<Scope>& scope) {
  if (!stmt.value) return block(stmt.bodies[0], inner(stmt.recursive ? scope : top_, stmt.hidden[0]));
  MALMOI_ASSIGN(Value escapes, evaluate(*stmt.value, scope));
  const bool before = std::exchange(autoescape_, escapes.truthy());
  auto flow = block(stmt.bodies[0], inner(scope, stmt.hidden[0]));
  autoescape_ = before;
  return flow;
}

}  // namespace malmoi::chat::jinja
