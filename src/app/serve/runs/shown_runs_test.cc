// Runs as the server shows them, over files as `malmoi train` writes them.
#include "app/serve/runs/shown_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "app/train/run_folder.h"
#include "app/train/small_run.h"
#include "base/file_lock.h"
#include "base/json.h"
#include "base/test_folder.h"

namespace malmoi::app {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ShownRunsTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = test_folder("shown_runs");
    ASSERT_TRUE(make_folder(root_ / "runs" / "first").ok());
    ASSERT_TRUE(make_folder(root_ / "runs" / "no_run").ok());
    ASSERT_TRUE(make_folder(root_ / "outside").ok());
    write("first/config.yaml", R"({"model":{"architecture":"llama"},"train":{"steps":9},"out":"x"})");
    write("first/metrics.jsonl",
          "{\"step\":0,\"loss\":5.0,\"tokens\":10,\"tokens_per_second\":5,\"valid_loss\":4.5}\n"
          "{\"step\":1,\"loss\":4.0,\"tokens\":10,\"tokens_per_second\":5}\n{\"step\":2,\"lo");
    write("first/samples.jsonl", "{\"step\":1,\"prompt\":\"a\",\"text\":\"b\"}\n");
    fs::copy(root_ / "runs" / "first", root_ / "outside" / "run");
    fs::create_directory_symlink(root_ / "outside" / "run", root_ / "runs" / "link");
  }
  void write(const std::string& file, const std::string& text) {
    ASSERT_TRUE(write_file(root_ / "runs" / file, text).ok());
  }
  void open(bool allow_training = false, const Path& program = "/bin/false") {
    auto opened = ShownRuns::open(root_ / "runs", allow_training, program);
    ASSERT_TRUE(opened.ok()) << opened.error().to_string();
    runs_ = *std::move(opened);
  }
  static Json json_of(const protocol::Reply& reply) {
    const Json* json = std::get_if<Json>(&reply);
    if (json) return *json;
    ADD_FAILURE() << std::get<protocol::ApiError>(reply).message;
    return nullptr;
  }
  static int status_of(const protocol::Reply& reply) {
    const auto* error = std::get_if<protocol::ApiError>(&reply);
    return error ? error->status : 200;
  }
  Json run() { return json_of(runs_->show("first"))["run"]; }

  Path root_;
  std::unique_ptr<ShownRuns> runs_;
};

TEST_F(ShownRunsTest, OnlyRunsThatStandThereAreListed) {
  open();
  const Json list = json_of(runs_->list());
  ASSERT_EQ(list["runs"].size(), 1u) << list;
  EXPECT_EQ(list["allow_training"], false);
  const Json& first = list["runs"][0];
  EXPECT_EQ(first["name"], "first");
  EXPECT_EQ(first["architecture"], "llama");
  EXPECT_EQ(first["steps"], 2);
  EXPECT_EQ(first["total_steps"], 9);
  EXPECT_EQ(first["loss"], 4.0);
  EXPECT_EQ(first["valid_loss"], 4.5);
  EXPECT_FALSE(first["updated"].is_null());
}

TEST_F(ShownRunsTest, NoNameLeadsElsewhere) {
  open(true);
  for (const char* name : {"", ".", "..", "../outside/run", "link", "no_run", "first/../first", "/etc", "nothing"}) {
    EXPECT_EQ(status_of(runs_->show(name)), 404) << name;
    EXPECT_EQ(status_of(runs_->metrics(name, -1)), 404) << name;
    EXPECT_EQ(status_of(runs_->stop(name)), 404) << name;
    EXPECT_EQ(status_of(runs_->resume(name)), 404) << name;
    protocol::ApiError error;
    EXPECT_EQ(runs_->follow(name, -1, error), nullptr) << name;
    EXPECT_EQ(error.status, 404) << name;
  }
}

TEST_F(ShownRunsTest, TheLockAndTheResultTellTheState) {
  open();
  EXPECT_EQ(run()["state"], "failed") << "nobody is at work, and nothing says how it ended";
  write("first/begun.json", R"({"started":"B","steps":7,"parameters":11})");
  write("first/run.json", R"({"started":"A","status":"finished"})");
  EXPECT_EQ(run()["state"], "failed") << "the result is of a call before";
  EXPECT_EQ(run()["total_steps"], 7);
  EXPECT_EQ(run()["parameters"], 11);
  for (auto [status, state] :
       {std::pair{"finished", "finished"}, {"early_stopped", "finished"}, {"interrupted", "stopped"}}) {
    write("first/run.json", R"({"started":"B","status":")" + std::string(status) + "\"}");
    EXPECT_EQ(run()["state"], state);
  }
  auto lock = FileLock::open(root_ / "runs" / "first" / ".lock");
  ASSERT_TRUE(lock.ok() && lock->try_lock());
  EXPECT_EQ(run()["state"], "running");
}

TEST_F(ShownRunsTest, FilesOfAnythingAreShownAsNothing) {
  open();
  write("first/config.yaml", "model: ${HOME}");
  write("first/run.json", "[1, 2");
  write("first/begun.json", R"({"steps":-4,"parameters":"many","started":7})");
  EXPECT_EQ(run()["total_steps"], nullptr);
  EXPECT_EQ(json_of(runs_->show("first"))["configuration"], nullptr) << "the environment is not told";
}

TEST_F(ShownRunsTest, MetricsBehindAStepAndSamples) {
  open();
  const Json all = json_of(runs_->metrics("first", -1)), later = json_of(runs_->metrics("first", 0));
  EXPECT_EQ(all["last_step"], 1);
  EXPECT_EQ(all["series"]["loss"]["points"].size(), 2u);
  EXPECT_EQ(all["samples"][0]["text"], "b");
  EXPECT_EQ(dump_json(later["series"]["loss"]["points"]), "[[1,20.0,4.0,4.0]]");
  EXPECT_TRUE(later["samples"].empty());
}

TEST_F(ShownRunsTest, SamplesFromBeforeTheFirstStepAreShown) {
  write("first/samples.jsonl",
        "{\"step\":0,\"prompt\":\"a\",\"text\":\"before\"}\n{\"step\":1,\"prompt\":\"a\",\"text\":\"b\"}\n{\"prompt\":"
        "\"no step\"}\n");
  open();
  EXPECT_EQ(json_of(runs_->metrics("first", -1))["samples"].size(), 2u);
  EXPECT_TRUE(json_of(runs_->metrics("first", 0))["samples"].empty());
  protocol::ApiError error;
  auto follower = runs_->follow("first", -1, error);
  ASSERT_TRUE(follower);
  Json samples;
  for (const serve::RunEvent& event : follower->next()) {
    if (event.name == "samples") samples = event.json["samples"];
  }
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0]["text"], "before");
}

TEST_F(ShownRunsTest, AFollowerTellsWhatComes) {
  open();
  auto lock = FileLock::open(root_ / "runs" / "first" / ".lock");
  ASSERT_TRUE(lock.ok() && lock->try_lock());
  protocol::ApiError error;
  auto follower = runs_->follow("first", 0, error);
  ASSERT_TRUE(follower);
  auto events = follower->next();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].name, "points");
  EXPECT_EQ(events[0].json["series"]["loss"]["count"], 1);
  EXPECT_EQ(events[0].json["whole"], false);
  EXPECT_EQ(events[1].name, "run");
  EXPECT_TRUE(follower->next().empty());
  std::ofstream(root_ / "runs/first/metrics.jsonl", std::ios::app) << "ss\":3.5}\n";
  events = follower->next();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].json["last_step"], 2);
  write("first/metrics.jsonl", "{\"step\":0,\"loss\":5.0}\n");  // it went on from a checkpoint
  events = follower->next();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].json["whole"], true);
  EXPECT_EQ(events[0].json["last_step"], 0);
  lock = FileLock::open(root_ / "runs" / "no_run" / ".lock");  // lets the first one go
  events = follower->next();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].name, "end");
  EXPECT_TRUE(follower->ended());
}

TEST_F(ShownRunsTest, NothingIsChangedUnlessThatIsAllowed) {
  open();
  EXPECT_EQ(status_of(runs_->stop("first")), 403);
  EXPECT_EQ(status_of(runs_->resume("first")), 403);
  open(true);
  EXPECT_EQ(status_of(runs_->stop("first")), 409) << "it is not at work";
  auto lock = FileLock::open(root_ / "runs" / "first" / ".lock");
  ASSERT_TRUE(lock.ok() && lock->try_lock());
  EXPECT_EQ(status_of(runs_->resume("first")), 409) << "it is at work";
  EXPECT_EQ(json_of(runs_->stop("first"))["run"]["stop_requested"], true);
  EXPECT_TRUE(malmoi::exists(root_ / "runs" / "first" / kStopFile));
}

TEST_F(ShownRunsTest, OneRunAtATimeIsResumedAndItsEndIsTold) {
  write("program", "#!/bin/sh\necho \"$@\"\nsleep 0.5\nexit 3\n");
  fs::permissions(root_ / "runs" / "program", fs::perms::owner_all);
  write("first/begun.json", R"({"threads":2})");
  open(true, root_ / "runs" / "program");
  EXPECT_EQ(status_of(runs_->resume("first")), 200);
  EXPECT_EQ(json_of(runs_->list())["training"], "first");
  const protocol::Reply second = runs_->resume("first");
  EXPECT_EQ(status_of(second), 409);
  Json shown;
  for (int look = 0; look < 200 && shown["resume_ended"].is_null(); ++look) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    shown = json_of(runs_->show("first"));
  }
  EXPECT_EQ(shown["resume_ended"]["exit"], 3);
  EXPECT_THAT(shown["log"].get<std::string>(),
              testing::AllOf(HasSubstr("train"), HasSubstr("--resume"), HasSubstr("--threads 2"), HasSubstr("out=\"")));
  EXPECT_EQ(json_of(runs_->list())["training"], "");
}

// A second signal would mean to stop at once, without a checkpoint.
TEST_F(ShownRunsTest, ATrainingIsAskedOnceToStop) {
  write("program",
        "#!/bin/sh\ntrap 'echo asked; asked=1' TERM\necho ready\nwhile [ -z \"$asked\" ]; do sleep 0.05; done\n"
        "sleep 1\nexit 7\n");
  fs::permissions(root_ / "runs" / "program", fs::perms::owner_all);
  open(true, root_ / "runs" / "program");
  EXPECT_EQ(status_of(runs_->resume("first")), 200);
  auto says = [this](const std::string& text) {
    for (int look = 0; look < 200; ++look) {
      if (json_of(runs_->show("first"))["log"] == text) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  };
  ASSERT_TRUE(says("ready\n"));
  runs_->stop_training();
  ASSERT_TRUE(says("ready\nasked\n"));
  runs_->stop_training();
  runs_.reset();  // waits for its end
  EXPECT_EQ(*read_file(root_ / "runs" / "first" / "resume.log"), "ready\nasked\n");
}

// What a run of `malmoi train` leaves is what is read here.
TEST_F(SmallRun, IsShownAsItIs) {
  ASSERT_TRUE(train(document_, {}, job_).ok());
  auto runs = ShownRuns::open(folder_, false);
  ASSERT_TRUE(runs.ok());
  const Json list = std::get<Json>((*runs)->list());
  ASSERT_EQ(list["runs"].size(), 1u);
  const Json& run = list["runs"][0];
  EXPECT_EQ(run["state"], "finished");
  EXPECT_EQ(run["steps"], 4);
  EXPECT_EQ(run["total_steps"], 4);
  EXPECT_GT(run["parameters"], 0);
  EXPECT_TRUE(run["best_valid_loss"].is_number());
  const Json metrics = std::get<Json>((*runs)->metrics("run", -1));
  EXPECT_EQ(metrics["series"]["loss"]["points"].size(), 4u);
  EXPECT_EQ(metrics["series"]["valid_loss"]["points"].size(), 2u);
  EXPECT_EQ(metrics["samples"].size(), 2u);
}

}  // namespace
}  // namespace malmoi::app
