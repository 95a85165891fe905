// Two models in one pool, of which one's file is shortened or written to: only its requests are refused, until a good one is read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/serve/models.h"
#include "base/log.h"
#include "base/mapped_files.h"
#include "base/test_folder.h"
#include "chat/provider_pool.h"
#include "infer/tiny_model.h"
#include "model/save.h"

namespace malmoi::app {
namespace {

constexpr double kLong = 30;  // seconds: that only a failure takes

template <typename Condition>
bool comes(const Condition& condition) {
  for (double end = monotonic_seconds() + kLong; monotonic_seconds() < end;) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

class ChangedFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    survive_lost_pages();
    folder_ = test_folder(::testing::UnitTest::GetInstance()->current_test_info()->name());
    save("one", 7);
    save("two", 8);
  }
  void save(const std::string& name, uint64_t seed) {
    ASSERT_TRUE(model::save_model(*infer::tiny_model(128, seed), folder_ / name).ok());
    ASSERT_TRUE(write_file(folder_ / name / "tokenizer.json", infer::tiny_tokenizer_json()).ok());
  }
  Path weights(const std::string& name) const { return folder_ / name / "model.safetensors"; }

  void start(double quiet_seconds) {
    ServeOptions options{.models = {"one=" + (folder_ / "one").string(), "two=" + (folder_ / "two").string()},
                         .load = {.dtype = DType::kF32},  // as it is stored: weights stay in the map
                         .dtype_chosen = true,
                         .chat_template = "plain"};
    const auto models = served_models(options);
    ASSERT_TRUE(models.ok()) << models.error().to_string();
    std::vector<chat::PooledModel> pooled;
    for (const ServedModel& model : *models) pooled.push_back(pooled_model(model, options, 4 << 20, job_));
    pool_ =
        std::make_unique<chat::ProviderPool>(std::move(pooled), chat::PoolOptions{.look_seconds = 0.01,
                                                                                  .quiet_seconds = quiet_seconds,
                                                                                  .retry_seconds = 0.01,
                                                                                  .message = [](const std::string&) {},
                                                                                  .warn = [](const std::string&) {}});
  }
  // What a model writes, or why it does not.
  std::string asked(const std::string& name) {
    auto text = std::make_shared<std::string>();
    auto told = std::make_shared<std::promise<std::string>>();
    std::future<std::string> end = told->get_future();
    chat::GenerationRequest request{.model = name, .prompt = std::string("abc"), .max_tokens = 8, .ignore_eos = true};
    request.sampling.temperature = 0;
    const Status begun = pool_->generate(request, [text, told](const chat::TokenEvent& event) {
      *text += event.bytes;
      if (event.finish == chat::FinishReason::kError) told->set_value("failed: " + event.error);
      else if (event.finish != chat::FinishReason::kNone) told->set_value(*text);
      return true;
    });
    return begun.ok() ? end.get() : "refused: " + begun.error().to_string();
  }
  chat::ModelStatus status(const std::string& name) {
    for (chat::ModelStatus& one : pool_->status())
      if (one.info.name == name) return one;
    return {};
  }

  Path folder_;
  Job job_;
  std::unique_ptr<chat::ProviderPool> pool_;
};

TEST_F(ChangedFilesTest, AShortenedFileRefusesTheRequestsForItsModelAlone) {
  start(0.01);
  const std::string one = asked("one"), two = asked("two");
  ASSERT_NE(one, two);
  const std::string good = *read_file(weights("two"));
  std::filesystem::resize_file(weights("two"), 1000);
  EXPECT_THAT(asked("two"), testing::HasSubstr("model.safetensors")) << "the first one meets what is gone";
  EXPECT_THAT(asked("two"), testing::AllOf(testing::StartsWith("refused: "), testing::HasSubstr("model.safetensors")));
  EXPECT_EQ(asked("one"), one);
  EXPECT_TRUE(status("two").refused);
  EXPECT_FALSE(status("one").refused);
  EXPECT_TRUE(pool_->health().ok());
  // A model that is loaded meanwhile has nothing to do with it.
  ASSERT_TRUE(pool_->unload("one").ok());
  EXPECT_EQ(asked("one"), one);
  ASSERT_TRUE(write_file(weights("two"), good).ok());
  EXPECT_TRUE(comes([&] { return asked("two") == two; })) << asked("two");
  EXPECT_TRUE(comes([&] { return !status("two").refused; }));
  EXPECT_EQ(asked("one"), one);
}

TEST_F(ChangedFilesTest, SoDoesOneThatWasWrittenTo) {
  start(3600);
  const std::string one = asked("one"), two = asked("two");
  const auto later = std::filesystem::last_write_time(weights("two")) + std::chrono::seconds(2);
  std::fstream(weights("two"), std::ios::in | std::ios::out | std::ios::binary | std::ios::ate) << std::flush;
  std::filesystem::last_write_time(weights("two"), later);
  EXPECT_TRUE(look_at_mapped_files().empty());
  EXPECT_THAT(asked("two"), testing::AllOf(testing::StartsWith("refused: "), testing::HasSubstr("was written to")));
  EXPECT_EQ(asked("one"), one);
  pool_->look_again();  // it has come to rest
  EXPECT_TRUE(comes([&] { return asked("two") == two; })) << asked("two");
  EXPECT_EQ(asked("one"), one);
}

}  // namespace
}  // namespace malmoi::app
