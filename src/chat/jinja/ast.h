// What a template is once it is read: statements and expressions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "chat/jinja/operators.h"
#include "chat/jinja/value.h"

namespace malmoi::chat::jinja {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

enum class ExprKind : uint8_t {
  kConstant,         // value
  kName,             // name
  kTuple,            // items
  kList,             // items
  kDict,             // items: key, value, key, value ...
  kAttribute,        // items[0].name
  kSubscript,        // items[0][items[1]]
  kSlice,            // items: first, last, step (null: left out); only within a subscript
  kCall,             // items[0](call)
  kFilter,           // items[0] | name(call); items[0] is null in {% filter %} and {% set | %}
  kTest,             // items[0] is name(call)
  kNot,              // items[0]
  kNegate,           // items[0]
  kPlus,             // items[0]
  kAnd,              // items: left, right
  kOr,               // items: left, right
  kBinary,           // items: left, right by `binary`
  kCompare,          // items[0] comparisons[0] items[1] comparisons[1] items[2] ...
  kConcat,           // items
  kCondition,        // items: test, then, else (may be null)
  kNamespaceTarget,  // name.attribute, where it is set
};

/// Arguments as they are written.
struct CallExprs {
  std::vector<ExprPtr> positional;
  std::vector<std::pair<std::string, ExprPtr>> named;
  ExprPtr star, star_star;
};

struct Expr {
  ExprKind kind = ExprKind::kConstant;
  uint32_t offset = 0;  // byte of the source
  int depth = 1;        // of the tree below
  Value value = {};
  std::string name = {}, attribute = {};
  std::vector<ExprPtr> items = {};
  CallExprs call = {};
  BinaryOp binary = BinaryOp::kAdd;
  std::vector<CompareOp> comparisons = {};
};

struct Stmt;
using StmtPtr = std::unique_ptr<Stmt>;
using Block = std::vector<StmtPtr>;

enum class StmtKind : uint8_t {
  kText,         // text
  kPrint,        // expressions, one after the other
  kIf,           // expressions and bodies side by side; one body more: else
  kFor,          // target in iterable if condition recursive
  kSet,          // target = value
  kSetBlock,     // target, filter (may be null), body
  kMacro,        // name, parameters, body
  kCallBlock,    // value (a call), parameters, body
  kFilterBlock,  // filter, body
  kWith,         // targets and expressions side by side, body
  kGeneration,   // body
  kScope,        // {% block %} (recursive: it sees the frames around it) and {% autoescape value %}: body
  kBreak,
  kContinue,
  kRefused,  // text: what the sandbox does not do
};

struct Parameter {
  std::string name;
  ExprPtr fallback;  // may be null
};

/// What a macro or a call block is made of.
struct MacroParts {
  std::string name;
  std::vector<Parameter> parameters;
  bool uses_caller = false, uses_kwargs = false, uses_varargs = false;
};

struct Stmt {
  StmtKind kind = StmtKind::kText;
  uint32_t offset = 0;
  std::string text = {};
  ExprPtr target = {}, value = {}, filter = {}, condition = {};
  std::vector<ExprPtr> targets = {}, expressions = {};
  std::vector<Block> bodies = {};
  MacroParts macro = {};
  bool recursive = false;
  /// Names that a frame sets before it reads them, and no frame around it knows: there they are undefined until they are
  /// set, whatever the variables of the request. `hidden[0]` of a loop is its body's, `hidden[1]` its else's.
  std::vector<std::vector<std::string>> hidden = {};
};

struct Tree {
  Block body;
  std::vector<std::string> hidden;
};

}  // namespace malmoi::chat::jinja
