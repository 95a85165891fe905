// program: a program of the user's says what answers are worth, a line of JSON for each.
#include "base/counted.h"
#include "reward/program_process.h"
#include "reward/program_reply.h"
#include "reward/reward.h"
#include "reward/row_work.h"

namespace malmoi::reward::program {
namespace {

struct Options {
  std::vector<std::string> command;
  int64_t processes = 1, restarts = 3;
  double seconds = 10, start_seconds = 60;
};

/// One process, begun anew where it fails, but not for ever.
class Judge {
 public:
  explicit Judge(const Options& options) : options_(options) {}

  Status begin() { return process_.is_running() ? Status() : process_.start(options_.command); }

  Result<Judgement> judge(const RewardInput& input, const StopToken& stop) {
    MALMOI_TRY(begin());
    const int64_t id = ++asked_;
    const Json request = {{"id", id}, {"prompt", input.prompt}, {"completion", input.completion}, {"row", input.row}};
    const double seconds = process_.has_answered() ? options_.seconds : options_.start_seconds;
    MALMOI_ASSIGN(ProgramProcess::Answer answer, process_.ask(dump_json(request) + "\n", seconds, stop));
    if (!answer.failure.empty()) return count_failure(answer.failure);
    const ProgramReply reply = parse_program_reply(answer.line, id);
    if (reply.kind == ProgramReply::Kind::kRubbish) {
      process_.kill();  // which line would be whose answer is not known any more
      return count_failure(reply.what);
    }
    failures_ = 0;
    if (reply.kind == ProgramReply::Kind::kError) return failed_judgement("the program says: " + reply.what);
    return Judgement{.reward = reply.reward};
  }

 private:
  Result<Judgement> count_failure(const std::string& why) {
    if (++failures_ > options_.restarts)
      return invalid_data(
          "the reward program failed " + counted(static_cast<uint64_t>(failures_), "time") + " in a row: " + why,
          options_.command.front(), "try it on some rows with `malmoi reward`, or raise restarts");
    return failed_judgement("the program failed: " + why);
  }

  const Options& options_;
  ProgramProcess process_;
  int64_t asked_ = 0, failures_ = 0;
};

class Program final : public Reward {
 public:
  explicit Program(ConfigReader& reader) {
    options_.command = reader.texts("command");
    options_.processes = reader.integer("processes", 1, 1, 256);
    options_.restarts = reader.integer("restarts", 3, 0, 1000);
    options_.seconds = reader.number("seconds", 10, 0.1, 86400);
    options_.start_seconds = reader.number("start_seconds", 60, 0.1, 86400);
    if (options_.command.empty() || options_.command.front().empty())
      reader.fail("command", "no program is named", "write [python3, reward.py]");
  }

  Status begin() override {
    while (judges_.size() < static_cast<size_t>(options_.processes))
      judges_.push_back(std::make_unique<Judge>(options_));
    for (const auto& judge : judges_) MALMOI_TRY(judge->begin());
    return {};
  }

  Result<RewardResult> judge(std::span<const RewardInput> batch, const StopToken& stop) override {
    MALMOI_TRY(begin());
    RewardResult result(batch.size());
    MALMOI_TRY(judge_rows(batch.size(), judges_.size(), [&](size_t i, size_t worker) -> Status {
      MALMOI_ASSIGN(result[i], judges_[worker]->judge(batch[i], stop));
      return {};
    }));
    return result;
  }

 private:
  Options options_;
  std::vector<std::unique_ptr<Judge>> judges_;
};

}  // namespace

extern const RewardEntry reward{
    .type = "program",
    .summary = "what a program of one's own says, JSON lines in and out",
    .read = [](ConfigReader& reader) -> std::unique_ptr<Reward> { return std::make_unique<Program>(reader); }};

}  // namespace malmoi::reward::program
