#include "app/reward/preferences.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>

#include <fmt/format.h>

#include "app/reward/folder_judge.h"
#include "app/train/rollout_prompts.h"
#include "app/use/chat.h"
#include "app/use/generate.h"
#include "base/counted.h"
#include "base/json_read.h"
#include "base/rng.h"
#include "infer/collect.h"
#include "infer/session.h"
#include "tokenizer/document_marks.h"

namespace malmoi::app {
namespace {

constexpr int64_t kAnswersAtOnce = 64;          // that are decoded together: more fill a processor no better
constexpr size_t kPromptsKept = 256 << 20;      // bytes of prompts that were read, which their other answers begin with
constexpr int64_t kAnswersOfPiece = 1024;       // that are judged together
constexpr uint64_t kAnswerStream = 0x70726566;  // "pref", of counted random numbers
constexpr const char* kDate = "2026-01-01";     // that templates are told: the same prompts on any day

// Sums over all answers, by the names of figures.
struct PreferSums {
  double reward = 0, best = 0, tokens = 0, cut = 0;
  std::vector<std::pair<std::string, double>> parts;
};

class Preferer {
 public:
  Preferer(PreferConfig config, const LoadedModel& loaded, const Job& job)
      : options_(std::move(config.options)), rewards_(std::move(config.rewards)), loaded_(loaded), job_(job) {
    ends_ = loaded.stop_ids;
    if (auto end = tokenizer::document_marks(*loaded.tokenizer).after) ends_.push_back(*end);
  }

  Result<PreferReport> run(const Path& out) {
    MALMOI_ASSIGN(const std::vector<RolloutPrompt> prompts, read());
    MALMOI_TRY(rewards_.open_models([&](const reward::JudgeOptions& judge) { return open_judge(judge, job_); }));
    MALMOI_TRY(rewards_.begin());
    MALMOI_ASSIGN(scheduler_, infer::Scheduler::create(*loaded_.model,
                                                       {.max_running = kAnswersAtOnce, .prefix_bytes = kPromptsKept}));
    MALMOI_TRY(make_folder(out));
    MALMOI_ASSIGN(AtomicFile answers, AtomicFile::create(out / "answers.jsonl"));
    MALMOI_ASSIGN(AtomicFile pairs, AtomicFile::create(out / "pairs.jsonl"));
    const auto piece = static_cast<size_t>(std::max<int64_t>(1, kAnswersOfPiece / options_.answers));
    for (size_t begin = 0; begin < prompts.size(); begin += piece) {
      const auto some = std::span(prompts).subspan(begin, std::min(piece, prompts.size() - begin));
      MALMOI_TRY(add_piece(some, begin, answers, pairs));
      if (job_.progress.due())
        job_.progress(fmt::format("{} of {}, mean reward {:.3f}", report_.prompts, counted(prompts.size(), "prompt"),
                                  sums_.reward / static_cast<double>(report_.answers)));
    }
    MALMOI_TRY(answers.commit());  // also where they make no pair: they show why
    MALMOI_TRY(check_pairs());
    if (options_.rules.pairs > 0) MALMOI_TRY(pairs.commit());
    tell_figures();
    return std::move(report_);
  }

 private:
  Result<std::vector<RolloutPrompt>> read() const {
    MALMOI_ASSIGN(const chat::ChatTemplate chat_template,
                  app::chat_template(loaded_.folder, *loaded_.tokenizer, options_.chat_template));
    const PromptRules rules{.chat_template = chat_template,
                            .date = kDate,
                            .length = loaded_.model->max_positions(),
                            .answer = options_.max_tokens,
                            .remedy = "lower max_tokens, or leave the row out: the model reads no more"};
    MALMOI_ASSIGN(std::vector<RolloutPrompt> prompts,
                  read_prompts(rules, options_.prompts, *loaded_.model, *loaded_.tokenizer, rewards_, nullptr));
    if (options_.limit > 0 && prompts.size() > static_cast<size_t>(options_.limit))
      prompts.resize(static_cast<size_t>(options_.limit));
    return prompts;
  }

  // The answers to prompts of which the first has this number.
  Result<std::vector<JudgedAnswer>> sample(std::span<const RolloutPrompt> prompts, size_t number) const {
    const auto each = static_cast<size_t>(options_.answers);
    std::vector<infer::TokenRequest> requests;
    std::vector<int32_t> ends = ends_;
    for (size_t i = 0; i < prompts.size() * each; ++i) {
      const RolloutPrompt& prompt = prompts[i / each];
      infer::TokenRequest& request = requests.emplace_back();
      request.prompt = prompt.ids;
      request.max_tokens = options_.max_tokens;
      request.sampling = options_.sampling;
      request.sampling.seed = philox(options_.sampling.seed, kAnswerStream, number * each + i)[0];
      for (int32_t id : prompt.ends) {
        if (std::ranges::find(ends, id) == ends.end()) ends.push_back(id);
      }
    }
    MALMOI_ASSIGN(auto written, infer::collect(*scheduler_, std::move(requests), ends, job_.stop));
    std::vector<JudgedAnswer> answers;
    for (std::vector<int32_t>& ids : written) {
      JudgedAnswer& answer = answers.emplace_back();
      answer.tokens = static_cast<int64_t>(ids.size());
      answer.cut = ids.empty() || std::ranges::find(ends, ids.back()) == ends.end();
      if (!answer.cut) ids.pop_back();
      answer.text = loaded_.tokenizer->decode(ids, true);
    }
    return answers;
  }

  Status judge(std::span<const RolloutPrompt> prompts, std::vector<JudgedAnswer>& answers) {
    std::vector<reward::RewardInput> inputs;
    for (size_t i = 0; i < answers.size(); ++i) {
      const RolloutPrompt& prompt = prompts[i / static_cast<size_t>(options_.answers)];
      inputs.push_back({prompt.text, answers[i].text, prompt.row});
    }
    MALMOI_ASSIGN(const reward::BatchRewards judged, rewards_.judge(inputs, job_));
    if (sums_.parts.empty()) {
      for (const reward::PartRewards& part : judged.parts) sums_.parts.emplace_back(part.name, 0);
    }
    for (size_t i = 0; i < answers.size(); ++i) {
      JudgedAnswer& answer = answers[i];
      answer.reward = judged.totals[i];
      for (const reward::PartRewards& part : judged.parts) {
        answer.parts.push_back(part.rewards[i]);
        if (part.failures[i].empty()) continue;
        answer.failures += (answer.failures.empty() ? "" : "; ") + part.name + ": " + part.failures[i];
      }
      if (!std::isfinite(answer.reward) && !answer.failed()) answer.failures = "the reward is no finite number";
    }
    return {};
  }

  Status add_piece(std::span<const RolloutPrompt> prompts, size_t number, AtomicFile& answer_file,
                   AtomicFile& pair_file) {
    MALMOI_ASSIGN(std::vector<JudgedAnswer> answers, sample(prompts, number));
    MALMOI_TRY(judge(prompts, answers));
    const auto each = static_cast<size_t>(options_.answers);
    for (size_t p = 0; p < prompts.size(); ++p) {
      const std::span<const JudgedAnswer> own = std::span(answers).subspan(p * each, each);
      for (const JudgedAnswer& answer : own) MALMOI_TRY(answer_file.write(answer_line(prompts[p].row, answer)));
      count(own);
      if (options_.rules.pairs == 0) continue;
      const PromptPairs made = choose_pairs(own, options_.rules);
      report_.pairs += made.pairs.size();
      report_.ties += made.tie;
      report_.unusable += made.pairs.empty() && !made.tie;
      for (const auto& [chosen, rejected] : made.pairs)
        MALMOI_TRY(pair_file.write(
            dump_json(preference_row(*prompts[p].row.find("prompt"), own[chosen], own[rejected])) + "\n"));
    }
    return {};
  }

  // As `malmoi reward` reads them.
  std::string answer_line(const Json& row, const JudgedAnswer& answer) const {
    Json line = row;
    line["completion"] = answer.text;
    line["reward"] = answer.reward;
    for (size_t i = 0; i < answer.parts.size(); ++i) line["reward_" + sums_.parts[i].first] = answer.parts[i];
    if (answer.cut) line["truncated"] = true;
    if (answer.failed()) line["failed"] = answer.failures;
    return dump_json(line) + "\n";
  }

  void count(std::span<const JudgedAnswer> answers) {
    ++report_.prompts;
    report_.answers += answers.size();
    double best = -HUGE_VAL;
    for (const JudgedAnswer& answer : answers) {
      report_.failed += answer.failed();
      const double reward = std::isfinite(answer.reward) ? answer.reward : 0;
      sums_.reward += reward;
      best = std::max(best, reward);
      sums_.tokens += static_cast<double>(answer.tokens);
      sums_.cut += answer.cut;
      for (size_t i = 0; i < answer.parts.size(); ++i) sums_.parts[i].second += answer.parts[i];
    }
    sums_.best += best;
  }

  Status check_pairs() const {
    if (options_.rules.pairs == 0 || report_.pairs > 0) return {};
    return invalid_data(
        fmt::format("no two answers make a pair: those to {} are worth the same, of {} others none can be chosen or "
                    "judged",
                    counted(report_.ties, "prompt"), report_.unusable),
        options_.prompts.front(),
        "look at answers.jsonl; raise temperature, answers or max_tokens, or take rewards that tell answers apart");
  }

  void tell_figures() {
    const auto answers = static_cast<double>(report_.answers);
    report_.figures.emplace_back("reward", sums_.reward / answers);
    for (const auto& [name, sum] : sums_.parts) report_.figures.emplace_back("reward_" + name, sum / answers);
    report_.figures.emplace_back("best_reward", sums_.best / static_cast<double>(report_.prompts));
    report_.figures.emplace_back("answer_tokens", sums_.tokens / answers);
    report_.figures.emplace_back("truncated", sums_.cut / answers);
  }

  PreferOptions options_;
  reward::RewardSet rewards_;
  const LoadedModel& loaded_;
  const Job& job_;
  std::unique_ptr<infer::Scheduler> scheduler_;
  std::vector<int32_t> ends_;
  PreferReport report_;
  PreferSums sums_;
};

// Before hours of sampling: what it is to be compared with is there.
Result<Json> figures_of_earlier(const std::string& folder) {
  if (folder.empty()) return Json::object();
  MALMOI_ASSIGN(const Json report, read_json((Path(folder) / "preferences.json").string()));
  return json_object(report, "figures");
}

}  // namespace

Result<PreferReport> prefer(PreferConfig config, const Path& out, const Job& job) {
  MALMOI_ASSIGN(Json before, figures_of_earlier(config.options.before));
  MALMOI_ASSIGN(const LoadedModel loaded, load_for_generation(config.options.model, {DType::kF32}, job));
  MALMOI_TRY(infer::check_continues(*loaded.model));
  MALMOI_ASSIGN(PreferReport report, Preferer(std::move(config), loaded, job).run(out));
  report.before = std::move(before);
  MALMOI_TRY(write_file(out / "preferences.json", dump_json(to_json(report), 2) + "\n"));
  return report;
}

}  // namespace malmoi::app
