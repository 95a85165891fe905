#include "chat/jinja/interpreter.h"

#include "chat/jinja/calls.h"
#include "chat/jinja/escape.h"
#include "chat/jinja/lexer.h"
#include "chat/jinja/namespace.h"

namespace malmoi::chat::jinja {

void Scope::set(std::string_view name, Value value) {
  for (auto& [held, place] : names) {
    if (held != name) continue;
    place = std::move(value);
    return;
  }
  names.emplace_back(name, std::move(value));
}

Interpreter::Interpreter(std::string_view source, const Tree& tree, Moment now, const Limits& limits)
    : Run(limits), source_(source), tree_(&tree), now_(now) {}

// What may hold itself is emptied before it is let go, one after the other: no chain of values is freed from within itself.
Interpreter::~Interpreter() {
  top_.reset();
  for (const std::shared_ptr<Object>& object : kept_) object->release();
}

Result<Interpreter::Rendering> Interpreter::run(Value variables) {
  variables_ = std::move(variables);
  Output output{.charge = Charge(budget_, 0)};
  output_ = root_ = &output;
  top_ = inner(nullptr, tree_->hidden);
  MALMOI_ASSIGN(Flow flow, block(tree_->body, top_));
  static_cast<void>(flow);  // no loop is open at the end
  return Rendering{std::move(output.text), std::move(spans_)};
}

Result<Value> Interpreter::call(const Value& callee, Args args) {
  if (callee.is_undefined()) return type_error(callee.message());
  if (!callee.object() || !callee.object()->callable())
    return type_error(std::string("'") + callee.type_name() + "' cannot be called");
  return callee.object()->call(*this, args);
}

Interpreter::Level Interpreter::level() { return Level(level_, budget_); }

Error Interpreter::placed(Error error, uint32_t offset) const {
  if (error.where.empty()) error.where = place_text(source_, offset);
  return error;
}

std::shared_ptr<Scope> Interpreter::inner(std::shared_ptr<Scope> parent, const std::vector<std::string>& hidden) {
  auto scope = std::make_shared<Scope>(Scope{std::move(parent)});
  for (const std::string& name : hidden) scope->names.emplace_back(name, std::nullopt);
  return scope;
}

Status Interpreter::write(std::string_view text) {
  step(text.size() / 64);
  output_->charge.add(text.size());
  MALMOI_TRY(budget_.check());
  output_->text += text;
  return {};
}

Result<Interpreter::Flow> Interpreter::block(const Block& block, const std::shared_ptr<Scope>& scope) {
  for (const StmtPtr& stmt : block) {
    step();
    if (Status status = budget_.check(); !status.ok()) return placed(std::move(status).error(), stmt->offset);
    auto flow = statement(*stmt, scope);
    if (!flow.ok()) return placed(std::move(flow).error(), stmt->offset);
    if (*flow != Flow::kGoOn) return *flow;
  }
  return Flow::kGoOn;
}

Result<Interpreter::Flow> Interpreter::captured(const Block& body, const std::shared_ptr<Scope>& scope,
                                                std::string& text) {
  Output output{.charge = Charge(budget_, 0)};
  Output* before = std::exchange(output_, &output);
  auto flow = block(body, scope);
  output_ = before;
  text = std::move(output.text);
  return flow;
}

Result<std::string> Interpreter::capture(const Block& body, const std::shared_ptr<Scope>& scope) {
  std::string text;
  MALMOI_ASSIGN(Flow flow, captured(body, scope, text));
  static_cast<void>(flow);  // a break within a macro is refused when the template is read
  return text;
}

Status Interpreter::assign(const Expr& target, const Value& value, const std::shared_ptr<Scope>& scope) {
  if (target.kind == ExprKind::kName) {
    scope->set(target.name, value);
    return {};
  }
  if (target.kind == ExprKind::kNamespaceTarget) {
    Value held = name(target.name, scope);
    auto* space = dynamic_cast<Namespace*>(held.object());
    if (!space) {
      if (held.is_undefined()) return placed(type_error(held.message()), target.offset);
      return placed(type_error("'" + target.name + "' is no namespace, and nothing else takes attributes"),
                    target.offset);
    }
    Status status = space->set(*this, target.attribute, value);
    return status.ok() ? status : placed(std::move(status).error(), target.offset);
  }
  auto items = items_of(value);
  if (!items.ok()) return placed(std::move(items).error(), target.offset);
  if ((*items)->size() != target.items.size())
    return placed(
        type_error(std::to_string((*items)->size()) + " values meet " + std::to_string(target.items.size()) + " names"),
        target.offset);
  for (size_t i = 0; i < target.items.size(); ++i) MALMOI_TRY(assign(*target.items[i], (**items)[i], scope));
  return {};
}

}  // namespace malmoi::chat::jinja
