// Goes through what a grammar allows: what the fuzz targets of grammars share.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "grammar/automaton.h"
#include "grammar/reading.h"

namespace malmoi::grammar {

/// Compiles the grammar, if it is one, and reads some bytes of one of its texts, each time the next byte in turn that fits.
/// The text where it is whole, else an empty one; nullopt: an error of more than one line, or one without a place.
inline std::optional<std::string> walk_any(Result<Grammar> grammar) {
  constexpr int kMostBytes = 40;
  auto is_one_line = [](const Error& error) {
    return !error.where.empty() && error.to_string().find('\n') == std::string::npos;
  };
  if (!grammar.ok()) return is_one_line(grammar.error()) ? std::optional<std::string>("") : std::nullopt;
  auto automaton = Automaton::compile(*grammar);
  if (!automaton.ok()) return is_one_line(automaton.error()) ? std::optional<std::string>("") : std::nullopt;
  Reading reading(*automaton);
  std::string text;
  for (int i = 0; i < kMostBytes && reading.can_go_on(); ++i) {
    for (int byte = 0; byte < 256; ++byte) {
      // Quotes and brackets that close come first in turn, so that some texts end.
      const char next = static_cast<char>(i % 2 == 0 ? 255 - byte : byte);
      if (!reading.read(*automaton, {&next, 1})) continue;
      text += next;
      break;
    }
  }
  return reading.can_end() ? text : std::string();
}

}  // namespace malmoi::grammar
