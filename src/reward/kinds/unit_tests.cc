// unit_tests: the program in an answer passes the row's tests, in a sandbox.
#include <algorithm>
#include <optional>

#include "base/ascii.h"
#include "base/parallel.h"
#include "reward/answer_text.h"
#include "reward/limits_reader.h"
#include "reward/python_tests.h"
#include "reward/row_reward.h"
#include "reward/sandbox/sandbox.h"

namespace malmoi::reward::unit_tests {
namespace {

/// What a program prints for an input.
struct Exchange {
  std::string input, output;
};

struct Tests {
  std::vector<std::string> texts;   // of Python, each a test
  std::vector<Exchange> exchanges;  // or these
  size_t count() const { return texts.size() + exchanges.size(); }
};

// Line by line without the white space at their ends, and without empty lines at the end.
std::string printed_text(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    line = line.substr(0, line.find_last_not_of(" \t\r") + 1);
    out.append(line) += '\n';
    at = end + 1;
  }
  return out.substr(0, out.find_last_not_of('\n') + 1);
}

class UnitTests final : public RowReward {
 public:
  explicit UnitTests(ConfigReader& reader)
      : column_(reader.text("column", "tests")),
        setup_column_(reader.text("setup_column", "")),
        languages_(reader.texts("languages", {"python", "python3", "py"})),
        command_(reader.texts("command")),
        file_(reader.text("file", "solution.py")),
        unfenced_(reader.boolean("unfenced", false)),
        partial_(reader.boolean("partial", false)),
        workers_(static_cast<int>(reader.integer("workers", 0, 0, 256))),
        readable_(reader.texts("readable")),
        limits_(read_sandbox_limits(reader)) {
    python_ = command_.empty();
    if (python_) command_ = {"/usr/bin/python3", "-I", "-B"};
    if (file_.empty() || file_.find('/') != std::string::npos || file_.front() == '.')
      reader.fail("file", "is no plain name", "write solution.c");
    if (!command_.front().starts_with('/'))
      reader.fail("command", "begins with no whole path", "write [/usr/bin/python3, solution.py]");
    for (std::string& language : languages_) language = ascii_lower(language);
  }

  Status begin() override {
    if (sandbox_) return {};
    MALMOI_ASSIGN(sandbox_, Sandbox::open(limits_, readable_));
    if (!python_) return {};
    // Tried once: without its interpreter no program would pass.
    SandboxRun nothing{.words = command_};
    nothing.words.insert(nothing.words.end(), {"-c", ""});
    MALMOI_ASSIGN(SandboxOutcome outcome, sandbox_->run(nothing));
    if (outcome.succeeded()) return {};
    return unsupported("Python " + outcome.in_words(limits_) + " in the sandbox", command_.front(),
                       "install it below /usr, or raise memory_mb");
  }

  Status check_row(const Json& row) const override {
    MALMOI_TRY(tests_of(row));
    return {};
  }

 protected:
  int workers() const override { return workers_ > 0 ? workers_ : num_threads(); }

  Result<Judgement> judge_one(const RewardInput& input, const StopToken& stop) const override {
    if (!sandbox_) return internal_error("unit tests were asked for before their sandbox was", "rewards");
    const auto tests = tests_of(input.row);
    if (!tests.ok()) return failed_judgement(tests.error().to_string());
    std::optional<std::string_view> code = last_code(input.completion, languages_);
    if (!code && unfenced_) code = input.completion;
    if (!code) return Judgement{.reward = 0};
    size_t passed = 0;
    if (!tests->texts.empty()) {
      MALMOI_ASSIGN(passed, run_texts(*code, tests->texts, stop));
    } else {
      MALMOI_ASSIGN(passed, run_exchanges(*code, tests->exchanges, stop));
    }
    const double share = static_cast<double>(passed) / static_cast<double>(tests->count());
    return Judgement{.reward = partial_ || passed == tests->count() ? share : 0};
  }

 private:
  Result<size_t> run_texts(std::string_view code, const std::vector<std::string>& texts, const StopToken& stop) const {
    const std::string file = python_test_file(texts), mark = new_mark(), input = mark + "\n";
    SandboxRun run{.words = command_,
                   .files = {{"solution.py", code}, {"tests.json", file}, {"tester.py", kPythonTester}},
                   .input = input};
    run.words.push_back("tester.py");
    MALMOI_ASSIGN(SandboxOutcome outcome, sandbox_->run(run, stop));
    return passed_tests(outcome.output, mark, texts.size());
  }

  // In order; where all must be passed, none after the first that is not.
  Result<size_t> run_exchanges(std::string_view code, const std::vector<Exchange>& exchanges,
                               const StopToken& stop) const {
    size_t passed = 0;
    for (const Exchange& exchange : exchanges) {
      SandboxRun run{.words = command_, .files = {{file_, code}}, .input = exchange.input};
      if (python_) run.words.push_back(file_);
      MALMOI_ASSIGN(SandboxOutcome outcome, sandbox_->run(run, stop));
      const bool right = outcome.succeeded() && printed_text(outcome.output) == printed_text(exchange.output);
      passed += right;
      if (!right && !partial_) break;
    }
    return passed;
  }

  // A text, a list of texts, or a list of {input, output}.
  Result<Tests> tests_of(const Json& row) const {
    MALMOI_ASSIGN(const Json* value, column_value(row, column_));
    Tests tests;
    const Json list = value->is_array() ? *value : Json::array({*value});
    for (const Json& test : list) {
      if (test.is_string()) tests.texts.push_back(test.get<std::string>());
      else if (test.is_object() && test.contains("output"))
        tests.exchanges.push_back({json_string(test, "input"), json_string(test, "output")});
      else return bad_tests("holds neither texts of Python nor objects with input and output");
    }
    if (tests.count() == 0) return bad_tests("is empty");
    if (!tests.texts.empty() && !tests.exchanges.empty()) return bad_tests("holds both texts and exchanges");
    if (!tests.texts.empty() && !python_)
      return bad_tests("holds texts of Python, which a `command` of one's own does not run");
    if (setup_column_.empty() || tests.texts.empty()) return tests;
    MALMOI_ASSIGN(std::string setup, column_text(row, setup_column_));
    for (std::string& text : tests.texts) text = setup + "\n" + text;
    return tests;
  }

  Error bad_tests(const std::string& what) const {
    return invalid_data("the row's column '" + column_ + "' " + what, "",
                        "give a text, a list of texts, or a list of {input, output}");
  }

  std::string column_, setup_column_;
  std::vector<std::string> languages_, command_;
  std::string file_;
  bool unfenced_, partial_;
  int workers_;
  std::vector<std::string> readable_;
  SandboxLimits limits_;
  bool python_ = true;
  std::unique_ptr<const Sandbox> sandbox_;
};

}  // namespace

extern const RewardEntry reward{
    .type = "unit_tests",
    .summary = "1 where the program in the answer passes the tests of a column, in a sandbox",
    .read = [](ConfigReader& reader) -> std::unique_ptr<Reward> { return std::make_unique<UnitTests>(reader); }};

}  // namespace malmoi::reward::unit_tests
