// Tokens one after the other, as the two parsers of expressions and statements read them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "chat/jinja/lexer.h"

namespace malmoi::chat::jinja {

class TokenStream {
 public:
  TokenStream(std::string_view source, std::vector<Token> tokens) : source_(source), tokens_(std::move(tokens)) {}

  const Token& now() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  void next() {
    if (at_ + 1 < tokens_.size()) ++at_;
  }
  bool at(TokenKind kind) const { return now().kind == kind; }
  bool at_operator(std::string_view op) const { return at(TokenKind::kOperator) && now().text == op; }
  bool at_name(std::string_view name) const { return at(TokenKind::kName) && now().text == name; }
  bool skip_operator(std::string_view op) { return at_operator(op) && (next(), true); }
  bool skip_name(std::string_view name) { return at_name(name) && (next(), true); }

  Status expect(TokenKind kind) {
    if (!at(kind)) return wanted(kind_text(kind));
    next();
    return {};
  }
  Status expect_operator(std::string_view op) {
    return skip_operator(op) ? Status() : Status(wanted("'" + std::string(op) + "'"));
  }
  Status expect_name(std::string_view name) {
    return skip_name(name) ? Status() : Status(wanted("'" + std::string(name) + "'"));
  }
  Result<std::string> expect_any_name() {
    if (!at(TokenKind::kName)) return wanted("a name");
    std::string name = now().text;
    next();
    return name;
  }

  Error error(std::string what, size_t offset, std::string remedy) const {
    return error_at(source_, offset, std::move(what), std::move(remedy));
  }
  /// What stands here, and what should.
  Error wanted(const std::string& what) const {
    return error("found " + shown(now()) + " where " + what + " should be", now().offset, "correct the template");
  }

  static std::string shown(const Token& token) {
    switch (token.kind) {
      case TokenKind::kName:
      case TokenKind::kOperator:
      case TokenKind::kNumber: return "'" + token.text + "'";
      case TokenKind::kText: return "a text";
      default: return kind_text(token.kind);
    }
  }

 private:
  static std::string kind_text(TokenKind kind) {
    switch (kind) {
      case TokenKind::kData: return "text of the template";
      case TokenKind::kVariableBegin: return "'{{'";
      case TokenKind::kVariableEnd: return "'}}'";
      case TokenKind::kBlockBegin: return "'{%'";
      case TokenKind::kBlockEnd: return "'%}'";
      case TokenKind::kName: return "a name";
      case TokenKind::kText: return "a text";
      case TokenKind::kNumber: return "a number";
      case TokenKind::kOperator: return "an operator";
      case TokenKind::kEnd: break;
    }
    return "the end of the template";
  }

  std::string_view source_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

}  // namespace malmoi::chat::jinja
