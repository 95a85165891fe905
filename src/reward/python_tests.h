// Tests of a Python program: what is run, and how many of them were passed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace malmoi::reward {

/// A program that runs `solution.py`, then each test in its names, and writes a line of the mark and the test's number where one ends
/// without an exception. The mark comes as the first line of its input and is taken away before the solution runs, so that a solution that
/// ends early, or prints that all is well, passes nothing. One that searches the interpreter for it may find it.
extern const std::string_view kPythonTester;

/// The file of tests that kPythonTester reads: a list of texts.
std::string python_test_file(const std::vector<std::string>& tests);
/// A mark that nobody can guess.
std::string new_mark();
/// How many of `count` tests the output says to be passed.
size_t passed_tests(std::string_view output, std::string_view mark, size_t count);

}  // namespace malmoi::reward
