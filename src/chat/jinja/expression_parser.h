// Expressions of templates, by precedence climbing: Jinja's grammar, which is Python's with filters and tests.
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "chat/jinja/ast.h"
#include "chat/jinja/token_stream.h"

namespace malmoi::chat::jinja {

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

  Result<ExprPtr> expression() { return condition(); }
  /// Expressions with commas between them are a tuple. `conditions`: `a if b else c` may stand there, which loops and ifs do
  /// not allow at the top. `end`: a name that ends it.
  Result<ExprPtr> tuple(bool conditions = true, std::string_view end = {}, bool in_brackets = false);
  /// What `set`, `for` and `with` assign to: a name, names in brackets, with `namespaces` also `name.attribute`.
  Result<ExprPtr> target(std::string_view end, bool namespaces);
  /// Filters after `|`; of {% filter %} the first stands without it (`inline_first`). Null where there is none.
  Result<ExprPtr> filters(ExprPtr inner, bool inline_first);

 private:
  class Level;
  using Operand = Result<ExprPtr> (ExpressionParser::*)();
  using Operators = std::initializer_list<std::pair<std::string_view, BinaryOp>>;
  Result<ExprPtr> condition();
  Result<ExprPtr> either();
  Result<ExprPtr> both();
  Result<ExprPtr> negation();
  Result<ExprPtr> comparison();
  /// Operands with any of these operators between them.
  Result<ExprPtr> left_to_right(Operand operand, Operators ops);
  Result<ExprPtr> sum();
  Result<ExprPtr> concatenation();
  Result<ExprPtr> product();
  Result<ExprPtr> power();
  Result<ExprPtr> filtered();
  Result<ExprPtr> unary(bool with_filters);
  Result<ExprPtr> primary(bool namespaces = false);
  Result<ExprPtr> named(bool namespaces);
  Result<ExprPtr> list();
  Result<ExprPtr> dict();
  Result<ExprPtr> postfix(ExprPtr inner);
  Result<ExprPtr> filters_and_tests(ExprPtr inner);
  Result<ExprPtr> dotted(ExprPtr inner);
  Result<ExprPtr> bracketed(ExprPtr inner);
  Result<ExprPtr> subscript_part();
  Result<ExprPtr> test(ExprPtr inner);
  Result<CallExprs> arguments();
  Result<ExprPtr> called(ExprPtr inner);
  Result<std::string> dotted_name();
  bool ends_tuple(std::string_view end) const;
  /// Errors: a tree too deep to be worked on.
  Result<ExprPtr> made(ExprPtr node) const;
  Status check_target(const Expr& target) const;

  TokenStream& tokens_;
  int level_ = 0;
};

/// A node at `offset` over `items`.
template <typename... Items>
ExprPtr node(ExprKind kind, uint32_t offset, Items... items) {
  auto made = std::make_unique<Expr>();
  made->kind = kind;
  made->offset = offset;
  (made->items.push_back(std::move(items)), ...);
  return made;
}

}  // namespace malmoi::chat::jinja
