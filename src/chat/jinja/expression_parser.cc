#include "chat/jinja/expression_parser.h"

#include <algorithm>
#include <optional>

namespace malmoi::chat::jinja {
namespace {

constexpr int kMaxLevel = 240;  // three for a bracket: Python's own parser of templates gives up at about 70 of those
constexpr int kMaxDepth = 400;  // of the tree: a long sum is as deep as it has terms

int depth_below(const Expr& expr) {
  int depth = 0;
  auto look = [&](const ExprPtr& item) {
    if (item) depth = std::max(depth, item->depth);
  };
  for (const ExprPtr& item : expr.items) look(item);
  for (const ExprPtr& item : expr.call.positional) look(item);
  for (const auto& [name, item] : expr.call.named) look(item);
  look(expr.call.star);
  look(expr.call.star_star);
  return depth;
}

std::optional<BinaryOp> binary_op(const Token& token,
                                  std::initializer_list<std::pair<std::string_view, BinaryOp>> ops) {
  if (token.kind != TokenKind::kOperator) return {};
  for (const auto& [text, op] : ops) {
    if (token.text == text) return op;
  }
  return {};
}

std::optional<CompareOp> comparison_op(const Token& token) {
  if (token.kind != TokenKind::kOperator) return {};
  constexpr std::pair<std::string_view, CompareOp> kOps[] = {
      {"==", CompareOp::kEqual},     {"!=", CompareOp::kNotEqual}, {"<", CompareOp::kLess},
      {"<=", CompareOp::kLessEqual}, {">", CompareOp::kGreater},   {">=", CompareOp::kGreaterEqual}};
  for (const auto& [text, op] : kOps) {
    if (token.text == text) return op;
  }
  return {};
}

}  // namespace

// How deep the parser is within itself.
class ExpressionParser::Level {
 public:
  explicit Level(ExpressionParser& parser) : parser_(parser) { ++parser_.level_; }
  ~Level() { --parser_.level_; }
  Status check() const {
    if (parser_.level_ <= kMaxLevel) return {};
    return parser_.tokens_.error("expressions stand too deep in each other", parser_.tokens_.now().offset,
                                 "simplify the template");
  }

 private:
  ExpressionParser& parser_;
};

Result<ExprPtr> ExpressionParser::made(ExprPtr node) const {
  node->depth = 1 + depth_below(*node);
  if (node->depth <= kMaxDepth) return node;
  return tokens_.error("an expression has more than " + std::to_string(kMaxDepth) + " parts after each other",
                       node->offset, "divide it with {% set %}");
}

Result<ExprPtr> ExpressionParser::condition() {
  Level level(*this);
  MALMOI_TRY(level.check());
  MALMOI_ASSIGN(ExprPtr left, either());
  while (tokens_.at_name("if")) {
    const uint32_t offset = tokens_.now().offset;
    tokens_.next();
    MALMOI_ASSIGN(ExprPtr test, either());
    ExprPtr otherwise;
    if (tokens_.skip_name("else")) {
      MALMOI_ASSIGN(otherwise, condition());
    }
    MALMOI_ASSIGN(left,
                  made(node(ExprKind::kCondition, offset, std::move(test), std::move(left), std::move(otherwise))));
  }
  return left;
}

Result<ExprPtr> ExpressionParser::either() {
  MALMOI_ASSIGN(ExprPtr left, both());
  while (tokens_.at_name("or")) {
    const uint32_t offset = tokens_.now().offset;
    tokens_.next();
    MALMOI_ASSIGN(ExprPtr right, both());
    MALMOI_ASSIGN(left, made(node(ExprKind::kOr, offset, std::move(left), std::move(right))));
  }
  return left;
}

Result<ExprPtr> ExpressionParser::both() {
  MALMOI_ASSIGN(ExprPtr left, negation());
  while (tokens_.at_name("and")) {
    const uint32_t offset = tokens_.now().offset;
    tokens_.next();
    MALMOI_ASSIGN(ExprPtr right, negation());
    MALMOI_ASSIGN(left, made(node(ExprKind::kAnd, offset, std::move(left), std::move(right))));
  }
  return left;
}

Result<ExprPtr> ExpressionParser::negation() {
  if (!tokens_.at_name("not")) return comparison();
  Level level(*this);
  MALMOI_TRY(level.check());
  const uint32_t offset = tokens_.now().offset;
  tokens_.next();
  MALMOI_ASSIGN(ExprPtr inner, negation());
  return made(node(ExprKind::kNot, offset, std::move(inner)));
}

Result<ExprPtr> ExpressionParser::comparison() {
  MALMOI_ASSIGN(ExprPtr first, sum());
  ExprPtr chain;
  while (true) {
    std::optional<CompareOp> op = comparison_op(tokens_.now());
    const uint32_t offset = tokens_.now().offset;
    if (op) {
      tokens_.next();
    } else if (tokens_.skip_name("in")) {
      op = CompareOp::kIn;
    } else if (tokens_.at_name("not") && tokens_.ahead().kind == TokenKind::kName && tokens_.ahead().text == "in") {
      tokens_.next();
      tokens_.next();
      op = CompareOp::kNotIn;
    } else {
      break;
    }
    MALMOI_ASSIGN(ExprPtr right, sum());
    if (!chain) chain = node(ExprKind::kCompare, offset, std::move(first));
    chain->comparisons.push_back(*op);
    chain->items.push_back(std::move(right));
  }
  return chain ? made(std::move(chain)) : Result<ExprPtr>(std::move(first));
}

Result<ExprPtr> ExpressionParser::left_to_right(Operand operand, Operators ops) {
  MALMOI_ASSIGN(ExprPtr left, (this->*operand)());
  while (auto op = binary_op(tokens_.now(), ops)) {
    const uint32_t offset = tokens_.now().offset;
    tokens_.next();
    MALMOI_ASSIGN(ExprPtr right, (this->*operand)());
    ExprPtr whole = node(ExprKind::kBinary, offset, std::move(left), std::move(right));
    whole->binary = *op;
    MALMOI_ASSIGN(left, made(std::move(whole)));
  }
  return left;
}

Result<ExprPtr> ExpressionParser::sum() {
  return left_to_right(&ExpressionParser::concatenation, {{"+", BinaryOp::kAdd}, {"-", BinaryOp::kSubtract}});
}

Result<ExprPtr> ExpressionParser::concatenation() {
  MALMOI_ASSIGN(ExprPtr first, product());
  if (!tokens_.at_operator("~")) return first;
  ExprPtr whole = node(ExprKind::kConcat, tokens_.now().offset, std::move(first));
  while (tokens_.skip_operator("~")) {
    MALMOI_ASSIGN(ExprPtr next, product());
    whole->items.push_back(std::move(next));
  }
  return made(std::move(whole));
}

Result<ExprPtr> ExpressionParser::product() {
  return left_to_right(
      &ExpressionParser::power,
      {{"*", BinaryOp::kMultiply}, {"/", BinaryOp::kDivide}, {"//", BinaryOp::kFloorDivide}, {"%", BinaryOp::kModulo}});
}

// As Jinja has it: 2 ** 3 ** 2 is 64.
Result<ExprPtr> ExpressionParser::power() {
  return left_to_right(&ExpressionParser::filtered, {{"**", BinaryOp::kPower}});
}

Result<ExprPtr> ExpressionParser::filtered() { return unary(true); }

Result<ExprPtr> ExpressionParser::unary(bool with_filters) {
  Level level(*this);
  MALMOI_TRY(level.check());
  const uint32_t offset = tokens_.now().offset;
  const bool minus = tokens_.at_operator("-");
  ExprPtr inner;
  if (minus || tokens_.at_operator("+")) {
    tokens_.next();
    MALMOI_ASSIGN(inner, unary(false));
    MALMOI_ASSIGN(inner, made(node(minus ? ExprKind::kNegate : ExprKind::kPlus, offset, std::move(inner))));
  } else {
    MALMOI_ASSIGN(inner, primary());
  }
  MALMOI_ASSIGN(inner, postfix(std::move(inner)));
  return with_filters ? filters_and_tests(std::move(inner)) : Result<ExprPtr>(std::move(inner));
}

Result<ExprPtr> ExpressionParser::primary(bool namespaces) {
  const Token& token = tokens_.now();
  const uint32_t offset = token.offset;
  if (token.kind == TokenKind::kName) return named(namespaces);
  if (token.kind == TokenKind::kNumber) {
    ExprPtr constant = node(ExprKind::kConstant, offset);
    constant->value = token.number;
    tokens_.next();
    return constant;
  }
  if (token.kind == TokenKind::kText) {
    std::string text;
    for (; tokens_.at(TokenKind::kText); tokens_.next()) text += tokens_.now().text;
    ExprPtr constant = node(ExprKind::kConstant, offset);
    constant->value = Value::constant(std::move(text));
    return constant;
  }
  if (tokens_.skip_operator("(")) {
    MALMOI_ASSIGN(ExprPtr inner, tuple(true, {}, true));
    MALMOI_TRY(tokens_.expect_operator(")"));
    return inner;
  }
  if (tokens_.at_operator("[")) return list();
  if (tokens_.at_operator("{")) return dict();
  return tokens_.wanted("an expression");
}

Result<ExprPtr> ExpressionParser::named(bool namespaces) {
  const Token token = tokens_.now();
  tokens_.next();
  ExprPtr constant = node(ExprKind::kConstant, token.offset);
  if (token.text == "true" || token.text == "True") return constant->value = true, std::move(constant);
  if (token.text == "false" || token.text == "False") return constant->value = false, std::move(constant);
  if (token.text == "none" || token.text == "None") return constant;
  ExprPtr name = node(ExprKind::kName, token.offset);
  name->name = token.text;
  if (!namespaces || !tokens_.skip_operator(".")) return name;
  name->kind = ExprKind::kNamespaceTarget;
  MALMOI_ASSIGN(name->attribute, tokens_.expect_any_name());
  return name;
}

bool ExpressionParser::ends_tuple(std::string_view end) const {
  return tokens_.at(TokenKind::kVariableEnd) || tokens_.at(TokenKind::kBlockEnd) || tokens_.at_operator(")") ||
         (!end.empty() && tokens_.at_name(end));
}

Result<ExprPtr> ExpressionParser::tuple(bool conditions, std::string_view end, bool in_brackets) {
  Level level(*this);
  MALMOI_TRY(level.check());
  ExprPtr whole = node(ExprKind::kTuple, tokens_.now().offset);
  bool is_tuple = false;
  while (true) {
    if (!whole->items.empty()) MALMOI_TRY(tokens_.expect_operator(","));
    if (ends_tuple(end)) break;
    MALMOI_ASSIGN(ExprPtr item, conditions ? condition() : either());
    whole->items.push_back(std::move(item));
    if (!tokens_.at_operator(",")) break;
    is_tuple = true;
  }
  if (is_tuple) return made(std::move(whole));
  if (!whole->items.empty()) return std::move(whole->items[0]);
  if (!in_brackets) return tokens_.wanted("an expression");
  return made(std::move(whole));
}

Result<ExprPtr> ExpressionParser::target(std::string_view end, bool namespaces) {
  ExprPtr whole = node(ExprKind::kTuple, tokens_.now().offset);
  bool is_tuple = false;
  while (true) {
    if (!whole->items.empty()) MALMOI_TRY(tokens_.expect_operator(","));
    if (ends_tuple(end)) break;
    MALMOI_ASSIGN(ExprPtr item, primary(namespaces));
    whole->items.push_back(std::move(item));
    if (!tokens_.at_operator(",")) break;
    is_tuple = true;
  }
  if (whole->items.empty()) return tokens_.wanted("a name to assign to");
  if (!is_tuple) whole = std::move(whole->items[0]);
  MALMOI_TRY(check_target(*whole));
  return made(std::move(whole));
}

Status ExpressionParser::check_target(const Expr& target) const {
  if (target.kind == ExprKind::kName || target.kind == ExprKind::kNamespaceTarget) return {};
  if (target.kind != ExprKind::kTuple)
    return tokens_.error("this cannot be assigned to", target.offset, "assign to a name");
  for (const ExprPtr& item : target.items) MALMOI_TRY(check_target(*item));
  return {};
}

Result<ExprPtr> ExpressionParser::list() {
  ExprPtr whole = node(ExprKind::kList, tokens_.now().offset);
  tokens_.next();
  while (!tokens_.at_operator("]")) {
    if (!whole->items.empty()) MALMOI_TRY(tokens_.expect_operator(","));
    if (tokens_.at_operator("]")) break;
    MALMOI_ASSIGN(ExprPtr item, condition());
    whole->items.push_back(std::move(item));
  }
  tokens_.next();
  return made(std::move(whole));
}

Result<ExprPtr> ExpressionParser::dict() {
  ExprPtr whole = node(ExprKind::kDict, tokens_.now().offset);
  tokens_.next();
  while (!tokens_.at_operator("}")) {
    if (!whole->items.empty()) MALMOI_TRY(tokens_.expect_operator(","));
    if (tokens_.at_operator("}")) break;
    MALMOI_ASSIGN(ExprPtr key, condition());
    MALMOI_TRY(tokens_.expect_operator(":"));
    MALMOI_ASSIGN(ExprPtr value, condition());
    whole->items.push_back(std::move(key));
    whole->items.push_back(std::move(value));
  }
  tokens_.next();
  return made(std::move(whole));
}

}  // namespace malmoi::chat::jinja
