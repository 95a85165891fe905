// Tests of the commands of a chat: the table is walked, so that each has help and a test.
#include "cli/chat/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "app/use/chat_record.h"
#include "base/test_folder.h"
#include "cli/chat/settings.h"
#include "infer/tiny_model.h"

namespace malmoi::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A conversation with a tiny model, of one turn.
class Scene {
 public:
  Scene() {
    loaded_.model = infer::tiny_model(256);
    auto tokenizer = tokenizer::Tokenizer::from_json(infer::tiny_tokenizer_json());
    if (tokenizer.ok()) loaded_.tokenizer = std::make_unique<tokenizer::Tokenizer>(std::move(*tokenizer));
    loaded_.stop_ids = {infer::kTinyEnd};
    app::GenerateOptions options;
    options.max_tokens = 8;
    auto started = app::Chat::start(loaded_, {.system = "be brief"}, options);
    EXPECT_TRUE(started.ok());
    if (started.ok()) chat_.emplace(std::move(*started));
    EXPECT_TRUE(chat_->say("hello", nullptr).ok());
    context_.emplace(CommandContext{*chat_, "tiny", [this](const std::string& line) { told_ += line + "\n"; },
                                    [this]() -> Status {
                                      auto answer = chat_->retry(nullptr);
                                      return answer.ok() ? Status() : answer.error();
                                    }});
  }

  app::Chat& chat() { return *chat_; }
  CommandContext& context() { return *context_; }
  /// What the command told, or its error.
  std::string run(const std::string& line) {
    told_.clear();
    Status done = run_command(*context_, line);
    return done.ok() ? told_ : "error: " + done.error().to_string();
  }
  Json conversation() { return app::to_json(app::ChatRecord{"", chat_->messages()}); }

 private:
  app::LoadedModel loaded_;
  std::optional<app::Chat> chat_;
  std::optional<CommandContext> context_;
  std::string told_;
};

void test_help(Scene& scene) {
  const std::string help = scene.run("/help");
  for (const ChatCommand& command : chat_commands()) {
    EXPECT_FALSE(command.what.empty()) << command.name;
    EXPECT_THAT(help, HasSubstr("/" + std::string(command.name) + " " + std::string(command.words)));
    EXPECT_THAT(help, HasSubstr(std::string(command.what)));
  }
}

void test_save(Scene& scene) {
  const Path folder = test_folder("chat_save"), file = folder / "a chat.json";
  EXPECT_THAT(scene.run("/save " + file.string()), HasSubstr("saved 3 messages"));
  auto record = app::read_chat_record(file);
  ASSERT_TRUE(record.ok()) << record.error().to_string();
  EXPECT_EQ(record->model, "tiny");
  EXPECT_EQ(record->messages[0].content, "be brief");
  EXPECT_THAT(scene.run("/save " + file.string()), HasSubstr("saved"));  // a conversation may be saved over one
  ASSERT_TRUE(write_file(folder / "other", "mine").ok());
  EXPECT_THAT(scene.run("/save " + (folder / "other").string()), HasSubstr("no conversation"));
  EXPECT_EQ(*read_file(folder / "other"), "mine");
  EXPECT_THAT(scene.run("/save " + (folder / "missing" / "x").string()), HasSubstr("error:"));
}

void test_load(Scene& scene) {
  const Path folder = test_folder("chat_load");
  const Json before = scene.conversation();
  scene.run("/save " + (folder / "saved").string());
  scene.run("/clear");
  EXPECT_THAT(scene.run("/load " + (folder / "saved").string()), HasSubstr("loaded 3 messages"));
  EXPECT_EQ(scene.conversation(), before);
  const char* kBroken[] = {"{", "[]x", R"({"messages": [{"role": "assistant", "content": "a"}]})",
                           R"([{"role": "user"}, 1])"};
  for (const char* broken : kBroken) {
    ASSERT_TRUE(write_file(folder / "broken", broken).ok());
    EXPECT_THAT(scene.run("/load " + (folder / "broken").string()),
                HasSubstr("error: " + (folder / "broken").string()));
    EXPECT_EQ(scene.conversation(), before) << broken;
  }
  ASSERT_TRUE(write_file(folder / "asked", R"({"model": "big", "messages": [{"role": "user", "content": "a"}]})").ok());
  EXPECT_THAT(scene.run("/load " + (folder / "asked").string()),
              testing::AllOf(HasSubstr("a conversation with big"), HasSubstr("/retry answers it")));
  EXPECT_EQ(scene.run("/retry"), "");
  EXPECT_EQ(scene.chat().messages().size(), 2u);
}

void test_retry(Scene& scene) {
  const std::string before = scene.chat().messages().back().content;
  EXPECT_EQ(scene.run("/retry"), "");
  EXPECT_EQ(scene.chat().messages().size(), 3u);
  EXPECT_NE(scene.chat().messages().back().content, before);
  scene.run("/set temperature 0");
  EXPECT_THAT(scene.run("/retry"), HasSubstr("the same"));
  scene.run("/clear");
  EXPECT_THAT(scene.run("/retry"), HasSubstr("error: "));
}

void test_undo(Scene& scene) {
  EXPECT_EQ(scene.run("/undo"), "taken back: hello\n");
  EXPECT_EQ(scene.chat().messages().size(), 1u);
  EXPECT_THAT(scene.run("/undo"), HasSubstr("error: there is no message"));
}

void test_clear(Scene& scene) {
  scene.run("/clear");
  EXPECT_EQ(scene.chat().messages().size(), 1u);
  EXPECT_EQ(scene.chat().system(), "be brief");
}

void test_system(Scene& scene) {
  EXPECT_EQ(scene.run("/system"), "system: be brief\n");
  EXPECT_EQ(scene.run("/system  짧게 말해. "), "system: 짧게 말해.\n");
  EXPECT_EQ(scene.chat().system(), "짧게 말해.");
  EXPECT_THAT(scene.run("/system \"\""), HasSubstr("nothing"));
  EXPECT_EQ(scene.chat().system(), "");
  EXPECT_EQ(scene.chat().messages().size(), 2u);
}

void test_set(Scene& scene) {
  const std::string all = scene.run("/set");
  for (const char* name : {"temperature", "top-k", "top-p", "min-p", "max-tokens", "seed", "repetition-penalty"})
    EXPECT_THAT(all, HasSubstr(name));
  EXPECT_THAT(scene.run("/set temperature 0.25"), HasSubstr("0.25"));
  EXPECT_THAT(scene.run("/set top_k 40"), HasSubstr("40"));
  EXPECT_THAT(scene.run("/set top_k"), HasSubstr("40"));
  EXPECT_THAT(scene.run("/set stop [end] here"), HasSubstr("[end] here"));
  EXPECT_EQ(scene.chat().options().sampling.temperature, 0.25);
  EXPECT_EQ(scene.chat().options().sampling.top_k, 40);
  EXPECT_THAT(scene.chat().options().stop, ElementsAre("[end] here"));
  EXPECT_THAT(scene.run("/set temprature 1"), HasSubstr("did you mean temperature?"));
  for (const char* wrong :
       {"temperature -1", "temperature warm", "top-p 1.5", "top-k 1.5", "max-tokens -3", "seed x"}) {
    EXPECT_THAT(scene.run(std::string("/set ") + wrong), HasSubstr("error: ")) << wrong;
  }
  EXPECT_EQ(scene.chat().options().sampling.temperature, 0.25);
  EXPECT_EQ(scene.chat().options().max_tokens, 8);
}

void test_tokens(Scene& scene) {
  auto size = scene.chat().size();
  ASSERT_TRUE(size.ok());
  EXPECT_THAT(scene.run("/tokens"),
              HasSubstr(std::to_string(size->tokens) + " tokens in 3 messages; the context has 256"));
}

void test_end(Scene& scene, const char* name) {
  EXPECT_FALSE(scene.context().ended);
  scene.run(name);
  EXPECT_TRUE(scene.context().ended);
}

TEST(ChatCommands, EachDoesWhatItsHelpSays) {
  const std::map<std::string_view, void (*)(Scene&)> tests = {
      {"help", test_help},
      {"save", test_save},
      {"load", test_load},
      {"retry", test_retry},
      {"undo", test_undo},
      {"clear", test_clear},
      {"system", test_system},
      {"set", test_set},
      {"tokens", test_tokens},
      {"exit", [](Scene& scene) { test_end(scene, "/exit"); }},
      {"quit", [](Scene& scene) { test_end(scene, "/quit"); }},
  };
  for (const ChatCommand& command : chat_commands()) {
    SCOPED_TRACE(command.name);
    auto test = tests.find(command.name);
    ASSERT_NE(test, tests.end()) << "has no test";
    Scene scene;
    test->second(scene);
    const std::string name = "/" + std::string(command.name);
    if (command.takes == ChatCommand::Takes::kNothing) {
      EXPECT_THAT(scene.run(name + " word"), HasSubstr("takes nothing"));
    }
    if (command.takes == ChatCommand::Takes::kFile) {
      EXPECT_THAT(scene.run(name), HasSubstr("a file is missing"));
    }
  }
}

TEST(ChatCommands, AnUnknownOneNamesTheNearest) {
  Scene scene;
  EXPECT_THAT(scene.run("/sytem x"), HasSubstr("did you mean /system?"));
  EXPECT_THAT(scene.run("/usr/local/bin"), HasSubstr("written with //"));
  EXPECT_THAT(scene.run("/"), HasSubstr("error: "));
}

TEST(ChatCommands, WordsAreCompleted) {
  Scene scene;
  auto words = [&](const char* before, const char* word) { return complete_command(scene.chat(), before, word).words; };
  EXPECT_THAT(words("", "/s"), ElementsAre("/save", "/system", "/set"));
  EXPECT_THAT(words("", "he"), IsEmpty());
  EXPECT_THAT(words("/set ", "top-"), ElementsAre("top-k", "top-p", "top-n-sigma"));
  EXPECT_THAT(words("/retry ", "x"), IsEmpty());
  EXPECT_TRUE(complete_command(scene.chat(), "/load ", "x").files);
  EXPECT_FALSE(complete_command(scene.chat(), "say ", "x").files);
}

}  // namespace
}  // namespace malmoi::cli
