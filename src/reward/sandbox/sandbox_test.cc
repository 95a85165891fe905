// Programs that nobody has read: what they try in the sandbox, and what comes of it.
#include "reward/sandbox/sandbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/log.h"
#include "base/test_folder.h"

namespace malmoi::reward {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kPython = "/usr/bin/python3";

/// Skips where this machine allows no sandbox: the error says which, and that is what a user is told.
class SandboxTest : public testing::Test {
 protected:
  void SetUp() override { open({.seconds = 20, .processor_seconds = 10}); }

  void open(const SandboxLimits& limits, const std::vector<std::string>& readable = {}) {
    auto opened = Sandbox::open(limits, readable);
    if (!opened.ok()) {
      EXPECT_EQ(opened.error().code, ErrorCode::kUnsupported);
      EXPECT_NE(opened.error().remedy, "");
      GTEST_SKIP() << opened.error().to_string();
    }
    sandbox_ = *std::move(opened);
  }

  SandboxOutcome run(const SandboxRun& what) {
    auto outcome = sandbox_->run(what, stop_.token());
    error_ = outcome.ok() ? "" : outcome.error().to_string();
    return outcome.ok() ? *std::move(outcome) : SandboxOutcome{.code = -1, .output = {}, .errors = {}};
  }
  SandboxOutcome run_python(const std::string& program) {
    return run({.words = {kPython, "-I", "-B", "program.py"}, .files = {{"program.py", program}}, .input = {}});
  }
  /// What a program prints, with what it says of errors behind.
  std::string printed_by(const std::string& program) {
    const SandboxOutcome outcome = run_python(program);
    return outcome.output + outcome.errors;
  }

  std::unique_ptr<const Sandbox> sandbox_;
  StopSource stop_;
  std::string error_;
};

TEST_F(SandboxTest, AProgramReadsItsInputAndFilesAndPrints) {
  const SandboxOutcome outcome = run({.words = {"/bin/sh", "-c", "cat a.txt -; echo oops >&2; exit 3"},
                                      .files = {{"a.txt", "from a file\n"}},
                                      .input = "from the input\n"});
  EXPECT_EQ(outcome.output, "from a file\nfrom the input\n");
  EXPECT_EQ(outcome.errors, "oops\n");
  EXPECT_EQ(outcome.end, SandboxEnd::kExit);
  EXPECT_EQ(outcome.code, 3);
  EXPECT_FALSE(outcome.succeeded());
  EXPECT_EQ(outcome.in_words({}), "ended with status 3");
}

TEST_F(SandboxTest, InputThatIsNotReadHoldsNothingUp) {
  const std::string much(4 << 20, 'x');
  EXPECT_TRUE(run({.words = {"/bin/true"}, .files = {}, .input = much}).succeeded());
  EXPECT_EQ(run({.words = {"/bin/sh", "-c", "wc -c"}, .files = {}, .input = much}).output,
            std::to_string(much.size()) + "\n");
}

TEST_F(SandboxTest, AProgramThatIsNotThereIsAnError) {
  EXPECT_EQ(run({.words = {"/usr/bin/no-such-program"}, .files = {}, .input = {}}).code, -1);
  EXPECT_THAT(error_, HasSubstr("/usr/bin/no-such-program: cannot be started in the sandbox"));
}

TEST_F(SandboxTest, EndsBySignalsAreTold) {
  const SandboxOutcome outcome = run({.words = {"/bin/sh", "-c", "kill -SEGV $$"}, .files = {}, .input = {}});
  EXPECT_EQ(outcome.end, SandboxEnd::kSignal);
  EXPECT_EQ(outcome.code, 11);
}

TEST_F(SandboxTest, ForksWithoutEndMeetALimit) {
  const SandboxOutcome outcome = run_python(R"(
import os, time
made = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(100)
            os._exit(0)
        made += 1
except OSError:
    print("stopped", made < 40)
)");
  EXPECT_EQ(outcome.output, "stopped True\n") << outcome.errors;
}

TEST_F(SandboxTest, ABombOfForksEndsWithItsTime) {
  open({.seconds = 2, .processor_seconds = 10});
  const double before = monotonic_seconds();
  const SandboxOutcome outcome =
      run({.words = {"/bin/sh", "-c", "bomb() { bomb & bomb; }; bomb; sleep 100"}, .files = {}, .input = {}});
  EXPECT_FALSE(outcome.succeeded());
  EXPECT_LT(monotonic_seconds() - before, 30);
  EXPECT_TRUE(run({.words = {"/bin/true"}, .files = {}, .input = {}}).succeeded()) << "another run has room again";
}

TEST_F(SandboxTest, TheDiskIsSmallAndGoneAfterwards) {
  EXPECT_THAT(printed_by(R"(
try:
    for i in range(100):
        open("f%d" % i, "wb").write(b"x" * 1000000)
except OSError as error:
    print(i < 20, error.strerror)
)"),
              "True No space left on device\n");
  EXPECT_EQ(printed_by("import os\nprint(os.listdir('.'))"), "['program.py']\n");
}

TEST_F(SandboxTest, NothingElseCanBeWritten) {
  const std::string printed = printed_by(R"(
import os
for path in ("/x", "/usr/x", "/usr/bin/python3", "/dev/x", "/etc/x", "/bin/sh"):
    try:
        open(path, "ab")
        print(path, "was opened")
    except OSError as error:
        print(error.strerror)
try:
    os.remove("/usr/bin/env")
    print("removed")
except OSError as error:
    print(error.strerror)
)");
  EXPECT_THAT(printed, Not(HasSubstr("opened")));
  EXPECT_THAT(printed, Not(HasSubstr("removed")));
  EXPECT_THAT(printed, HasSubstr("Read-only file system"));
}

TEST_F(SandboxTest, FilesOfTheUserAreNotThere) {
  const Path folder = test_folder("sandbox_secret");
  ASSERT_TRUE(write_file(folder / "secret.txt", "a secret").ok());
  const std::string program = "import os\nfor path in ('" + (folder / "secret.txt").string() + "', '" +
                              std::filesystem::current_path().string() +
                              "', '/home', '/root', '/etc/passwd', '/proc/1', '/proc/self', '/sys'):\n"
                              "    print(os.path.exists(path))\n";
  EXPECT_EQ(printed_by(program), "False\nFalse\nFalse\nFalse\nFalse\nFalse\nFalse\nFalse\n");
  open({}, {folder.string()});
  EXPECT_EQ(printed_by("print(open('" + (folder / "secret.txt").string() + "').read())"), "a secret\n")
      << "but where that is wanted";
}

TEST_F(SandboxTest, ThereIsNoNetwork) {
  const std::string printed = printed_by(R"(
import socket
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK):
    try:
        socket.socket(family, socket.SOCK_DGRAM)
        print("made")
    except OSError as error:
        print(error.strerror)
a, b = socket.socketpair()
a.send(b"within\n")
print(b.recv(10).decode(), end="")
)");
  EXPECT_EQ(printed, "Operation not permitted\nOperation not permitted\nOperation not permitted\nwithin\n");
}

TEST_F(SandboxTest, CallsThatReachOutAreRefused) {
  const std::string printed = printed_by(R"(
import ctypes, os
c = ctypes.CDLL(None, use_errno=True)
def tried(name, result):
    if result != -1:
        print(name, "worked")
tried("ptrace", c.ptrace(16, 1, 0, 0))
tried("ptrace of its parent", c.ptrace(16, os.getppid(), 0, 0))
tried("unshare", c.unshare(0x10000000))
tried("mount", c.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, 0))
tried("umount", c.umount2(b"/usr", 2))
tried("chroot", c.chroot(b"/tmp"))
tried("memfd_create", c.memfd_create(b"x", 0))
tried("shmget", c.shmget(0, 4096, 0o1777))
tried("setuid", c.setuid(0))
tried("sethostname", c.sethostname(b"x", 1))
print(os.getuid() != 0, os.getpid() < 10)
)");
  EXPECT_EQ(printed, "True True\n");
}

TEST_F(SandboxTest, TheFirstProcessCannotBeKilled) {
  EXPECT_EQ(printed_by("import os\nos.kill(1, 9)\nprint('alive')"), "alive\n");
}

TEST_F(SandboxTest, WhatHangsIsEnded) {
  open({.seconds = 1, .processor_seconds = 10});
  const double before = monotonic_seconds();
  const SandboxOutcome outcome = run_python("import time\nprint('begun', flush=True)\ntime.sleep(1000)");
  EXPECT_EQ(outcome.end, SandboxEnd::kSeconds);
  EXPECT_LT(monotonic_seconds() - before, 30);
  EXPECT_THAT(outcome.in_words(sandbox_->limits()), HasSubstr("longer than 1 s"));
}

TEST_F(SandboxTest, WhatComputesWithoutEndIsEnded) {
  open({.seconds = 100, .processor_seconds = 1});
  const SandboxOutcome outcome = run_python("while True: pass");
  EXPECT_NE(outcome.end, SandboxEnd::kExit);
}

TEST_F(SandboxTest, MemoryHasALimitForEachAndForAll) {
  open({.seconds = 60, .processor_seconds = 60, .memory_bytes = 256u << 20});
  EXPECT_THAT(run_python("x = bytearray(300 << 20)").errors, HasSubstr("MemoryError"));
  const SandboxOutcome outcome = run_python(R"(
import os, time
for i in range(6):
    if os.fork() == 0:
        x = bytearray(100 << 20)
        time.sleep(50)
time.sleep(50)
)");
  EXPECT_FALSE(outcome.succeeded());
#if !defined(MALMOI_SANITIZED)
  EXPECT_EQ(outcome.end, SandboxEnd::kMemory);
#endif
}

TEST_F(SandboxTest, OutputHasALimit) {
  const SandboxOutcome outcome = run_python("while True: print('x' * 1000)");
  EXPECT_EQ(outcome.end, SandboxEnd::kOutput);
  EXPECT_EQ(outcome.output.size(), sandbox_->limits().output_bytes);
}

TEST_F(SandboxTest, FilesThatDoNotFitAreTold) {
  const std::string large(20 << 20, 'x');
  EXPECT_EQ(run({.words = {"/bin/true"}, .files = {{"large", large}}, .input = {}}).end, SandboxEnd::kFiles);
}

TEST_F(SandboxTest, WhatIsLeftBehindDiesWithTheProgram) {
  const double before = monotonic_seconds();
  const SandboxOutcome outcome = run_python(R"(
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(1000)
    os._exit(0)
print("done")
)");
  EXPECT_EQ(outcome.output, "done\n");
  EXPECT_TRUE(outcome.succeeded());
  EXPECT_LT(monotonic_seconds() - before, 15) << "nobody waited for it";
}

TEST_F(SandboxTest, AStopEndsARun) {
  std::thread user([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    stop_.request();
  });
  const double before = monotonic_seconds();
  run({.words = {"/bin/sleep", "1000"}, .files = {}, .input = {}});
  user.join();
  EXPECT_THAT(error_, HasSubstr("stopped"));
  EXPECT_LT(monotonic_seconds() - before, 15);
}

TEST_F(SandboxTest, RunsOfSeveralThreadsGoOnSideBySide) {
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5; ++i) {
        const std::string word = std::to_string(100 * t + i);
        auto outcome =
            sandbox_->run({.words = {"/bin/sh", "-c", "cat; cat name"}, .files = {{"name", word}}, .input = word});
        right += outcome.ok() && outcome->succeeded() && outcome->output == word + word;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 20);
}

TEST_F(SandboxTest, WhoeverAskedIsAsBefore) {
  const auto user = ::geteuid();
  const Path here = std::filesystem::current_path();
  ASSERT_TRUE(run({.words = {"/bin/true"}, .files = {}, .input = {}}).succeeded());
  EXPECT_EQ(::geteuid(), user);
  EXPECT_EQ(std::filesystem::current_path(), here);
  EXPECT_TRUE(std::filesystem::exists("/usr/bin"));
  EXPECT_TRUE(write_file(test_folder("sandbox_after") / "x", "x").ok());
}

TEST(SandboxOptions, AFolderThatIsNotThereIsRefused) {
  auto opened = Sandbox::open({}, {"/no/such/folder"});
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.error().to_string(), HasSubstr("/no/such/folder"));
}

}  // namespace
}  // namespace malmoi::reward
