// That neither threads, processes, a kill nor a full disk show in what a build writes.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "data/build/build.h"
#include "data/build/plan.h"
#include "data/build/test_documents.h"
#include "data/corpus.h"

namespace malmoi::data {
namespace {

TEST(Build, NumberOfWorkersDoesNotShow) {
  Path in = make_documents("workers");
  std::map<std::string, std::string> first;
  for (int workers : {1, 4}) {
    Path out = build_folder("workers_out");
    BuildOptions options;
    options.workers = workers;
    ASSERT_TRUE(build_corpus(small_recipe(in, out), options).ok());
    if (workers == 1) first = shards_of(out);
    else EXPECT_EQ(first, shards_of(out));
  }
}

// Children of the test: one worker each, so that no thread team crosses the fork.
pid_t start(const Recipe& recipe, int rank, int world) {
  pid_t pid = ::fork();
  if (pid != 0) return pid;
  BuildOptions options;
  options.rank = rank;
  options.world = world;
  auto result = build_corpus(recipe, options);
  ::_exit(result.ok() ? 0 : 1);
}

TEST(Build, FourProcessesWriteWhatOneWrites) {
  Path in = make_documents("ranks", 500), alone = build_folder("ranks_alone"),
       together = build_folder("ranks_together");
  std::string lines;
  Rng rng(11);
  for (int i = 0; i < 6000; ++i) {
    Document d;
    d.text = sentence(rng, i % 3 == 0) + " " + sentence(rng, i % 3 == 0) + " " + sentence(rng, i % 3 == 0);
    lines += document_to_line(d) + "\n";
  }
  put(in / "many.jsonl", lines);
  ASSERT_GE(make_plan(small_recipe(in, alone))->parts.size(), 4u);
  BuildOptions options;
  Recipe recipe = small_recipe(in, alone);
  recipe.near.on = true;
  ASSERT_TRUE(build_corpus(recipe, options).ok());
  recipe.out = together;
  std::vector<pid_t> children;
  for (int rank = 0; rank < 4; ++rank) children.push_back(start(recipe, rank, 4));
  for (pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(shards_of(alone), shards_of(together));
}

TEST(Build, KilledAtAnyMomentItGoesOn) {
  Path in = make_documents("killed", 600), reference = build_folder("killed_reference"),
       out = build_folder("killed_out");
  BuildOptions options;
  ASSERT_TRUE(build_corpus(small_recipe(in, reference), options).ok());
  Recipe recipe = small_recipe(in, out);
  Rng rng(3);
  for (int attempt = 0; attempt < 6; ++attempt) {
    pid_t child = start(recipe, 0, 1);
    ::usleep(static_cast<useconds_t>(5000 + rng.below(250000)));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
  }
  ASSERT_TRUE(build_corpus(recipe, options).ok());
  EXPECT_EQ(shards_of(reference), shards_of(out));
}

TEST(Build, FullDiskIsAnErrorAndNothingIsHalfWritten) {
  Path in = make_documents("full", 400), out = build_folder("full_out");
  pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{4096, 4096};  // no file may grow beyond a page, as on a full disk
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto result = build_corpus(small_recipe(in, out), {});
    ::_exit(!result.ok() && result.error().code == ErrorCode::kIo ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(Corpus::is_corpus(out));
  EXPECT_TRUE(build_corpus(small_recipe(in, out), {}).ok());
}

}  // namespace
}  // namespace malmoi::data
