// What a wrong command line is told: which word is wrong, and the nearest that would be right.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/error.h"

namespace malmoi::cli {

/// The error of a command line that could not be parsed. Unknown commands and options come first, since what else is
/// missing may follow from them.
Error explain_parse_error(const CLI::App& root, const CLI::ParseError& error);

/// Makes every option of `app` and its commands that takes a whole number read it strictly: decimal, within 64 bits.
void check_integers(CLI::App& app);

/// Makes options of many words read `[MASK]` as the word that it is; CLI11 alone would read a list. Together with:
void keep_brackets(CLI::App& app);
/// The words of a command line (without the program), last first, as App::parse takes them.
std::vector<std::string> words_as_written(const CLI::App& app, int argc, char** argv);

}  // namespace malmoi::cli
