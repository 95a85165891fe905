// The engine with a tiny random model: streams, stops, many requests together, cancellation, draining.
#include "infer/engine.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <future>
#include <thread>

#include "base/parallel.h"
#include "base/utf8.h"
#include "infer/tiny_model.h"

namespace malmoi::infer {
namespace {

struct Answer {
  std::string text;
  std::vector<int32_t> ids;
  std::vector<std::string> pieces;
  std::vector<TokenEvent> events;
  FinishReason finish = FinishReason::kNone;
  std::string error;
};

// One request under way; get() waits for its end.
class Pending {
 public:
  Pending(Engine& engine, Request request, std::function<bool(const TokenEvent&)> also = {}) {
    status = engine.submit(std::move(request), [state = state_, also](const TokenEvent& event) {
      Answer& a = state->answer;
      a.text += event.text;
      a.pieces.push_back(event.text);
      a.events.push_back(event);
      if (event.id >= 0) a.ids.push_back(event.id);
      bool go_on = !also || also(event);
      if (event.finish != FinishReason::kNone) {
        a.finish = event.finish;
        a.error = event.error;
        state->done.set_value();
      }
      return go_on;
    });
  }
  Answer get() {
    EXPECT_TRUE(status.ok()) << status.error().to_string();
    auto done = state_->done.get_future();
    EXPECT_EQ(done.wait_for(std::chrono::seconds(60)), std::future_status::ready) << "no end";
    return state_->answer;
  }
  Status status;

 private:
  struct State {
    Answer answer;
    std::promise<void> done;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

std::vector<int32_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), reinterpret_cast<const uint8_t*>(text.data()) + text.size()};
}

class EngineTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    model_ = tiny_model().release();
    auto tokenizer = tokenizer::Tokenizer::from_json(tiny_tokenizer_json());
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().to_string();
    tokenizer_ = new tokenizer::Tokenizer(*std::move(tokenizer));
  }
  static void TearDownTestSuite() {
    delete model_;
    delete tokenizer_;
  }
  static Request request(std::string_view prompt, int64_t max_tokens = 24, uint64_t seed = 1) {
    Request r{{.prompt = bytes_of(prompt), .max_tokens = max_tokens}};
    r.sampling.seed = seed;
    return r;
  }
  // Almost only bytes of Korean syllables: whole characters, broken ones, every cut between them.
  static Request korean(uint64_t seed, int64_t max_tokens = 60) {
    Request r = request("말", max_tokens, seed);
    r.sampling.temperature = 3;
    for (int32_t byte = 0; byte < 264; ++byte) {
      bool part = (byte >= 0xEA && byte <= 0xED) || (byte >= 0x80 && byte <= 0xBF);
      if (!part) r.sampling.logit_bias.emplace_back(byte, -100.f);
      else if (byte >= 0xEA) r.sampling.logit_bias.emplace_back(byte, 6.f);
    }
    return r;
  }
  static Answer run(Request r, EngineOptions options = {}) {
    auto engine = engine_of(options);
    return Pending(*engine, std::move(r)).get();
  }
  static std::unique_ptr<Engine> engine_of(EngineOptions options = {}) {
    auto engine = Engine::create(*model_, *tokenizer_, options);
    EXPECT_TRUE(engine.ok()) << engine.error().to_string();
    return *std::move(engine);
  }
  static model::Model* model_;
  static tokenizer::Tokenizer* tokenizer_;
};
model::Model* EngineTest::model_ = nullptr;
tokenizer::Tokenizer* EngineTest::tokenizer_ = nullptr;

TEST_F(EngineTest, AStreamNeverCutsACharacterAndAddsUpToTheWholeText) {
  int multibyte = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Answer a = run(korean(seed));
    EXPECT_EQ(a.finish, FinishReason::kLength);
    EXPECT_EQ(a.ids.size(), 60u);
    EXPECT_EQ(a.text, tokenizer_->decode(a.ids));
    for (const std::string& piece : a.pieces) {
      EXPECT_TRUE(is_valid_utf8(piece));
      multibyte += piece.size() == 3 && piece != "\uFFFD";
    }
  }
  EXPECT_GT(multibyte, 20);  // the case was met
}

TEST_F(EngineTest, TheSameRequestGivesTheSameTokens) {
  EXPECT_EQ(run(request("a", 30, 5)).ids, run(request("a", 30, 5)).ids);
  EXPECT_NE(run(request("a", 30, 5)).ids, run(request("a", 30, 6)).ids);
}

TEST_F(EngineTest, ARequestsTokensDoNotDependOnWhatRunsBesideIt) {
  std::vector<Request> requests;
  for (uint64_t i = 0; i < 24; ++i) {
    Request r = request(std::string(1 + i * 3, static_cast<char>('a' + i)) + "말", 8 + static_cast<int64_t>(i) * 2, i);
    r.sampling.temperature = i % 3 == 0 ? 0 : 1;
    r.top_probabilities = 3;
    requests.push_back(r);
  }
  EngineOptions options{.max_running = 9, .prefill_rows = 13};  // prompts come in pieces beside answers
  std::vector<Answer> alone;
  for (const Request& r : requests) alone.push_back(run(r, options));
  auto engine = engine_of(options);
  std::vector<std::unique_ptr<Pending>> pending;
  for (const Request& r : requests) pending.push_back(std::make_unique<Pending>(*engine, r));
  for (size_t i = 0; i < pending.size(); ++i) {
    Answer a = pending[i]->get();
    EXPECT_EQ(a.ids, alone[i].ids) << i;
    ASSERT_EQ(a.events.size(), alone[i].events.size());
    for (size_t t = 0; t < a.events.size(); ++t)
      EXPECT_EQ(a.events[t].logprob, alone[i].events[t].logprob) << i << " " << t;  // to the bit
  }
  EXPECT_EQ(engine->stats().requests, 24);
}

TEST_F(EngineTest, TheContinuationOfACachedPromptIsThatOfOnePass) {
  Answer a = run(request("hello", 12, 3));
  std::vector<int32_t> all = bytes_of("hello");
  all.insert(all.end(), a.ids.begin(), a.ids.end());
  auto session = *Session::create(*model_);
  session->add({.ids = all}, static_cast<int64_t>(a.ids.size()) + 1);
  std::span<const float> logits = *session->logits();
  for (size_t i = 0; i < a.ids.size(); ++i) {
    auto row = logits.subspan(i * 264, 264);
    EXPECT_NEAR(a.events[i].logprob, static_cast<double>(row[static_cast<size_t>(a.ids[i])]) - log_sum_exp(row), 1e-4)
        << i;
  }
}

TEST_F(EngineTest, StopTextsAcrossTokensEndTheAnswerAndAreNotPartOfIt) {
  int met = 0;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    Answer whole = run(request("x", 40, seed));
    // Any three tokens in the middle that spell proper text make a stop text across tokens.
    for (size_t i = 5; i + 3 < whole.ids.size(); ++i) {
      std::string stop;
      for (size_t k = i; k < i + 3; ++k) stop += tokenizer_->token_bytes(whole.ids[k]);
      if (stop.size() < 3 || !is_valid_utf8(stop) || whole.text.find(stop) == std::string::npos) continue;
      ++met;
      Request r = request("x", 40, seed);
      r.stop = {"never to be found in it", stop};
      Answer cut = run(r);
      EXPECT_EQ(cut.finish, FinishReason::kStop);
      EXPECT_EQ(cut.text, whole.text.substr(0, whole.text.find(stop)));
      EXPECT_EQ(cut.text.find(stop), std::string::npos);
      break;
    }
  }
  EXPECT_GT(met, 3);
}

TEST_F(EngineTest, TextHeldBackForAStopThatNeverComesIsGivenAtTheEnd) {
  Request r = request("x", 20, 2);
  Answer whole = run(r);
  r.stop = {whole.text.substr(whole.text.size() - 1) + "!!!never"};
  EXPECT_EQ(run(r).text, whole.text);
}

TEST_F(EngineTest, AnEndTokenEndsTheAnswer) {
  Request r = request("x", 50, 1);
  r.sampling.logit_bias = {{kTinyEnd, 100.f}};
  r.stop_ids = {kTinyEnd};
  Answer a = run(r);
  EXPECT_EQ(a.finish, FinishReason::kStop);
  EXPECT_TRUE(a.ids.empty());
  EXPECT_EQ(a.text, "");
  r.stop_ids.clear();
  EXPECT_EQ(run(r).ids, std::vector<int32_t>(50, kTinyEnd));
}

TEST_F(EngineTest, SpecialTokensAreNothingUnlessTheyAreToBeSpelled) {
  Request r = request("a", 3);
  r.sampling.logit_bias = {{kTinyEnd, 100.f}};
  EXPECT_EQ(run(r).text, "");
  r.spelled_ids = {kTinyEnd};
  EXPECT_EQ(run(r).text, "<|endoftext|><|endoftext|><|endoftext|>");
}

TEST_F(EngineTest, EveryTokenComesWithItsAlternatives) {
  Request r = request("x", 10, 1);
  r.top_probabilities = 264;
  r.sampling.top_k = 4;
  for (const TokenEvent& event : run(r).events) {
    ASSERT_EQ(event.top.size(), 264u);
    double raw = 0, after = 0;
    for (const chat::TokenReport& c : event.top) {
      raw += std::exp(c.logprob);
      after += c.chance;
      if (c.id != event.id) continue;
      EXPECT_EQ(c.logprob, event.logprob);
      EXPECT_EQ(c.chance, event.chance);
    }
    EXPECT_NEAR(raw, 1, 1e-6);
    EXPECT_NEAR(after, 1, 1e-9);
    EXPECT_GT(event.chance, 0);
  }
}

TEST_F(EngineTest, RefusesWhatCannotRun) {
  auto engine = engine_of();
  EXPECT_FALSE(Pending(*engine, Request{}).status.ok());
  EXPECT_FALSE(Pending(*engine, Request{{.prompt = {264}}}).status.ok());
  EXPECT_FALSE(Pending(*engine, Request{{.prompt = {-1}}}).status.ok());
  EXPECT_FALSE(Pending(*engine, request(std::string(128, 'a'))).status.ok());
  Request wrong = request("a");
  wrong.sampling.top_p = 2;
  EXPECT_FALSE(Pending(*engine, wrong).status.ok());
  Answer to_the_brim = Pending(*engine, request(std::string(120, 'a'), 1000)).get();
  EXPECT_EQ(to_the_brim.ids.size(), 8u);
  EXPECT_EQ(to_the_brim.finish, FinishReason::kLength);
  Answer nothing = Pending(*engine, request("a", 0)).get();
  EXPECT_TRUE(nothing.ids.empty());
  EXPECT_EQ(nothing.finish, FinishReason::kLength);
}

TEST_F(EngineTest, AHandlerThatReturnsFalseEndsItsRequestAlone) {
  auto engine = engine_of();
  auto seen = std::make_shared<std::atomic<int>>(0);
  Pending cancelled(*engine, request("a", 100), [seen](const TokenEvent&) { return ++*seen < 3; });
  EXPECT_EQ(Pending(*engine, request("b", 60)).get().ids.size(), 60u);
  EXPECT_EQ(*seen, 3);
  engine->drain(10);
  EXPECT_EQ(engine->stats().running, 0);
}

TEST_F(EngineTest, ARequestedStopEndsARequestThatWaits) {
  auto engine = engine_of({.max_running = 1});
  std::promise<void> first_runs, go_on;
  auto gate = go_on.get_future().share();
  bool told = false;
  Pending first(*engine, request("a", 3), [&](const TokenEvent&) {
    if (!std::exchange(told, true)) first_runs.set_value(), gate.wait();
    return true;
  });
  first_runs.get_future().wait();
  StopSource stop;
  Request second = request("b", 3);
  second.cancel = stop.token();
  Pending waiting(*engine, second);
  EXPECT_EQ(engine->stats().waiting, 1);
  stop.request();
  go_on.set_value();
  Answer a = waiting.get();
  EXPECT_EQ(a.finish, FinishReason::kCancelled);
  EXPECT_TRUE(a.ids.empty());
  EXPECT_EQ(first.get().ids.size(), 3u);
}

TEST_F(EngineTest, DrainFinishesWhatRunsAndRefusesTheRest) {
  auto engine = engine_of({.max_running = 2});
  std::vector<std::unique_ptr<Pending>> pending;
  for (uint64_t i = 0; i < 6; ++i) pending.push_back(std::make_unique<Pending>(*engine, request("a", 20, i)));
  engine->drain(60);
  for (auto& p : pending) EXPECT_EQ(p->get().ids.size(), 20u);
  EXPECT_FALSE(Pending(*engine, request("a")).status.ok());
  EngineStats stats = engine->stats();
  EXPECT_EQ(stats.running + stats.waiting, 0);
  EXPECT_EQ(stats.generated_tokens, 120);
  EXPECT_EQ(stats.prompt_tokens, 6);
}

TEST_F(EngineTest, DrainWithoutTimeCancels) {
  auto engine = engine_of({.max_running = 1});
  auto slow = [](const TokenEvent&) { return std::this_thread::sleep_for(std::chrono::milliseconds(2)), true; };
  Pending a(*engine, request("a", 100), slow), b(*engine, request("b", 100), slow);
  engine->drain(0);
  EXPECT_EQ(a.get().finish, FinishReason::kCancelled);
  EXPECT_EQ(b.get().finish, FinishReason::kCancelled);
}

TEST_F(EngineTest, SubmittingFromManyThreads) {
  auto engine = engine_of({.max_running = 4});
  std::vector<int32_t> want = run(request("a", 10, 3)).ids;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(Pending(*engine, request("a", 10, 3)).get().ids, want);
        engine->stats();
      }
    });
  }
  for (std::thread& t : threads) t.join();
}

TEST_F(EngineTest, GenerateGivesWhatAnEngineGivesOnTheCallingThread) {
  std::vector<int32_t> ids;
  std::thread::id caller = std::this_thread::get_id();
  Status status = generate(*model_, *tokenizer_, request("a", 10, 3), [&](const TokenEvent& event) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    if (event.id >= 0) ids.push_back(event.id);
    return true;
  });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(ids, run(request("a", 10, 3)).ids);
}

// What a scheduler did before, be it ended by its sink, changes nothing of what it gives next.
TEST_F(EngineTest, GenerateGivesTheSameByASchedulerThatStays) {
  auto scheduler = Scheduler::create(*model_, {.max_running = 1});
  ASSERT_TRUE(scheduler.ok());
  for (int round = 0; round < 3; ++round) {
    std::vector<int32_t> ids;
    auto hear = [&](const TokenEvent& event) {
      if (event.id >= 0) ids.push_back(event.id);
      return round != 1 || ids.size() < 2;
    };
    ASSERT_TRUE(generate(**scheduler, *tokenizer_, request("a", 10, 3), hear).ok());
    std::vector<int32_t> want = run(request("a", 10, 3)).ids;
    if (round == 1) want.resize(2);
    EXPECT_EQ(ids, want);
    EXPECT_EQ((*scheduler)->stats().running, 0);
  }
  EXPECT_FALSE(generate(**scheduler, *tokenizer_, Request{}, [](const TokenEvent&) { return true; }).ok());
}

TEST_F(EngineTest, AnswersOfOneRequestHaveTextsOfTheirOwn) {
  Request r = korean(4);
  r.answers = 3;
  r.stop = {run(korean(5)).text.substr(30, 9)};  // of the second answer alone
  std::vector<std::string> texts(3);
  std::vector<FinishReason> ends(3, FinishReason::kNone);
  Status status = generate(*model_, *tokenizer_, r, [&](const TokenEvent& event) {
    auto i = static_cast<size_t>(event.answer);
    EXPECT_EQ(ends[i], FinishReason::kNone);
    texts[i] += event.text;
    ends[i] = event.finish;
    return true;
  });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(texts[0], run(korean(4)).text);
  EXPECT_EQ(texts[1], run(korean(5)).text.substr(0, 30));
  EXPECT_EQ(texts[2], run(korean(6)).text);
  EXPECT_EQ(ends, (std::vector{FinishReason::kLength, FinishReason::kStop, FinishReason::kLength}));
}

TEST_F(EngineTest, AnEngineThatCannotRunIsAnError) {
  auto poor = Engine::create(*model_, *tokenizer_, {.state_bytes = 1000});
  ASSERT_FALSE(poor.ok());
  EXPECT_EQ(poor.error().code, ErrorCode::kOutOfMemory);
  auto encoder = tiny_encoder();
  EXPECT_FALSE(Engine::create(*encoder, *tokenizer_).ok());
  EXPECT_FALSE(generate(*encoder, *tokenizer_, request("a"), [](const TokenEvent&) { return true; }).ok());
}

}  // namespace
}  // namespace malmoi::infer
