// The program `malmoi`: finds the command in the table, parses its options, runs it, prints one line for an error.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <new>

#include <fmt/format.h>

#include "base/cpu.h"
#include "base/mapped_files.h"
#include "cli/command.h"
#include "cli/usage.h"

namespace malmoi::cli {
namespace {

// One line a command, in the order of --help.
constexpr AddCommand kCommands[] = {
    add_doctor,       add_data,    add_tokenizer, add_plan,  add_train,  add_tune,     add_compare,
    add_generate,     add_chat,    add_template,  add_score, add_eval,   add_reward,   add_fill,
    add_classify,     add_adapter, add_bench,     add_serve, add_key,    add_quantize, add_convert,
    add_merge_models, add_prune,   add_vocab,     add_pull,  add_models, add_run,
};

int exit_code(const Error& error) {
  if (error.code == ErrorCode::kUsage) return 2;
  return error.code == ErrorCode::kCancelled ? 130 : 1;
}

int fail(const Error& error) {
  fmt::print(stderr, "malmoi: {}\n", error.to_string());
  return exit_code(error);
}

// Of a program that was started with them closed: the first files that it opens would take their numbers, and its messages
// would be written into those.
void keep_standard_descriptors() {
  int fd = 0;
  while (fd >= 0 && fd <= STDERR_FILENO) fd = ::open("/dev/null", O_RDWR);
  if (fd > STDERR_FILENO) ::close(fd);
}

// What was printed must have arrived: an earlier write may have failed, although the last one did not.
int end_output(int code) {
  bool written = std::cout.flush().good();
  written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && written;
  return written ? code : fail({ErrorCode::kIo, "cannot write the output", "stdout", "free some space"});
}

int run(int argc, char** argv) {
  keep_standard_descriptors();
  CLI::App root("Malmoi builds language models: from documents to a served model, in one program.", "malmoi");
  root.set_version_flag("--version", MALMOI_VERSION);
  root.require_subcommand(1);
  root.footer("Example: malmoi doctor\nEvery command has --help with an example.");
  Invocation invocation;
  for (AddCommand add : kCommands) add(root, invocation);
  check_integers(root);
  keep_brackets(root);
  try {
    root.parse(words_as_written(root, argc, argv));
  } catch (const CLI::CallForHelp& help) {
    return end_output(root.exit(help));
  } catch (const CLI::CallForAllHelp& help) {
    return end_output(root.exit(help));
  } catch (const CLI::CallForVersion& version) {
    return end_output(root.exit(version));
  } catch (const CLI::ParseError& error) {
    return fail(explain_parse_error(root, error));
  }
  if (Status isa = check_isa_setting(); !isa.ok()) return fail(isa.error());
  active_isa();  // limits oneDNN before anything computes
  if (!invocation.run) return 0;
  Status done = invocation.run();
  if (Status whole = check_all_files_were_whole(); done.ok() && !whole.ok())
    done = whole;  // zeros were read in place of a file
  invocation.terminal.finish();
  return done.ok() ? end_output(invocation.exit_code) : fail(done.error());
}

}  // namespace
}  // namespace malmoi::cli

int main(int argc, char** argv) {
  try {
    return malmoi::cli::run(argc, argv);
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "malmoi: out of memory; use a smaller input, batch or model\n");
  } catch (const std::exception& error) {
    fmt::print(stderr, "malmoi: unexpected failure: {}; please report this\n", error.what());
  }
  return 1;
}
