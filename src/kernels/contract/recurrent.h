// Recurrent layers: LSTM and GRU along a sequence. The rules that hold for all kernels stand in backend.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace malmoi::kernels {

enum class RecurrentCell : uint8_t { kLstm, kGru };

/// Gates of a cell: i, f, g, o of an LSTM; r, z, n of a GRU.
constexpr int64_t recurrent_gates(RecurrentCell cell) { return cell == RecurrentCell::kLstm ? 4 : 3; }
/// Elements of a state: h, and behind it c of an LSTM.
constexpr int64_t recurrent_state(RecurrentCell cell, int64_t hidden) {
  return cell == RecurrentCell::kLstm ? 2 * hidden : hidden;
}

/// Consecutive rows of one sequence, and the state before and after them.
struct RecurrentRun {
  int64_t begin = 0, length = 0;
  const float* state_in = nullptr;  // recurrent_state() elements; null: zeros
  float* state_out = nullptr;       // may be state_in; null: not wanted
};

/// With x the row's `input` and p = W h_{t-1} + b, gate by gate:
///   LSTM (Hochreiter & Schmidhuber 1997; Gers et al. 2000): i, f, o = sigmoid(x + p), g = tanh(x + p),
///        c_t = f c_{t-1} + i g, h_t = o tanh(c_t)
///   GRU (Cho et al. 2014, with r behind the product): r, z = sigmoid(x + p), n = tanh(x + r p),
///        h_t = (1 - z) n + z h_{t-1}
/// h is rounded to dtype, c is not. A row's bits do not depend on the runs beside its own, nor on how its sequence is cut into
/// runs.
struct RecurrentArgs {
  DType dtype = DType::kF32, w_dtype = DType::kF32;
  RecurrentCell cell = RecurrentCell::kLstm;
  int64_t hidden = 0;
  const RecurrentRun* runs = nullptr;  // rows of no run are left as they are
  int64_t num_runs = 0;
  const void* weight = nullptr;  // [gates * hidden, hidden] of w_dtype: f32, bf16, f16 (oracle: f64)
  const void* bias = nullptr;    // [gates * hidden], f32 (oracle f64), or null
  const void* input = nullptr;   // [rows, gates * hidden]
  void* gates = nullptr;         // the same shape: the gates' values; may be input; null: not wanted
  void* inner = nullptr;         // [rows, hidden], f32 (oracle f64): c of an LSTM, p of a GRU's n; null: not wanted
  void* y = nullptr;             // [rows, hidden]: h
  void* scratch = nullptr;       // recurrent_scratch() bytes
};
size_t recurrent_scratch(const RecurrentArgs& args);

/// Back through time. Gradients of rows within runs are overwritten; nothing flows into the states. The gradient of the
/// weight is dproduct^T previous, that of the bias the sum of dproduct's rows.
struct RecurrentBackwardArgs {
  RecurrentArgs forward;  // gates, inner and y as the forward pass left them; input, state_out and scratch are not used
  const void* dy = nullptr;  // [rows, hidden]
  void* dinput = nullptr;    // [rows, gates * hidden]; may be gates
  void* dproduct = nullptr;  // of a GRU alone: the gradient of p, of the same shape (an LSTM's is dinput)
  void* previous = nullptr;  // [rows, hidden]: h before each row
  void* scratch = nullptr;   // recurrent_backward_scratch() bytes
};
size_t recurrent_backward_scratch(const RecurrentArgs& args);

}  // namespace malmoi::kernels
