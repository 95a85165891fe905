// Walks the tree of a template and writes its text.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "chat/jinja/ast.h"
#include "chat/jinja/run.h"

namespace malmoi::chat::jinja {

/// Names and their values in one frame; frames within it see them.
struct Scope {
  std::shared_ptr<Scope> parent;
  std::vector<std::pair<std::string_view, std::optional<Value>>> names = {};  // no value: hidden (Stmt::hidden)

  void set(std::string_view name, Value value);
};

/// Text that is being written, paid for as it grows.
struct Output {
  std::string text;
  Charge charge;
};

class Interpreter;

/// `{% macro %}`, and what a call block gives to the macro it calls.
class Macro : public Object {
 public:
  Macro(const MacroParts& parts, const Block& body, const std::vector<std::string>& hidden,
        std::shared_ptr<Scope> scope, Charge charge)
      : parts_(&parts), body_(&body), hidden_(&hidden), scope_(std::move(scope)), charge_(std::move(charge)) {}
  const char* type_name() const override { return "Macro"; }
  bool callable() const override { return true; }
  Status print(std::string& out, int depth) const override;
  Result<std::optional<Value>> attribute(Run& run, std::string_view name) override;
  Result<Value> call(Run& run, const Args& args) override;
  void release() override { scope_.reset(); }

 private:
  Result<std::shared_ptr<Scope>> frame(Interpreter& interpreter, const Args& args) const;

  const MacroParts* parts_;
  const Block* body_;
  const std::vector<std::string>* hidden_;
  std::shared_ptr<Scope> scope_;
  Charge charge_;
};

/// `loop` within a {% for %}. Its items are looked at as late as Jinja does, for a condition may depend on what the body did.
class Loop : public Object, public std::enable_shared_from_this<Loop> {
 public:
  /// `scope`: the frame that the loop stands in.
  Loop(Interpreter& interpreter, const Stmt& stmt, Items items, std::shared_ptr<Scope> scope, int depth0)
      : interpreter_(&interpreter), stmt_(&stmt), items_(std::move(items)), scope_(std::move(scope)), depth0_(depth0) {}
  const char* type_name() const override { return "LoopContext"; }
  bool callable() const override { return true; }
  Status print(std::string& out, int depth) const override;
  Result<std::optional<Value>> attribute(Run& run, std::string_view name) override;
  /// {{ loop(items) }} of a recursive loop.
  Result<Value> call(Run& run, const Args& args) override;

  /// Goes to the next item; false at the end.
  Result<bool> advance();
  const Value& item() const { return *current_; }
  bool ran() const { return index0_ >= 0; }
  Result<Value> cycle(const Args& args) const;
  bool changed(const Args& args);
  void release() override;

 private:
  Result<bool> read();
  Result<bool> peek();
  Result<int64_t> length();

  Interpreter* interpreter_;
  const Stmt* stmt_;
  Items items_;
  std::shared_ptr<Scope> scope_;
  int depth0_;
  size_t read_ = 0;  // of items_
  int64_t index0_ = -1;
  std::optional<Value> before_, current_;
  std::optional<Values> changed_;
  std::deque<Value> waiting_;  // that passed the condition and were read ahead
};

class Interpreter : public Run {
 public:
  /// Source and tree outlive the interpreter.
  Interpreter(std::string_view source, const Tree& tree, Moment now, const Limits& limits);
  ~Interpreter() override;

  struct Rendering {
    std::string text;
    std::vector<std::pair<size_t, size_t>> spans;  // bytes that {% generation %} blocks made
  };
  /// Once. `variables`: a dict of what the request defines, made by this interpreter.
  Result<Rendering> run(Value variables);

  Result<Value> call(const Value& callee, Args args) override;
  Moment now() const override { return now_; }
  void keep(std::shared_ptr<Object> object) override { kept_.push_back(std::move(object)); }

  Result<Value> evaluate(const Expr& expr, const std::shared_ptr<Scope>& scope);
  /// The text that a block writes in a frame of its own.
  Result<std::string> capture(const Block& block, const std::shared_ptr<Scope>& scope);
  std::shared_ptr<Scope> inner(std::shared_ptr<Scope> parent, const std::vector<std::string>& hidden);
  Status assign(const Expr& target, const Value& value, const std::shared_ptr<Scope>& scope);
  /// The text of a recursive loop over items.
  Result<Value> recurse(const Stmt& stmt, const Value& items, const std::shared_ptr<Scope>& scope, int depth0);
  /// One more of the macros and recursive loops that are within each other (calls.h), for as long as it lives.
  class Level;
  Level level();
  bool autoescapes() const { return autoescape_; }

 private:
  enum class Flow { kGoOn, kBreak, kContinue };

  Error placed(Error error, uint32_t offset) const;
  Value name(std::string_view name, const std::shared_ptr<Scope>& scope) const;
  Result<Args> arguments(const CallExprs& call, const std::shared_ptr<Scope>& scope);
  Result<Value> of_kind(const Expr& expr, const std::shared_ptr<Scope>& scope);
  Result<Value> dict_of(const Expr& expr, const std::shared_ptr<Scope>& scope);
  Result<Value> item_of(const Expr& expr, const std::shared_ptr<Scope>& scope);
  Result<Value> call_of(const Expr& expr, const std::shared_ptr<Scope>& scope);
  Result<Value> filter_of(const Expr& expr, const std::shared_ptr<Scope>& scope);
  Result<Value> test_of(const Expr& expr, const std::shared_ptr<Scope>& scope);
  Result<Value> comparison_of(const Expr& expr, const std::shared_ptr<Scope>& scope);
  Result<Value> concatenation_of(const Expr& expr, const std::shared_ptr<Scope>& scope);
  Result<Value> sequence_of(const Expr& expr, const std::shared_ptr<Scope>& scope);

  Result<Flow> block(const Block& block, const std::shared_ptr<Scope>& scope);
  Result<Flow> statement(const Stmt& stmt, const std::shared_ptr<Scope>& scope);
  Status write(std::string_view text);
  Result<Flow> do_print(const Stmt& stmt, const std::shared_ptr<Scope>& scope);
  Result<Flow> do_if(const Stmt& stmt, const std::shared_ptr<Scope>& scope);
  Result<Flow> do_for(const Stmt& stmt, const std::shared_ptr<Scope>& scope);
  Result<Flow> loop(const Stmt& stmt, Items items, const std::shared_ptr<Scope>& scope, int depth0);
  Result<Flow> do_set(const Stmt& stmt, const std::shared_ptr<Scope>& scope);
  Result<Flow> do_set_block(const Stmt& stmt, const std::shared_ptr<Scope>& scope);
  Result<Flow> do_macro(const Stmt& stmt, const std::shared_ptr<Scope>& scope);
  Result<Flow> do_call_block(const Stmt& stmt, const std::shared_ptr<Scope>& scope);
  Result<Flow> do_filter_block(const Stmt& stmt, const std::shared_ptr<Scope>& scope);
  Result<Flow> do_with(const Stmt& stmt, const std::shared_ptr<Scope>& scope);
  Result<Flow> do_generation(const Stmt& stmt, const std::shared_ptr<Scope>& scope);
  Result<Flow> do_scope(const Stmt& stmt, const std::shared_ptr<Scope>& scope);
  /// The text of a block that may leave the loop around it.
  Result<Flow> captured(const Block& block, const std::shared_ptr<Scope>& scope, std::string& text);
  Result<Value> filtered(const Expr& filter, const Value& value, const std::shared_ptr<Scope>& scope);

  std::string_view source_;
  const Tree* tree_;
  Value variables_;
  Moment now_;
  std::shared_ptr<Scope> top_;
  std::vector<std::shared_ptr<Object>> kept_;
  std::vector<std::pair<size_t, size_t>> spans_;
  Output* output_ = nullptr;
  Output* root_ = nullptr;
  int level_ = 0;
  bool autoescape_ = false;
};

}  // namespace malmoi::chat::jinja
