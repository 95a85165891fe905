#include "app/data/rank.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

namespace malmoi::app {
namespace {

struct Case {
  std::map<std::string, std::string> environment;
  int rank, world;  // flags
  int expected_rank, expected_world;
};

TEST(FindRank, FlagsThenLaunchers) {
  const Case cases[] = {
      {{}, -1, 0, 0, 1},
      {{{"MALMOI_RANK", "2"}, {"MALMOI_WORLD", "4"}}, -1, 0, 2, 4},
      {{{"MALMOI_RANK", "2"}, {"MALMOI_WORLD", "4"}}, 1, 3, 1, 3},
      {{{"OMPI_COMM_WORLD_RANK", "3"}, {"OMPI_COMM_WORLD_SIZE", "4"}}, -1, 0, 3, 4},
      {{{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}}, -1, 0, 1, 2},
      {{{"SLURM_PROCID", "5"}, {"SLURM_STEP_NUM_TASKS", "8"}}, -1, 0, 5, 8},
      {{{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}}, -1, 0, 0, 1},  // a batch script, not a step
      {{{"SLURM_ARRAY_TASK_ID", "12"}, {"SLURM_ARRAY_TASK_COUNT", "4"}, {"SLURM_ARRAY_TASK_MIN", "10"}}, -1, 0, 2, 4},
      {{{"SLURM_PROCID", "0"},
        {"SLURM_STEP_NUM_TASKS", "1"},
        {"SLURM_ARRAY_TASK_ID", "1"},
        {"SLURM_ARRAY_TASK_COUNT", "4"}},
       -1,
       0,
       1,
       4},
      {{{"MALMOI_WORLD", "many"}}, -1, 0, 0, 1},
  };
  for (const Case& c : cases) {
    for (const auto& [name, value] : c.environment) ::setenv(name.c_str(), value.c_str(), 1);
    Rank found = find_rank(c.rank, c.world);
    for (const auto& [name, value] : c.environment) ::unsetenv(name.c_str());
    EXPECT_EQ(found.rank, c.expected_rank) << (c.environment.empty() ? "" : c.environment.begin()->first);
    EXPECT_EQ(found.world, c.expected_world);
  }
}

}  // namespace
}  // namespace malmoi::app
