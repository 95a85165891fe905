// Every family of the table against the reference's logits, hidden states and greedy continuation: folders in Hugging Face
// layout (tests/data/models) and GGUF files as llama.cpp's converter writes them (tests/data/gguf).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "infer/scheduler.h"
#include "infer/session.h"
#include "infer/test_array.h"
#include "infer/test_scheduler.h"
#include "model/load.h"
#include "model/registry.h"
#include "model/save.h"

namespace malmoi::infer {
namespace {

// A golden of either kind: its folder, and what is opened.
struct Place {
  std::string name;
  Path folder, model;
};
// Whatever stands in the two folders: a family is tested as soon as its golden is there.
std::vector<Place> all_goldens() {
  std::vector<Place> all;
  for (const char* kind : {"models", "gguf"}) {
    std::vector<Path> folders;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(Path(MALMOI_TEST_DATA) / kind, error)) {
      if (malmoi::exists(entry.path() / "fixture.json")) folders.push_back(entry.path());
    }
    std::sort(folders.begin(), folders.end());
    const bool as_gguf = std::string_view(kind) == "gguf";
    for (const Path& folder : folders) {
      const std::string name = folder.filename().string();
      all.push_back({(as_gguf ? "gguf_" : "") + name, folder, as_gguf ? folder / "model.gguf" : folder});
    }
  }
  return all;
}

TEST(Goldens, EveryFamilyHasOne) {
  std::set<std::string> seen, as_gguf;
  for (const Place& place : all_goldens()) {
    auto model = model::load_config(place.model);
    ASSERT_TRUE(model.ok()) << model.error().to_string();
    (place.model == place.folder ? seen : as_gguf).insert((*model)->model_type());
  }
  for (const model::Family* family : model::family_table()) {
    std::string name(family->model_type);
    EXPECT_TRUE(seen.contains(name)) << name;
    EXPECT_EQ(as_gguf.contains(name), family->gguf && family->gguf->read_as.empty()) << name;
  }
}

class Golden : public testing::TestWithParam<Place> {
 protected:
  void SetUp() override {
    auto model = model::load_model(GetParam().model, {model::Purpose::kServing, DType::kF32});
    ASSERT_TRUE(model.ok()) << model.error().to_string();
    model_ = *std::move(model);
    tolerance_ = (*read_json((folder_ / "fixture.json").string()))["tolerance"];
  }
  // The texts of the fixture as one pass.
  void add_texts(Session& session, bool types) {
    for (int64_t b = 0; b < ids_.shape[0]; ++b) {
      nn::RunInput text{.ids = ids_.row(b)};
      if (mask_) text.mask = mask_.row(b);
      if (types) text.token_types = types_.row(b);
      if (!decoder_ids_) {
        session.add(text, ids_.shape[1]);
        continue;
      }
      session.add({.ids = decoder_ids_.row(b)}, decoder_ids_.shape[1], &text);
    }
  }
  // Rows of padding have no values in the reference.
  void expect_near(std::span<const float> got, const Array<float>& want, bool padded) {
    ASSERT_EQ(got.size(), want.values.size());
    padded = padded && mask_;
    size_t width = padded ? got.size() / mask_.values.size() : 1;
    double worst = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      if (padded && mask_.values[i / width] == 0) continue;
      worst = std::max(worst, static_cast<double>(std::abs(got[i] - want.values[i])));
    }
    EXPECT_LE(worst, tolerance_);
  }
  std::unique_ptr<Session> session(bool row_invariant) {
    return *Session::create(*model_, {.row_invariant = row_invariant});
  }

  Path folder_ = GetParam().folder;
  std::unique_ptr<model::Model> model_;
  double tolerance_ = 0;
  Array<int32_t> ids_{folder_ / "ids.npy"}, mask_{folder_ / "mask.npy"}, types_{folder_ / "token_type_ids.npy"};
  Array<int32_t> decoder_ids_{folder_ / "decoder_ids.npy"}, greedy_{folder_ / "greedy.npy"};
};

TEST_P(Golden, LogitsWithinTheTolerance) {
  Array<float> logits(folder_ / "logits.npy"), labels(folder_ / "cls_logits.npy"),
      pair(folder_ / "cls_logits_pair.npy");
  if (model_->head) ASSERT_TRUE(logits || labels);
  else return;  // hidden states alone
  for (bool row_invariant : {false, true}) {
    auto pass = session(row_invariant);
    add_texts(*pass, false);
    auto got = pass->logits();
    ASSERT_TRUE(got.ok()) << got.error().to_string();
    expect_near(*got, logits ? logits : labels, logits && !decoder_ids_ && !model_->head->row_for_each_run);
    if (!pair) continue;
    add_texts(*pass, true);
    got = pass->logits();
    ASSERT_TRUE(got.ok()) << got.error().to_string();
    expect_near(*got, pair, false);
  }
}

TEST_P(Golden, HiddenStatesWithinTheTolerance) {
  Array<float> of_encoder(folder_ / "hidden.npy"), of_pair(folder_ / "encoder_hidden.npy");
  auto pass = session(false);
  for (int64_t b = 0; b < ids_.shape[0]; ++b)
    pass->add({.ids = ids_.row(b), .mask = mask_ ? mask_.row(b) : std::span<const int32_t>{}}, 0);
  auto got = pass->hidden();
  ASSERT_TRUE(got.ok()) << got.error().to_string();
  EXPECT_EQ(got->size(), ids_.values.size() * static_cast<size_t>(model_->hidden_size()));
  if (of_encoder || of_pair) expect_near(*got, of_encoder ? of_encoder : of_pair, true);
  EXPECT_EQ(of_encoder || of_pair, static_cast<bool>(mask_));  // decoders' alone are not in the fixtures
}

TEST_P(Golden, GreedyWithACacheInPieces) {
  ASSERT_EQ(static_cast<bool>(greedy_), model_->generates());
  if (!greedy_) return;
  int64_t from = decoder_ids_ ? 1 : ids_.shape[1];
  // Prompts in pieces, beside answers, in whole and half.
  for (int64_t prefill_rows : {512, 13}) {
    auto scheduler = Scheduler::create(*model_, {.prefill_rows = prefill_rows});
    ASSERT_TRUE(scheduler.ok()) << scheduler.error().to_string();
    std::vector<std::vector<int32_t>> got(static_cast<size_t>(ids_.shape[0]));
    for (int64_t b = 0; b < ids_.shape[0]; ++b) {
      TokenRequest request{.max_tokens = greedy_.shape[1] - from, .sampling = {.temperature = 0}};
      for (size_t i = 0; i < ids_.row(b).size(); ++i) {
        if (!mask_ || mask_.row(b)[i] != 0) request.prompt.push_back(ids_.row(b)[i]);
      }
      std::vector<int32_t>& answer = got[static_cast<size_t>(b)];
      Status status = (*scheduler)->submit(request, [&answer](const Token& token) {
        answer.push_back(token.id);
        return true;
      });
      ASSERT_TRUE(status.ok()) << status.error().to_string();
    }
    while ((*scheduler)->step()) {
    }
    for (int64_t b = 0; b < ids_.shape[0]; ++b) {
      auto want = greedy_.row(b).subspan(static_cast<size_t>(from));
      EXPECT_EQ(got[static_cast<size_t>(b)], std::vector<int32_t>(want.begin(), want.end()));
    }
  }
}

// Prompts that begin alike, and say again what they have said.
std::vector<TokenRequest> requests_with_beginnings(std::span<const int32_t> row, std::span<const int32_t> other) {
  std::vector<TokenRequest> requests;
  for (int32_t i = 0; i < 3; ++i) {
    TokenRequest request{.max_tokens = 12, .sampling = {.temperature = i == 1 ? 0.8 : 0.0}};
    request.prompt.assign(row.begin(), row.end());
    request.prompt.insert(request.prompt.end(), other.begin(), other.begin() + 5 * i);
    request.prompt.insert(request.prompt.end(), row.begin(), row.begin() + 4);
    requests.push_back(std::move(request));
  }
  return requests;
}

void expect_same_with_drafts_and_beginnings(const model::Model& model, std::span<const TokenRequest> requests,
                                            nn::KeyType keys = nn::KeyType::kModel) {
  const SchedulerOptions options{.prefill_rows = 13, .keys = keys};
  for (bool by_model : {false, true}) {
    SchedulerOptions faster = options;
    faster.prefix_bytes = size_t{1} << 24;
    auto draft_model = make_draft_model(model, model.outputs());  // not of a recurrent family
    if (by_model && !draft_model.ok()) continue;
    faster.drafter = by_model ? *std::move(draft_model) : make_prompt_lookup();
    Trial trial(model, faster);
    for (const TokenRequest& request : requests) {
      ASSERT_TRUE(trial.submit(request).ok());
      trial.finish();
    }
    EXPECT_GT(trial.stats().cached_tokens, 0);
    expect_as_alone(trial, model, requests, options);
  }
}

// Whatever states the family keeps, in both types of products, and with keys in 8 bits.
TEST_P(Golden, AnswersAreTheSameWithDraftsAndSharedBeginnings) {
  if (!greedy_ || decoder_ids_) return;
  const std::vector<TokenRequest> requests = requests_with_beginnings(ids_.row(0), ids_.row(ids_.shape[0] - 1));
  expect_same_with_drafts_and_beginnings(*model_, requests);
  auto rounded = model::load_model(GetParam().model, {model::Purpose::kServing, DType::kBF16});
  ASSERT_TRUE(rounded.ok()) << rounded.error().to_string();
  expect_same_with_drafts_and_beginnings(**rounded, requests);
  expect_same_with_drafts_and_beginnings(**rounded, requests, nn::KeyType::kQ8_0);
}

// The logits of a prompt's second half, its keys and values kept as `keys`.
std::vector<float> logits_over(const model::Model& model, std::span<const int32_t> prompt,
                               std::span<const int32_t> source, nn::KeyType keys, bool& in_bytes) {
  auto session = *Session::create(model, {.keys = keys});
  auto state = *session->open();
  for (int64_t slot = 0; slot < std::ssize(session->pool().layers()); ++slot) in_bytes |= state.in_bytes(slot);
  if (!source.empty()) {
    EXPECT_TRUE(session->read_source(state, source).ok());
  }
  const size_t half = prompt.size() / 2;
  session->append(state, prompt.first(half));
  EXPECT_TRUE(session->logits().ok());
  session->append(state, prompt.subspan(half), std::ssize(prompt) - static_cast<int64_t>(half));
  auto logits = session->logits();
  EXPECT_TRUE(logits.ok());
  return {logits->begin(), logits->end()};
}

TEST_P(Golden, KeysIn8BitsGiveNearlyTheSameLogits) {
  if (!greedy_) return;
  constexpr double kNear = 0.05;  // of the logits' norm
  const auto prompt = decoder_ids_ ? decoder_ids_.row(0) : ids_.row(0);
  const auto source = decoder_ids_ ? ids_.row(0) : std::span<const int32_t>{};
  bool in_bytes = false;
  const std::vector<float> plain = logits_over(*model_, prompt, source, nn::KeyType::kModel, in_bytes);
  EXPECT_FALSE(in_bytes);
  const std::vector<float> packed = logits_over(*model_, prompt, source, nn::KeyType::kQ8_0, in_bytes);
  EXPECT_EQ(plain != packed, in_bytes);
  ASSERT_EQ(plain.size(), packed.size());
  double difference = 0, norm = 0;
  for (size_t i = 0; i < plain.size(); ++i) {
    const double x = static_cast<double>(plain[i]), d = static_cast<double>(packed[i]) - x;
    difference += d * d, norm += x * x;
  }
  EXPECT_LE(std::sqrt(difference / norm), kNear);
}

TEST_P(Golden, SavedAndOpenedAgainItIsTheSame) {
  Path copy = Path(testing::TempDir()) / ("saved_" + GetParam().name);
  auto model = model::load_model(GetParam().model, {model::Purpose::kTraining, DType::kF32});
  ASSERT_TRUE(model.ok());
  ASSERT_TRUE(model::save_model(**model, copy).ok());
  auto again = model::load_model(copy, {model::Purpose::kTraining, DType::kF32});
  ASSERT_TRUE(again.ok()) << again.error().to_string();
  const auto &ours = (*model)->parameters.entries(), &theirs = (*again)->parameters.entries();
  ASSERT_EQ(ours.size(), theirs.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    auto values = [](const autograd::Parameter& p) {
      return p.master ? p.master : p.compute;
    };  // of what is not trained
    const Tensor a = values(ours[i]->parameter), b = values(theirs[i]->parameter);
    EXPECT_EQ(std::memcmp(a.data(), b.data(), a.bytes()), 0) << ours[i]->spec.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Golden, testing::ValuesIn(all_goldens()), [](const auto& info) {
  std::string name = info.param.name;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
});

}  // namespace
}  // namespace malmoi::infer
