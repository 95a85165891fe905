// Cases of the recurrences along channels, and of what stands around them.
#include "autograd/op_cases.h"

namespace malmoi::autograd {
namespace {

const std::vector<int32_t> kFirstPositions = {0, 1, 2, 0, 1, 2};
const std::vector<int32_t> kLaterPositions = {4, 5, 6, 1, 0, 1};

Parameter* vector(Bench& b, uint64_t seed, Shape shape, double offset = 0) {
  return b.parameter(seed, shape, offset, Role::kVector);
}

}  // namespace

std::vector<OpCase> channel_op_cases() {
  return {
      {"slice", "columns of rows",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 10})};
         return std::vector<Var>{slice(b.context, {in[0], 3, 5}), slice(b.context, {in[0], 0, 4}),
                                 slice(b.context, {in[0], 2, 8})};
       }},
      {"block_linear", "three blocks",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 12})};
         Parameter *blocks = b.parameter(2, {3, 5, 4}, 0, Role::kBlocks), *bias = vector(b, 3, {3, 5});
         return std::vector<Var>{block_linear(b.context, in[0], *blocks, bias),
                                 block_linear(b.context, in[0], *b.parameter(4, {2, 6, 6}, 0, Role::kBlocks), nullptr)};
       }},
      {"selective_scan", "operands apart",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 5}), b.input(2, {6, 6}), b.input(3, {6, 3}), b.input(4, {6, 4})};
         return std::vector<Var>{selective_scan(b.context, {in[0], 0, 5}, {in[1], 1, 5}, {in[2], 0, 3}, {in[3], 1, 3},
                                                {.a_log = vector(b, 5, {5, 3}), .runs = kRuns})};
       }},
      {"selective_scan", "columns of one tensor, which gets the gradients of all",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 16})};
         return std::vector<Var>{
             selective_scan(b.context, {in[0], 0, 5}, {in[0], 5, 5}, {in[0], 10, 3}, {in[0], 13, 3},
                            {.a_log = vector(b, 5, {5, 3}), .d = vector(b, 6, {5}), .runs = kRuns})};
       }},
      {"token_shift", "three shares",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 7})};
         auto rows = token_shift(b.context, in[0], {vector(b, 2, {1, 1, 7}), vector(b, 3, {7}), vector(b, 4, {7})},
                                 {.runs = kRuns});
         return std::vector<Var>(rows.begin(), rows.end());
       }},
      {"token_shift", "one share",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 7})};
         return std::vector<Var>{token_shift(b.context, in[0], {vector(b, 2, {7})}, {.runs = kRuns})[0]};
       }},
      {"wkv", "two runs",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 7}), b.input(2, {6, 7})};
         return std::vector<Var>{
             wkv(b.context, in[0], in[1], {.decay = vector(b, 3, {7}), .first = vector(b, 4, {7}), .runs = kRuns})};
       }},
      {"rg_lru", "texts from their beginnings",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 7}), b.input(2, {6, 7}), b.input(3, {6, 7})};
         return std::vector<Var>{rg_lru(b.context, in[0], in[1], in[2],
                                        {.param = vector(b, 4, {7}, -2), .positions = kFirstPositions, .runs = kRuns})};
       }},
      {"rg_lru", "a text that goes on, and one that begins within a run",
       [](Bench& b, std::vector<Var>& in) {
         in = {b.input(1, {6, 7}), b.input(2, {6, 7}), b.input(3, {6, 7})};
         return std::vector<Var>{rg_lru(b.context, in[0], in[1], in[2],
                                        {.param = vector(b, 4, {7}, -2), .positions = kLaterPositions, .runs = kRuns})};
       }},
  };
}

}  // namespace malmoi::autograd
