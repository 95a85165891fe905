#include "app/data/rank.h"

#include <cstdlib>

namespace malmoi::app {
namespace {

// The pairs of variables by which launchers tell a process its place. A Slurm array counts from any number.
struct Launcher {
  const char* rank;
  const char* world;
  const char* first = nullptr;
};
constexpr Launcher kLaunchers[] = {
    {"MALMOI_RANK", "MALMOI_WORLD"},
    {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS"},  // set by srun alone; a batch script has SLURM_NTASKS and is one process
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    {"PMI_RANK", "PMI_SIZE"},
    {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN"},
};

int number_in(const char* name, int fallback) {
  const char* text = name ? std::getenv(name) : nullptr;
  if (!text || !*text) return fallback;
  char* end = nullptr;
  long n = std::strtol(text, &end, 10);
  return *end == 0 && n >= 0 && n < 1'000'000'000 ? static_cast<int>(n) : fallback;
}

}  // namespace

Rank find_rank(int rank, int world) {
  if (world > 0) return {rank < 0 ? number_in("MALMOI_RANK", 0) : rank, world};
  for (const Launcher& launcher : kLaunchers) {
    int size = number_in(launcher.world, 0), place = number_in(launcher.rank, -1);
    if (size < 1 || place < 0) continue;
    // An array of one is one process; so is a step of one inside an array, whose array is asked then.
    if (size == 1) continue;
    return {rank < 0 ? place - number_in(launcher.first, 0) : rank, size};
  }
  return {rank < 0 ? 0 : rank, 1};
}

}  // namespace malmoi::app
