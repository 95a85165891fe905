#include "chat/jinja/parser.h"

#include <algorithm>
#include <span>

#include "chat/jinja/expression_parser.h"
#include "chat/jinja/lexer.h"
#include "chat/jinja/scopes.h"

namespace malmoi::chat::jinja {
namespace {

constexpr int kMaxBlockLevel = 60;  // blocks within each other

class Parser {
 public:
  Parser(std::string_view source, std::vector<Token> tokens)
      : tokens_(source, std::move(tokens)), expressions_(tokens_) {}

  Result<Tree> run() {
    Tree tree;
    MALMOI_ASSIGN(tree.body, block({}, ""));
    return tree;
  }

 private:
  using Ends = std::initializer_list<std::string_view>;
  using Reader = Result<StmtPtr> (Parser::*)(StmtPtr);
  struct Tag {
    std::string_view name;
    Reader read;
  };
  static std::span<const Tag> tags();

  // Statements up to one of the tags `ends`, whose name is the token then; up to the end of the template where none is
  // given. `opened`: what they are to close.
  Result<Block> block(Ends ends, const std::string& opened) {
    Block body;
    while (!tokens_.at(TokenKind::kEnd)) {
      if (tokens_.at(TokenKind::kData)) {
        body.push_back(statement(StmtKind::kText));
        body.back()->text = tokens_.now().text;
        tokens_.next();
      } else if (tokens_.at(TokenKind::kVariableBegin)) {
        StmtPtr print = statement(StmtKind::kPrint);
        tokens_.next();
        MALMOI_ASSIGN(ExprPtr value, expressions_.tuple());
        print->offset = value->offset;
        print->expressions.push_back(std::move(value));
        MALMOI_TRY(tokens_.expect(TokenKind::kVariableEnd));
        body.push_back(std::move(print));
      } else {
        tokens_.next();
        if (std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return tokens_.at_name(end); }))
          return body;
        MALMOI_ASSIGN(StmtPtr next, tag());
        MALMOI_TRY(tokens_.expect(TokenKind::kBlockEnd));
        body.push_back(std::move(next));
      }
    }
    if (ends.size() == 0) return body;
    return tokens_.error("the template ends within {% " + opened + " %}", tokens_.now().offset,
                         "close it with {% " + std::string(*std::prev(ends.end())) + " %}");
  }

  // The body after a tag, with the tag that ends it.
  Result<Block> body(Ends ends, const std::string& opened) {
    tokens_.skip_operator(":");
    MALMOI_TRY(tokens_.expect(TokenKind::kBlockEnd));
    return block(ends, opened);
  }
  Result<StmtPtr> with_body(StmtPtr stmt, std::string_view end, const std::string& opened) {
    MALMOI_ASSIGN(Block inner, body({end}, opened));
    tokens_.next();
    stmt->bodies.push_back(std::move(inner));
    return stmt;
  }

  StmtPtr statement(StmtKind kind) const {
    auto made = std::make_unique<Stmt>();
    made->kind = kind;
    made->offset = tokens_.now().offset;
    return made;
  }

  Result<StmtPtr> tag() {
    if (!tokens_.at(TokenKind::kName)) return tokens_.wanted("the name of a tag");
    const std::string name = tokens_.now().text;
    for (const Tag& known : tags()) {
      if (known.name != name) continue;
      if (++level_ > kMaxBlockLevel)
        return tokens_.error("blocks stand more than " + std::to_string(kMaxBlockLevel) + " deep in each other",
                             tokens_.now().offset, "simplify the template");
      StmtPtr stmt = statement(StmtKind::kText);
      tokens_.next();
      auto read = (this->*known.read)(std::move(stmt));
      --level_;
      return read;
    }
    return tokens_.error("there is no tag '" + name + "' here", tokens_.now().offset,
                         name.starts_with("end") ? "open what it is to close" : "correct its name");
  }

  Result<StmtPtr> read_if(StmtPtr stmt) {
    stmt->kind = StmtKind::kIf;
    while (true) {
      MALMOI_ASSIGN(ExprPtr test, expressions_.tuple(false));
      stmt->expressions.push_back(std::move(test));
      MALMOI_ASSIGN(Block inner, body({"elif", "else", "endif"}, "if"));
      stmt->bodies.push_back(std::move(inner));
      if (tokens_.skip_name("elif")) continue;
      if (tokens_.skip_name("endif")) return stmt;
      tokens_.next();
      return with_body(std::move(stmt), "endif", "else");
    }
  }

  Result<StmtPtr> read_for(StmtPtr stmt) {
    stmt->kind = StmtKind::kFor;
    MALMOI_ASSIGN(stmt->target, expressions_.target("in", false));
    MALMOI_TRY(tokens_.expect_name("in"));
    MALMOI_ASSIGN(stmt->value, expressions_.tuple(false, "recursive"));
    if (tokens_.skip_name("if")) {
      MALMOI_ASSIGN(stmt->condition, expressions_.expression());
    }
    stmt->recursive = tokens_.skip_name("recursive");
    MALMOI_ASSIGN(Block inner, body({"else", "endfor"}, "for"));
    stmt->bodies.push_back(std::move(inner));
    if (tokens_.skip_name("endfor")) return stmt;
    tokens_.next();
    return with_body(std::move(stmt), "endfor", "else");
  }

  Result<StmtPtr> read_set(StmtPtr stmt) {
    stmt->kind = StmtKind::kSet;
    MALMOI_ASSIGN(stmt->target, expressions_.target({}, true));
    if (tokens_.skip_operator("=")) {
      MALMOI_ASSIGN(stmt->value, expressions_.tuple());
      return stmt;
    }
    stmt->kind = StmtKind::kSetBlock;
    MALMOI_ASSIGN(stmt->filter, expressions_.filters(nullptr, false));
    return with_body(std::move(stmt), "endset", "set");
  }

  Result<StmtPtr> read_with(StmtPtr stmt) {
    stmt->kind = StmtKind::kWith;
    while (!tokens_.at(TokenKind::kBlockEnd)) {
      if (!stmt->targets.empty()) MALMOI_TRY(tokens_.expect_operator(","));
      MALMOI_ASSIGN(ExprPtr target, expressions_.target({}, false));
      MALMOI_TRY(tokens_.expect_operator("="));
      MALMOI_ASSIGN(ExprPtr value, expressions_.expression());
      stmt->targets.push_back(std::move(target));
      stmt->expressions.push_back(std::move(value));
    }
    return with_body(std::move(stmt), "endwith", "with");
  }

  Status read_signature(MacroParts& macro) {
    MALMOI_TRY(tokens_.expect_operator("("));
    while (!tokens_.at_operator(")")) {
      if (!macro.parameters.empty()) MALMOI_TRY(tokens_.expect_operator(","));
      Parameter parameter;
      MALMOI_ASSIGN(parameter.name, tokens_.expect_any_name());
      if (tokens_.skip_operator("=")) {
        MALMOI_ASSIGN(parameter.fallback, expressions_.expression());
      } else if (!macro.parameters.empty() && macro.parameters.back().fallback) {
        return tokens_.error("an argument without a value follows one that has one", tokens_.now().offset,
                             "give it a value, or put it first");
      }
      macro.parameters.push_back(std::move(parameter));
    }
    tokens_.next();
    return {};
  }

  Result<StmtPtr> read_macro(StmtPtr stmt) {
    stmt->kind = StmtKind::kMacro;
    MALMOI_ASSIGN(stmt->macro.name, tokens_.expect_any_name());
    MALMOI_TRY(read_signature(stmt->macro));
    return with_body(std::move(stmt), "endmacro", "macro");
  }

  Result<StmtPtr> read_call(StmtPtr stmt) {
    stmt->kind = StmtKind::kCallBlock;
    if (tokens_.at_operator("(")) MALMOI_TRY(read_signature(stmt->macro));
    MALMOI_ASSIGN(stmt->value, expressions_.expression());
    if (stmt->value->kind != ExprKind::kCall)
      return tokens_.error("{% call %} wants a call", stmt->offset, "name a macro with brackets");
    return with_body(std::move(stmt), "endcall", "call");
  }

  Result<StmtPtr> read_filter(StmtPtr stmt) {
    stmt->kind = StmtKind::kFilterBlock;
    MALMOI_ASSIGN(stmt->filter, expressions_.filters(nullptr, true));
    return with_body(std::move(stmt), "endfilter", "filter");
  }

  Result<StmtPtr> read_generation(StmtPtr stmt) {
    stmt->kind = StmtKind::kGeneration;
    return with_body(std::move(stmt), "endgeneration", "generation");
  }

  Result<StmtPtr> read_autoescape(StmtPtr stmt) {
    stmt->kind = StmtKind::kScope;
    MALMOI_ASSIGN(stmt->value, expressions_.expression());
    return with_body(std::move(stmt), "endautoescape", "autoescape");
  }

  Result<StmtPtr> read_block(StmtPtr stmt) {
    stmt->kind = StmtKind::kScope;
    MALMOI_ASSIGN(std::string name, tokens_.expect_any_name());
    stmt->recursive = tokens_.skip_name("scoped");
    tokens_.skip_name("required");
    MALMOI_ASSIGN(stmt, with_body(std::move(stmt), "endblock", "block"));
    tokens_.skip_name(name);
    return stmt;
  }

  Result<StmtPtr> read_print(StmtPtr stmt) {
    stmt->kind = StmtKind::kPrint;
    while (!tokens_.at(TokenKind::kBlockEnd)) {
      if (!stmt->expressions.empty()) MALMOI_TRY(tokens_.expect_operator(","));
      MALMOI_ASSIGN(ExprPtr value, expressions_.expression());
      stmt->expressions.push_back(std::move(value));
    }
    return stmt;
  }

  Result<StmtPtr> read_break(StmtPtr stmt) { return stmt->kind = StmtKind::kBreak, std::move(stmt); }
  Result<StmtPtr> read_continue(StmtPtr stmt) { return stmt->kind = StmtKind::kContinue, std::move(stmt); }

  // Other templates: read to the end of the tag, an error where it is come to.
  Result<StmtPtr> read_refused(StmtPtr stmt) {
    stmt->kind = StmtKind::kRefused;
    stmt->text = "a chat template has no other templates to include, import or extend";
    while (!tokens_.at(TokenKind::kBlockEnd) && !tokens_.at(TokenKind::kEnd)) tokens_.next();
    return stmt;
  }

  TokenStream tokens_;
  ExpressionParser expressions_;
  int level_ = 0;
};

std::span<const Parser::Tag> Parser::tags() {
  static constexpr Tag kTags[] = {{"if", &Parser::read_if},
                                  {"for", &Parser::read_for},
                                  {"set", &Parser::read_set},
                                  {"with", &Parser::read_with},
                                  {"macro", &Parser::read_macro},
                                  {"call", &Parser::read_call},
                                  {"filter", &Parser::read_filter},
                                  {"generation", &Parser::read_generation},
                                  {"block", &Parser::read_block},
                                  {"autoescape", &Parser::read_autoescape},
                                  {"print", &Parser::read_print},
                                  {"break", &Parser::read_break},
                                  {"continue", &Parser::read_continue},
                                  {"include", &Parser::read_refused},
                                  {"import", &Parser::read_refused},
                                  {"from", &Parser::read_refused},
                                  {"extends", &Parser::read_refused}};
  return kTags;
}

}  // namespace

Result<Tree> parse(std::string_view source) {
  MALMOI_ASSIGN(std::vector<Token> tokens, tokenize(source));
  MALMOI_ASSIGN(Tree tree, Parser(source, std::move(tokens)).run());
  MALMOI_TRY(resolve_scopes(source, tree));
  return tree;
}

}  // namespace malmoi::chat::jinja
