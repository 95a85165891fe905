// What stands after an expression: attributes, subscripts, calls, filters and tests.
#include "chat/jinja/expression_parser.h"

namespace malmoi::chat::jinja {

Result<ExprPtr> ExpressionParser::postfix(ExprPtr inner) {
  while (true) {
    if (tokens_.at_operator(".")) {
      MALMOI_ASSIGN(inner, dotted(std::move(inner)));
    } else if (tokens_.at_operator("[")) {
      MALMOI_ASSIGN(inner, bracketed(std::move(inner)));
    } else if (tokens_.at_operator("(")) {
      MALMOI_ASSIGN(inner, called(std::move(inner)));
    } else {
      return inner;
    }
  }
}

Result<ExprPtr> ExpressionParser::filters_and_tests(ExprPtr inner) {
  while (true) {
    if (tokens_.at_operator("|")) {
      MALMOI_ASSIGN(inner, filters(std::move(inner), false));
    } else if (tokens_.at_name("is")) {
      MALMOI_ASSIGN(inner, test(std::move(inner)));
    } else if (tokens_.at_operator("(")) {
      MALMOI_ASSIGN(inner, called(std::move(inner)));
    } else {
      return inner;
    }
  }
}

Result<ExprPtr> ExpressionParser::dotted(ExprPtr inner) {
  const uint32_t offset = tokens_.now().offset;
  tokens_.next();
  if (tokens_.at(TokenKind::kNumber) && tokens_.now().number.is_integer()) {
    ExprPtr key = node(ExprKind::kConstant, tokens_.now().offset);
    key->value = tokens_.now().number;
    tokens_.next();
    return made(node(ExprKind::kSubscript, offset, std::move(inner), std::move(key)));
  }
  ExprPtr whole = node(ExprKind::kAttribute, offset, std::move(inner));
  MALMOI_ASSIGN(whole->name, tokens_.expect_any_name());
  return made(std::move(whole));
}

Result<ExprPtr> ExpressionParser::bracketed(ExprPtr inner) {
  const uint32_t offset = tokens_.now().offset;
  tokens_.next();
  ExprPtr keys = node(ExprKind::kTuple, offset);
  while (!tokens_.at_operator("]")) {
    if (!keys->items.empty()) MALMOI_TRY(tokens_.expect_operator(","));
    MALMOI_ASSIGN(ExprPtr part, subscript_part());
    keys->items.push_back(std::move(part));
  }
  tokens_.next();
  if (keys->items.size() == 1) {
    keys = std::move(keys->items[0]);
  } else {
    for (const ExprPtr& item : keys->items) {
      if (item->kind == ExprKind::kSlice)
        return tokens_.error("a slice stands beside other subscripts", item->offset, "give it brackets of its own");
    }
    MALMOI_ASSIGN(keys, made(std::move(keys)));
  }
  return made(node(ExprKind::kSubscript, offset, std::move(inner), std::move(keys)));
}

Result<ExprPtr> ExpressionParser::subscript_part() {
  const uint32_t offset = tokens_.now().offset;
  auto ends = [&] { return tokens_.at_operator("]") || tokens_.at_operator(",") || tokens_.at_operator(":"); };
  ExprPtr first, last, step;
  if (!tokens_.at_operator(":")) {
    MALMOI_ASSIGN(first, expression());
    if (!tokens_.at_operator(":")) return first;
  }
  tokens_.next();
  if (!ends()) {
    MALMOI_ASSIGN(last, expression());
  }
  if (tokens_.skip_operator(":") && !ends()) {
    MALMOI_ASSIGN(step, expression());
  }
  return made(node(ExprKind::kSlice, offset, std::move(first), std::move(last), std::move(step)));
}

Result<CallExprs> ExpressionParser::arguments() {
  const uint32_t offset = tokens_.now().offset;
  MALMOI_TRY(tokens_.expect_operator("("));
  CallExprs call;
  auto order = [&](bool allowed) -> Status {
    if (allowed) return {};
    return tokens_.error("arguments stand in no order that a call takes", offset,
                         "put those by position first, then those by name");
  };
  for (bool first = true; !tokens_.at_operator(")"); first = false) {
    if (!first) {
      MALMOI_TRY(tokens_.expect_operator(","));
      if (tokens_.at_operator(")")) break;
    }
    if (tokens_.skip_operator("*")) {
      MALMOI_TRY(order(!call.star && !call.star_star));
      MALMOI_ASSIGN(call.star, expression());
    } else if (tokens_.skip_operator("**")) {
      MALMOI_TRY(order(!call.star_star));
      MALMOI_ASSIGN(call.star_star, expression());
    } else if (tokens_.at(TokenKind::kName) && tokens_.ahead().kind == TokenKind::kOperator &&
               tokens_.ahead().text == "=") {
      MALMOI_TRY(order(!call.star_star));
      std::string name = tokens_.now().text;
      tokens_.next();
      tokens_.next();
      MALMOI_ASSIGN(ExprPtr value, expression());
      call.named.emplace_back(std::move(name), std::move(value));
    } else {
      MALMOI_TRY(order(!call.star && !call.star_star && call.named.empty()));
      MALMOI_ASSIGN(ExprPtr value, expression());
      call.positional.push_back(std::move(value));
    }
  }
  tokens_.next();
  return call;
}

Result<ExprPtr> ExpressionParser::called(ExprPtr inner) {
  ExprPtr whole = node(ExprKind::kCall, tokens_.now().offset, std::move(inner));
  MALMOI_ASSIGN(whole->call, arguments());
  return made(std::move(whole));
}

Result<std::string> ExpressionParser::dotted_name() {
  MALMOI_ASSIGN(std::string name, tokens_.expect_any_name());
  while (tokens_.skip_operator(".")) {
    MALMOI_ASSIGN(std::string part, tokens_.expect_any_name());
    name += "." + part;
  }
  return name;
}

Result<ExprPtr> ExpressionParser::filters(ExprPtr inner, bool inline_first) {
  while (inline_first || tokens_.at_operator("|")) {
    if (!inline_first) tokens_.next();
    inline_first = false;
    ExprPtr whole = node(ExprKind::kFilter, tokens_.now().offset, std::move(inner));
    MALMOI_ASSIGN(whole->name, dotted_name());
    if (tokens_.at_operator("(")) {
      MALMOI_ASSIGN(whole->call, arguments());
    }
    MALMOI_ASSIGN(inner, made(std::move(whole)));
  }
  return inner;
}

Result<ExprPtr> ExpressionParser::test(ExprPtr inner) {
  const uint32_t offset = tokens_.now().offset;
  tokens_.next();
  const bool negated = tokens_.skip_name("not");
  ExprPtr whole = node(ExprKind::kTest, offset, std::move(inner));
  MALMOI_ASSIGN(whole->name, dotted_name());
  const bool value_follows = tokens_.at(TokenKind::kText) || tokens_.at(TokenKind::kNumber) ||
                             tokens_.at_operator("[") || tokens_.at_operator("{") || tokens_.at(TokenKind::kName);
  if (tokens_.at_operator("(")) {
    MALMOI_ASSIGN(whole->call, arguments());
  } else if (value_follows && !tokens_.at_name("else") && !tokens_.at_name("or") && !tokens_.at_name("and")) {
    if (tokens_.at_name("is"))
      return tokens_.error("tests stand after each other", tokens_.now().offset, "join them with 'and'");
    MALMOI_ASSIGN(ExprPtr argument, primary());
    MALMOI_ASSIGN(argument, postfix(std::move(argument)));
    whole->call.positional.push_back(std::move(argument));
  }
  MALMOI_ASSIGN(whole, made(std::move(whole)));
  if (negated) return made(node(ExprKind::kNot, offset, std::move(whole)));
  return whole;
}

}  // namespace malmoi::chat::jinja
