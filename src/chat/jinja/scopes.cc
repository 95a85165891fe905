#include "chat/jinja/scopes.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "chat/jinja/filters/filters.h"
#include "chat/jinja/lexer.h"
#include "chat/jinja/tests.h"

namespace malmoi::chat::jinja {
namespace {

// The names of one frame: which it knows, which it sets, and which it knows only because it sets them. A branch of an if
// holds what it adds to the frame around it.
struct Symbols {
  const Symbols* outer = nullptr;   // the frame around this one
  const Symbols* before = nullptr;  // of a branch: its frame as it came to it
  std::set<std::string> known = {}, stored = {}, undefined = {};

  Symbols branch() const { return {outer, this}; }
  bool frame_knows(const std::string& name) const {
    return known.contains(name) || (before && before->frame_knows(name));
  }
  bool frame_stores(const std::string& name) const {
    return stored.contains(name) || (before && before->frame_stores(name));
  }
  bool knows(const std::string& name) const { return frame_knows(name) || (outer && outer->knows(name)); }
  void load(const std::string& name) {
    if (!knows(name)) known.insert(name);
  }
  void store(const std::string& name) {
    stored.insert(name);
    if (frame_knows(name)) return;
    if (!knows(name)) undefined.insert(name);
    known.insert(name);
  }
  void declare(const std::string& name) {
    stored.insert(name);
    known.insert(name);
  }
  // What only some branches set may come from around them.
  void join(const std::vector<Symbols>& branches) {
    std::set<std::string> some;
    for (const Symbols& branch : branches) {
      for (const std::string& name : branch.stored) {
        if (!frame_stores(name)) some.insert(name);
      }
    }
    for (const Symbols& branch : branches) {
      known.insert(branch.known.begin(), branch.known.end());
      stored.insert(branch.stored.begin(), branch.stored.end());
      undefined.insert(branch.undefined.begin(), branch.undefined.end());
    }
    for (const std::string& name : some) undefined.erase(name);
  }
  std::vector<std::string> hidden() const { return {undefined.begin(), undefined.end()}; }
};

template <typename Visit>
void each_part(const Expr& expr, const Visit& visit) {
  auto look = [&](const ExprPtr& part) {
    if (part) visit(*part);
  };
  for (const ExprPtr& part : expr.items) look(part);
  for (const ExprPtr& part : expr.call.positional) look(part);
  for (const auto& [name, part] : expr.call.named) look(part);
  look(expr.call.star);
  look(expr.call.star_star);
}

void read_names(Symbols& symbols, const Expr& expr) {
  if (expr.kind == ExprKind::kName || expr.kind == ExprKind::kNamespaceTarget) symbols.load(expr.name);
  each_part(expr, [&](const Expr& part) { read_names(symbols, part); });
}

void set_names(Symbols& symbols, const Expr& target, bool parameters) {
  if (target.kind == ExprKind::kNamespaceTarget) symbols.load(target.name);
  if (target.kind == ExprKind::kName) parameters ? symbols.declare(target.name) : symbols.store(target.name);
  each_part(target, [&](const Expr& part) { set_names(symbols, part, parameters); });
}

// The names that a statement reads and sets in the frame it stands in; not those of frames within it.
void visit(Symbols& symbols, const Stmt& stmt) {
  switch (stmt.kind) {
    case StmtKind::kIf: {
      // `a`, then `elif b` ... as if each elif were an if of its own within one branch.
      read_names(symbols, *stmt.expressions[0]);
      std::vector<Symbols> branches(3, symbols.branch());
      for (const StmtPtr& inner : stmt.bodies[0]) visit(branches[0], *inner);
      for (size_t i = 1; i < stmt.expressions.size(); ++i) {
        read_names(branches[1], *stmt.expressions[i]);
        std::vector<Symbols> nested(1, branches[1].branch());
        for (const StmtPtr& inner : stmt.bodies[i]) visit(nested[0], *inner);
        branches[1].join(nested);
      }
      if (stmt.bodies.size() > stmt.expressions.size()) {
        for (const StmtPtr& inner : stmt.bodies.back()) visit(branches[2], *inner);
      }
      symbols.join(branches);
      return;
    }
    case StmtKind::kSet:
      read_names(symbols, *stmt.value);
      set_names(symbols, *stmt.target, false);
      return;
    case StmtKind::kSetBlock: set_names(symbols, *stmt.target, false); return;
    case StmtKind::kMacro: symbols.store(stmt.macro.name); return;
    case StmtKind::kFor:
    case StmtKind::kCallBlock: read_names(symbols, *stmt.value); return;
    case StmtKind::kFilterBlock: read_names(symbols, *stmt.filter); return;
    case StmtKind::kPrint:
    case StmtKind::kWith:
      for (const ExprPtr& expr : stmt.expressions) read_names(symbols, *expr);
      return;
    default: return;
  }
}

// Whether a body reads `name` before it sets it.
class Reads {
 public:
  explicit Reads(std::string name) : name_(std::move(name)) {}
  bool in(const Block& block) {
    for (const StmtPtr& stmt : block) look(*stmt);
    return found_;
  }

 private:
  void look(const Expr& expr) {
    if (expr.kind == ExprKind::kName && expr.name == name_ && !set_) found_ = true;
    each_part(expr, [&](const Expr& part) { look(part); });
  }
  void look_target(const Expr& target) {
    if (target.kind == ExprKind::kName && target.name == name_) set_ = true;
    each_part(target, [&](const Expr& part) { look_target(part); });
  }
  void look(const Stmt& stmt) {
    if (stmt.kind == StmtKind::kScope && !stmt.value) return;  // {% block %}
    if (stmt.kind == StmtKind::kFor) look_target(*stmt.target);
    if (stmt.value) look(*stmt.value);
    if (stmt.condition) look(*stmt.condition);
    if (stmt.filter) look(*stmt.filter);
    for (const ExprPtr& expr : stmt.expressions) look(*expr);
    for (const ExprPtr& target : stmt.targets) look_target(*target);
    for (const Parameter& parameter : stmt.macro.parameters) {
      if (parameter.name == name_) set_ = true;
      if (parameter.fallback) look(*parameter.fallback);
    }
    for (const Block& body : stmt.bodies) in(body);
    if (stmt.target && stmt.kind != StmtKind::kFor) look_target(*stmt.target);
  }

  std::string name_;
  bool found_ = false, set_ = false;
};

class Resolver {
 public:
  explicit Resolver(std::string_view source) : source_(source) {}

  Status run(Tree& tree) {
    Symbols symbols;
    for (const StmtPtr& stmt : tree.body) visit(symbols, *stmt);
    tree.hidden = symbols.hidden();
    return check(tree.body, symbols, {});
  }

 private:
  struct Around {
    bool in_loop = false;
    bool soft = false;  // within an if: a filter that is not come to need not be there
  };

  Error error(std::string what, uint32_t offset, std::string remedy) const {
    return error_at(source_, offset, std::move(what), std::move(remedy));
  }

  Status check(const Expr& expr, bool soft) {
    soft = soft || expr.kind == ExprKind::kCondition;
    if (expr.kind == ExprKind::kFilter && !soft && !find_filter(expr.name))
      return error("there is no filter '" + expr.name + "'", expr.offset, "correct its name");
    if (expr.kind == ExprKind::kTest && !soft && !find_test(expr.name))
      return error("there is no test '" + expr.name + "'", expr.offset, "correct its name");
    Status status;
    each_part(expr, [&](const Expr& part) {
      if (status.ok()) status = check(part, soft);
    });
    return status;
  }

  // A frame of its own: what it knows, then what stands in it.
  Status frame(Block& body, Symbols symbols, std::vector<std::vector<std::string>>& hidden, Around around) {
    for (const StmtPtr& stmt : body) visit(symbols, *stmt);
    hidden.push_back(symbols.hidden());
    return check(body, symbols, around);
  }

  Status macro(Stmt& stmt, const Symbols& symbols) {
    MacroParts& parts = stmt.macro;
    Symbols inner{&symbols};
    bool has_kwargs = false, has_varargs = false;
    for (const Parameter& parameter : parts.parameters) {
      inner.declare(parameter.name);
      has_kwargs = has_kwargs || parameter.name == "kwargs";
      has_varargs = has_varargs || parameter.name == "varargs";
    }
    Block& body = stmt.bodies[0];
    parts.uses_caller = Reads("caller").in(body);
    parts.uses_kwargs = Reads("kwargs").in(body) && !has_kwargs;
    parts.uses_varargs = Reads("varargs").in(body) && !has_varargs;
    for (const Parameter& parameter : parts.parameters) {
      if (parameter.name == "caller" && parts.uses_caller && !parameter.fallback)
        return error("the argument 'caller' has no value", stmt.offset, "leave it out, or give it one");
      if (parameter.fallback) read_names(inner, *parameter.fallback);
      if (parameter.fallback) MALMOI_TRY(check(*parameter.fallback, false));
    }
    for (const char* name : {"caller", "kwargs", "varargs"}) {
      const std::string word = name;
      if (word == "caller" ? parts.uses_caller : word == "kwargs" ? parts.uses_kwargs : parts.uses_varargs)
        inner.declare(word);
    }
    return frame(body, std::move(inner), stmt.hidden, {});
  }

  Status loop(Stmt& stmt, const Symbols& symbols, Around around) {
    Symbols body{&symbols};
    body.declare("loop");
    set_names(body, *stmt.target, true);
    if (stmt.condition) MALMOI_TRY(check(*stmt.condition, false));
    MALMOI_TRY(frame(stmt.bodies[0], std::move(body), stmt.hidden, {.in_loop = true}));
    if (stmt.bodies.size() < 2) return {};
    return frame(stmt.bodies[1], Symbols{&symbols}, stmt.hidden, {.in_loop = around.in_loop && !stmt.recursive});
  }

  Status check(Block& block, const Symbols& symbols, Around around) {
    for (StmtPtr& stmt : block) MALMOI_TRY(check(*stmt, symbols, around));
    return {};
  }

  Status check(Stmt& stmt, const Symbols& symbols, Around around) {
    const bool soft = around.soft || stmt.kind == StmtKind::kIf;
    if (stmt.value) MALMOI_TRY(check(*stmt.value, soft));
    if (stmt.filter) MALMOI_TRY(check(*stmt.filter, soft && stmt.kind != StmtKind::kSetBlock));
    for (const ExprPtr& expr : stmt.expressions) MALMOI_TRY(check(*expr, soft));
    switch (stmt.kind) {
      case StmtKind::kIf:
        for (Block& body : stmt.bodies) MALMOI_TRY(check(body, symbols, {around.in_loop, true}));
        return {};
      case StmtKind::kFor: return loop(stmt, symbols, around);
      case StmtKind::kMacro:
      case StmtKind::kCallBlock: return macro(stmt, symbols);
      case StmtKind::kGeneration: return frame(stmt.bodies[0], Symbols{&symbols}, stmt.hidden, {});
      case StmtKind::kScope:
        return frame(stmt.bodies[0], Symbols{&symbols}, stmt.hidden, {.in_loop = stmt.value && around.in_loop});
      case StmtKind::kWith: {
        Symbols inner{&symbols};
        for (const ExprPtr& target : stmt.targets) set_names(inner, *target, true);
        return frame(stmt.bodies[0], std::move(inner), stmt.hidden, {.in_loop = around.in_loop});
      }
      case StmtKind::kSetBlock:
      case StmtKind::kFilterBlock:
        return frame(stmt.bodies[0], Symbols{&symbols}, stmt.hidden, {.in_loop = around.in_loop});
      case StmtKind::kBreak:
      case StmtKind::kContinue:
        if (around.in_loop) return {};
        return error("this stands outside of a loop", stmt.offset, "put it into a {% for %}");
      default: return {};
    }
  }

  std::string_view source_;
};

}  // namespace

Status resolve_scopes(std::string_view source, Tree& tree) { return Resolver(source).run(tree); }

}  // namespace malmoi::chat::jinja
