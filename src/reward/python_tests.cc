#include "reward/python_tests.h"

#include <charconv>
#include <random>
#include <set>

#include <fmt/format.h>

#include "base/json.h"

namespace malmoi::reward {

const std::string_view kPythonTester = R"(import json, os, sys, traceback, types
def run():
    out, mark = os.dup(1), sys.stdin.readline().strip()
    with open("tests.json", encoding="utf-8") as file:
        tests = json.load(file)
    solution = sys.modules["solution"] = types.ModuleType("solution")
    names = solution.__dict__
    with open("solution.py", encoding="utf-8") as file:
        exec(compile(file.read(), "solution.py", "exec"), names)
    for number, test in enumerate(tests):
        try:
            exec(compile(test, "test %d" % number, "exec"), names)
        except Exception:
            traceback.print_exc()
        else:
            os.write(out, ("\n%s %d\n" % (mark, number)).encode())
run()
)";

std::string python_test_file(const std::vector<std::string>& tests) { return dump_json(Json(tests)); }

std::string new_mark() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

size_t passed_tests(std::string_view output, std::string_view mark, size_t count) {
  std::set<size_t> passed;
  for (size_t at = 0; (at = output.find(mark, at)) != std::string_view::npos; at += mark.size()) {
    const char* begin = output.data() + at + mark.size();
    const char* end = output.data() + output.size();
    size_t number = 0;
    if (begin < end && *begin == ' ' && std::from_chars(begin + 1, end, number).ec == std::errc() && number < count)
      passed.insert(number);
  }
  return passed.size();
}

}  // namespace malmoi::reward
