#include "app/train/plan.h"

#include "app/train/planner.h"

namespace malmoi::app {
namespace {

// Whether an adapter may stand in place of the model's own weights: what goes on from a language model, with its head.
bool has_ways(const train::TrainConfig& config) {
  if (!config.init_from) return false;
  const model::Task task = train::objective_entry(config.objective.name).task;
  return task == model::Task::kCausalLm || task == model::Task::kSeq2Seq;
}

PlanReport::Way way_of(const PlanReport& report) {
  return {.name = report.way,
          .trained = report.adapter_parameters.value_or(report.parameters),
          .memory = report.memory.total(),
          .fits = report.does_not_fit.empty(),
          .seconds_per_step = report.seconds_per_step,
          .seconds = report.seconds_per_step * static_cast<double>(report.steps)};
}

// Memory and time of each that the model and the objective allow, `asked` being the plan of the configuration itself.
Result<std::vector<PlanReport::Way>> compare_ways(const Planner& planner, const ConfigDocument& document,
                                                  const PlanReport& asked) {
  std::vector<PlanReport::Way> ways;
  for (const TrainingWay& way : ways_of(document)) {
    if (way.name == asked.way) {
      ways.push_back(way_of(asked));
      continue;
    }
    // What cannot be had of this model or objective stands not beside the rest.
    const auto other = planner.plan(way.document);
    if (other.ok()) ways.push_back(way_of(*other));
    else if (other.error().code == ErrorCode::kCancelled) return other.error();
  }
  return ways;
}

}  // namespace

Result<PlanReport> plan(const ConfigDocument& document, const PlanOptions& options, const StopToken& stop) {
  MALMOI_ASSIGN(const train::TrainConfig config, train::parse_train_config(document));
  MALMOI_ASSIGN(const Planner planner, Planner::open(document, options, stop));
  MALMOI_ASSIGN(PlanReport report, planner.plan(document));
  if (has_ways(config)) {
    MALMOI_ASSIGN(report.ways, compare_ways(planner, document, report));
  }
  return report;
}

}  // namespace malmoi::app
