// Who is shown the attention of a pass: which blocks run, and what each attention reads and gives.
#pragma once

#include <cstdint>

#include "kernels/kernels.h"

namespace malmoi::autograd {

/// Of a pass that serves (Context::probe); on the thread of the pass. What it is shown is valid during the call.
class AttentionProbe {
 public:
  virtual ~AttentionProbe() = default;
  /// The next block of a stack begins. Blocks over one `batch` are one stack: an encoder's, or a decoder's.
  virtual void begin_block(const void* batch) = 0;
  /// An attention has run: `args.out` is written. `crossed`: its keys are rows of another text than its queries.
  virtual void see(const kernels::AttentionArgs& args, bool crossed) = 0;
  /// One head of one run of disentangled attention has: `args.scores` are its weights.
  virtual void see(const kernels::DisentangledArgs& args, int64_t head, int64_t heads) = 0;
};

}  // namespace malmoi::autograd
