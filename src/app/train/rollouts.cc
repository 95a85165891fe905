#include "app/train/rollouts.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "app/reward/folder_judge.h"
#include "app/use/generation_defaults.h"
#include "base/counted.h"
#include "base/log.h"
#include "base/rng.h"
#include "infer/collect.h"
#include "nn/state.h"
#include "tokenizer/document_marks.h"

namespace malmoi::app {
namespace {

using train::NamedFigure;
using train::TrainConfig;

constexpr double kGreedy = 0;
// Answers that are decoded together: more fill a processor no better.
constexpr int64_t kAnswersTogether = 64;
// Beyond it rewards count as so much: f32 holds it, and the squares of its differences are finite.
constexpr double kMostReward = 1e9;
// What prompts that were read may keep, so that a group's is read once.
constexpr size_t kPrefixBytes = 256 << 20;

double deviation_of(std::span<const float> rewards) {
  double mean = 0, squares = 0;
  for (float r : rewards) mean += static_cast<double>(r) / static_cast<double>(rewards.size());
  for (float r : rewards) squares += (static_cast<double>(r) - mean) * (static_cast<double>(r) - mean);
  return rewards.size() > 1 ? std::sqrt(squares / static_cast<double>(rewards.size() - 1)) : 0;
}

}  // namespace

RolloutSource::RolloutSource(const TrainConfig& config, std::vector<RolloutPrompt> prompts,
                             const std::unique_ptr<model::Model>& model, const tokenizer::Tokenizer& tokenizer,
                             reward::RewardSet rewards, const Job& job)
    : config_(config),
      prompts_(std::move(prompts)),
      model_(model),
      tokenizer_(tokenizer),
      rewards_(std::move(rewards)),
      job_(job),
      group_(static_cast<uint64_t>(config.objective.rollouts.group)) {
  if (auto end = tokenizer::document_marks(tokenizer).after) ends_.push_back(*end);
  if (config.init_from) {
    for (int32_t id : end_ids(*config.init_from)) ends_.push_back(id);
  }
}

uint64_t RolloutSource::tokens() const {
  uint64_t tokens = 0;
  for (const RolloutPrompt& prompt : prompts_) tokens += prompt.ids.size();
  return tokens * group_;
}

Status RolloutSource::prepare(uint64_t first, uint64_t count) {
  std::vector<Asked> asked;
  std::vector<const GivenAnswer*> given;  // of each row; null: it is sampled
  for (uint64_t n = first; n < first + count; ++n) {
    const RolloutPrompt& prompt = prompt_of(n);
    const auto [seed, draw, unused, other] = philox(config_.seed, kRolloutStream, n);
    const bool sampled = !prompt.given || draw * 0x1.0p-32 < config_.objective.rollouts.on_policy;
    given.push_back(sampled ? nullptr : &*prompt.given);
    if (sampled) asked.push_back({&prompt, seed, config_.objective.rollouts.temperature});
  }
  std::vector<Answer> sampled;
  figures_.clear();
  if (!asked.empty()) {
    const double begin = monotonic_seconds();
    MALMOI_ASSIGN(sampled, sample(asked));
    sampled_in_ = monotonic_seconds() - begin;
    MALMOI_TRY(judge(asked, sampled));
    tell_groups(sampled);
  }
  if (config_.objective.rollouts.on_policy < 1)
    figures_.emplace_back("on_policy", static_cast<double>(asked.size()) / static_cast<double>(count));
  answers_.clear();
  auto next = sampled.begin();
  for (const GivenAnswer* answer : given)
    answers_.push_back(answer ? Answer{.ids = answer->ids, .prompt = answer->prompt} : std::move(*next++));
  first_ = first;
  return {};
}

const RolloutPrompt& RolloutSource::prompt_of(uint64_t n) const {
  const uint64_t group = n / group_, epoch = group / prompts_.size(), index = group % prompts_.size();
  return prompts_[config_.data.shuffled ? train::permute(index, prompts_.size(), config_.seed, epoch) : index];
}

void RolloutSource::append(uint64_t n, train::Examples& out) const {
  const Answer& answer = answers_[static_cast<size_t>(n - first_)];
  const size_t tokens = answer.ids.size();
  const auto length = static_cast<int32_t>(tokens), prompt = static_cast<int32_t>(answer.prompt);
  std::vector<int32_t> positions(tokens), segments(tokens, 1), mask(tokens, 0);
  std::iota(positions.begin(), positions.end(), 0);
  std::fill(mask.begin() + prompt, mask.end(), 1);
  // Of log-probabilities that are not finite the objective takes its own: the answer was drawn by the weights that learn from it.
  const std::vector<float> own(tokens - 1, std::numeric_limits<float>::quiet_NaN());
  const std::map<std::string_view, std::span<const int32_t>> integers{
      {"ids", answer.ids},         {"prompt_len", {&prompt, 1}}, {"length", {&length, 1}},
      {"position_ids", positions}, {"segment_ids", segments},    {"loss_mask", mask}};
  const std::map<std::string_view, std::span<const float>> numbers{{"rewards", {&answer.reward, 1}},
                                                                   {"old_logps", own}};
  auto found = [](const auto& columns, std::string_view name) {
    const auto column = columns.find(name);
    return column == columns.end() ? decltype(column->second){} : column->second;
  };
  const train::ArrayFormat& format = train::objective_entry(config_.objective.name).arrays;
  train::ArrayRow row;
  for (const train::ArrayColumn& column : format.columns) {
    row.integers.push_back(found(integers, column.name));
    row.numbers.push_back(found(numbers, column.name));
  }
  format.append(row, {}, out);
}

Result<std::vector<RolloutSource::Answer>> RolloutSource::sample(const std::vector<Asked>& asked) {
  MALMOI_ASSIGN(auto scheduler,
                infer::Scheduler::create(*model_, {.max_running = kAnswersTogether, .prefix_bytes = kPrefixBytes}));
  std::vector<infer::TokenRequest> requests;
  std::vector<int32_t> ends = ends_;
  for (const Asked& one : asked) {
    infer::TokenRequest request;
    request.prompt = one.prompt->ids;
    request.max_tokens = config_.objective.rollouts.max_tokens;
    request.sampling.temperature = one.temperature;
    request.sampling.top_p = config_.objective.rollouts.top_p;
    request.sampling.top_k = config_.objective.rollouts.top_k;
    request.sampling.seed = one.seed;
    requests.push_back(std::move(request));
    for (int32_t id : one.prompt->ends) {
      if (std::ranges::find(ends, id) == ends.end()) ends.push_back(id);
    }
  }
  MALMOI_ASSIGN(const auto written, infer::collect(*scheduler, std::move(requests), ends, job_.stop));
  std::vector<Answer> answers;
  for (size_t i = 0; i < asked.size(); ++i) {
    std::vector<int32_t> completion = written[i];
    if (completion.empty()) return internal_error("an answer has no token", "objective.rewards");
    const bool ended = std::ranges::find(ends, completion.back()) != ends.end();
    Answer answer{.ids = asked[i].prompt->ids, .prompt = asked[i].prompt->ids.size(), .truncated = !ended};
    answer.ids.insert(answer.ids.end(), completion.begin(), completion.end());
    if (ended) completion.pop_back();
    answer.text = tokenizer_.decode(completion, true);
    answers.push_back(std::move(answer));
  }
  return answers;
}

Status RolloutSource::judge(const std::vector<Asked>& asked, std::vector<Answer>& answers) {
  figures_.clear();
  if (rewards_.size() == 0) return {};
  std::vector<reward::RewardInput> inputs;
  for (size_t i = 0; i < asked.size(); ++i)
    inputs.push_back({asked[i].prompt->text, answers[i].text, asked[i].prompt->row});
  MALMOI_ASSIGN(const reward::BatchRewards judged, rewards_.judge(inputs, job_));
  for (size_t i = 0; i < answers.size(); ++i) {
    const double total = std::isnan(judged.totals[i]) ? 0 : judged.totals[i];  // of infinite parts of both signs
    answers[i].reward = static_cast<float>(std::clamp(total, -kMostReward, kMostReward));
  }
  figures_ = judged.figures();
  return {};
}

void RolloutSource::tell_groups(std::span<const Answer> answers) {
  const auto group = static_cast<size_t>(group_);
  std::vector<float> rewards;
  double deviation = 0, equal = 0;
  for (const Answer& answer : answers) rewards.push_back(answer.reward);
  const double groups = static_cast<double>(answers.size()) / static_cast<double>(group);
  for (size_t begin = 0; begin + group <= rewards.size(); begin += group) {
    const double own = deviation_of(std::span(rewards).subspan(begin, group));
    deviation += own / groups;
    equal += own == 0 ? 1 / groups : 0;
  }
  if (group > 1) figures_.insert(figures_.end(), {{"reward_std", deviation}, {"zero_variance", equal}});
  tell_lengths(answers, figures_);
  tell_speed(answers);
}

void RolloutSource::tell_speed(std::span<const Answer> answers) {
  double tokens = 0;
  for (const Answer& answer : answers) tokens += static_cast<double>(answer.ids.size() - answer.prompt);
  figures_.insert(figures_.end(), {{"rollout_tokens", tokens}, {"rollout_seconds", sampled_in_}});
}

void RolloutSource::tell_lengths(std::span<const Answer> answers, std::vector<NamedFigure>& figures) {
  double tokens = 0, truncated = 0;
  const double share = 1 / static_cast<double>(std::max<size_t>(answers.size(), 1));
  for (const Answer& answer : answers) {
    tokens += share * static_cast<double>(answer.ids.size() - answer.prompt);
    truncated += answer.truncated ? share : 0;
  }
  figures.insert(figures.end(), {{"answer_tokens", tokens}, {"truncated", truncated}});
}

Result<std::vector<NamedFigure>> RolloutSource::evaluate(const std::vector<RolloutPrompt>& prompts) {
  std::vector<Asked> asked;
  for (const RolloutPrompt& prompt : prompts) asked.push_back({&prompt, 0, kGreedy});
  MALMOI_ASSIGN(std::vector<Answer> answers, sample(asked));
  const std::vector<NamedFigure> of_training = figures_;
  MALMOI_TRY(judge(asked, answers));
  std::vector<NamedFigure> figures = std::exchange(figures_, of_training);
  tell_lengths(answers, figures);
  return figures;
}

size_t answers_bytes(const TrainConfig& config, const model::Model& model) {
  const bool samples = config.objective.rollouts.on_policy > 0 || !config.data.valid.empty();
  if (config.data.format != train::DataFormat::kPrompts || !samples) return 0;
  auto pool = nn::StatePool::create(model.backbone->states(), activation_type(config.precision), SIZE_MAX);
  if (!pool.ok()) return 0;
  const int64_t answers = config.sequences_per_step(), together = std::min(kAnswersTogether, answers);
  const size_t one = (*pool)->bytes_for(config.data.sequence_length, 0, infer::SchedulerOptions().prefill_rows);
  // Of the others, prompts that were read are kept.
  const auto others = static_cast<size_t>((answers - together) / config.objective.rollouts.group);
  return static_cast<size_t>(together) * one + std::min(others * one, kPrefixBytes);
}

Result<PreparedData> prepare_rollouts(const TrainConfig& config, const std::unique_ptr<model::Model>& model,
                                      const tokenizer::Tokenizer& tokenizer, const Job& job) {
  MALMOI_ASSIGN(reward::RewardSet rewards, read_rewards(config));
  MALMOI_ASSIGN(std::vector<RolloutPrompt> prompts,
                read_prompts(config, config.data.train, *model, tokenizer, rewards, true));
  const auto cut =
      std::ranges::count_if(prompts, [](const RolloutPrompt& prompt) { return prompt.given && prompt.given->cut; });
  if (cut > 0)
    job.warn(fmt::format("{} of the data do not fit data.sequence_length and were cut off",
                         counted(static_cast<uint64_t>(cut), "answer")));
  std::vector<RolloutPrompt> held_out;
  if (!config.data.valid.empty()) {
    MALMOI_ASSIGN(held_out, read_prompts(config, config.data.valid, *model, tokenizer, rewards, false));
  }
  MALMOI_TRY(rewards.open_models([&](const reward::JudgeOptions& options) { return open_judge(options, job); }));
  MALMOI_TRY(rewards.begin());
  auto source = std::make_unique<RolloutSource>(config, std::move(prompts), model, tokenizer, std::move(rewards), job);
  PreparedData prepared{.documents = source->size() / static_cast<uint64_t>(config.objective.rollouts.group)};
  if (!held_out.empty())
    prepared.measure = [&from = *source, held_out = std::move(held_out)] { return from.evaluate(held_out); };
  prepared.train = std::move(source);
  return prepared;
}

}  // namespace malmoi::app
