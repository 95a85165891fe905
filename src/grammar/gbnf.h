// Grammars as llama.cpp writes them (GBNF).
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "grammar/grammar.h"

namespace malmoi::grammar {

/// Rules `name ::= alternatives` whose text is what `root` stands for. Literals "..." and classes [a-z], [^...] with the
/// escapes \n \r \t \\ \" \[ \] \xHH \uHHHH \UHHHHHHHH (characters, not bytes), `.` for any character, groups (...), and
/// `*`, `+`, `?`, `{n}`, `{m,}`, `{m,n}`, `{,n}` behind them. A rule ends with its line, but within a group and behind `|` and `::=`
/// lines may go on. Comments begin with #. A name consists of letters, digits, - and _.
/// Errors name the line `where:N`: what does not belong there, a rule that is missing or there twice, a repeat above
/// kMaxRepeat, groups deeper than kMaxNesting, a text above kMaxText or that is not UTF-8.
/// Source: https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md
Result<Grammar> parse_gbnf(std::string_view text, std::string where = "grammar");

}  // namespace malmoi::grammar
