// Which share of a build a process takes: told by flags, or by what started it (Slurm, MPI).
#pragma once

namespace malmoi::app {

struct Rank {
  int rank = 0, world = 1;
};

/// `rank` (-1: unknown) and `world` (0: unknown) as flags say. Then, in this order: MALMOI_RANK and MALMOI_WORLD; a step
/// of srun; mpirun of Open MPI, of MPICH or Intel MPI; a Slurm array. Else one process.
Rank find_rank(int rank, int world);

}  // namespace malmoi::app
