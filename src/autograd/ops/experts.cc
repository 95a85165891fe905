// A mixture of experts as one op: rows are sorted by expert, so each expert's products are of consecutive rows.
#include "autograd/ops.h"
#include "autograd/router_balance.h"

namespace malmoi::autograd {
namespace {

struct ExpertsAttributes {
  ExpertsOptions options;
  RouterBalance* balance;
};

const Weight& router(const ExpertsOptions& o) { return *o.weights[0]; }
const Weight& up(const ExpertsOptions& o, int64_t expert) { return *o.weights[static_cast<size_t>(1 + expert)]; }
const Weight& down(const ExpertsOptions& o, int64_t expert) {
  return *o.weights[static_cast<size_t>(1 + o.experts + expert)];
}

// How rows are sent to experts.
struct Routing {
  Tensor probabilities, weights;  // [rows, experts], [rows, top_k]
  Tensor ids, slot_row, slot_of, offsets;

  Routing() = default;
  Routing(Context& context, const ExpertsOptions& o, int64_t rows) {
    DType type = context.statistics_type();
    probabilities = context.temporary(type, {rows, o.experts});
    weights = context.temporary(type, {rows, o.top_k});
    ids = context.temporary(DType::kI32, {rows, o.top_k});
    slot_row = context.temporary(DType::kI32, {rows * o.top_k});
    slot_of = context.temporary(DType::kI32, {rows, o.top_k});
    offsets = context.temporary(DType::kI32, {o.experts + 1});
  }
  explicit Routing(std::span<Saved> saved)
      : probabilities(saved[0].value),
        weights(saved[1].value),
        ids(saved[2].value),
        slot_row(saved[3].value),
        slot_of(saved[4].value),
        offsets(saved[5].value) {}

  int64_t rows() const { return ids.shape().rows(); }
  int64_t slots() const { return slot_row.elements(); }
};

kernels::RouteArgs route_args(const ExpertsOptions& o, DType dtype, Routing& r, const RouterBalance* balance) {
  return {.dtype = dtype,
          .rows = r.rows(),
          .experts = o.experts,
          .top_k = o.top_k,
          .scores = o.scores,
          .renormalise = o.renormalise,
          .scale = o.scale,
          .groups = o.groups,
          .top_groups = o.top_groups,
          .group_best = o.group_best,
          .choice_bias = o.choice_bias ? o.choice_bias->compute.data() : nullptr,
          .probabilities = r.probabilities.data(),
          .ids = r.ids.as<int32_t>(),
          .weights = r.weights.data(),
          .slot_row = r.slot_row.as<int32_t>(),
          .slot_of = r.slot_of.as<int32_t>(),
          .offsets = r.offsets.as<int32_t>(),
          .counted = balance ? balance->counted() : nullptr};
}

Routing route(Context& context, const ExpertsOptions& o, const Tensor& x, RouterBalance* balance) {
  Routing r(context, o, x.shape().rows());
  // In bf16 many experts' logits would be the same number: who is chosen would depend on rounding.
  Tensor logits = context.temporary(context.statistics_type(), {r.rows(), o.experts});
  router(o).product(context, x, logits, nullptr);
  kernels::RouteArgs args = route_args(o, logits.dtype(), r, balance);
  args.logits = logits.data();
  Tensor sums, choices, ranks;
  if (o.choice_bias || o.groups > 1) ranks = context.temporary(context.statistics_type(), {r.rows(), o.experts});
  args.ranks = ranks.data();
  bool counting = balance && balance->counting;
  if (counting) {
    sums = context.temporary(context.statistics_type(), {o.experts});
    choices = context.temporary(DType::kI32, {o.experts});
    args.probability_sums = sums.data();
    args.choices = choices.as<int32_t>();
  }
  context.run("route", 0, &kernels::Backend::route, args);
  if (counting && !context.rehearsal()) {
    std::span<const int32_t> chosen(choices.as<int32_t>(), static_cast<size_t>(o.experts));
    balance->add(sums.data(), sums.dtype(), chosen, r.rows());
  }
  return r;
}

// Calls body(expert, first slot, slots) for each expert that has rows. A rehearsal, which knows no routing, sends all to one:
// no product is larger.
template <typename Body>
void each_expert(Context& context, const ExpertsOptions& o, const Routing& r, const Body& body) {
  if (context.rehearsal()) {
    body(int64_t{0}, int64_t{0}, r.slots());
    return;
  }
  const int32_t* offsets = r.offsets.as<int32_t>();
  for (int64_t e = 0; e < o.experts; ++e) {
    if (offsets[e + 1] > offsets[e]) body(e, int64_t{offsets[e]}, int64_t{offsets[e + 1]} - offsets[e]);
  }
}

// The rows of x in the order of slots.
Tensor to_slots(Context& context, const Routing& r, const Tensor& x) {
  Tensor y = context.temporary(x.dtype(), {r.slots(), x.shape().columns()});
  context.run("rows to experts", 0, &kernels::Backend::gather_rows,
              {.dtype = x.dtype(),
               .rows = r.slots(),
               .cols = x.shape().columns(),
               .x = x.data(),
               .index = r.slot_row.as<int32_t>(),
               .y = y.data()});
  return y;
}

kernels::CombineRowsArgs combine_args(const ExpertsOptions& o, const Routing& r, const Tensor& slots) {
  return {.dtype = slots.dtype(),
          .rows = r.rows(),
          .cols = slots.shape().columns(),
          .top_k = o.top_k,
          .x = slots.data(),
          .slot_of = r.slot_of.as<int32_t>()};
}

// Whether experts are gated: gate and up are twice what goes down.
bool is_gated(const ExpertsOptions& o) { return up(o, 0).out_features() == 2 * down(o, 0).in_features(); }

Tensor activate(Context& context, const ExpertsOptions& o, const Tensor& in) {
  int64_t rows = in.shape().rows(), cols = down(o, 0).in_features();
  Tensor y = context.temporary(in.dtype(), {rows, cols});
  if (is_gated(o)) {
    context.run("gated", 0, &kernels::Backend::gated, {in.dtype(), o.activation, rows, cols, in.data(), y.data()});
  } else {
    context.run("activation", 0, &kernels::Backend::activation,
                {in.dtype(), o.activation, rows * cols, in.data(), y.data()});
  }
  return y;
}

// The gradient at what went into the activation, which it takes the place of where that is `in`'s last use.
Tensor activate_backward(Context& context, const ExpertsOptions& o, Tensor& in, const Tensor& dy) {
  int64_t rows = dy.shape().rows(), cols = dy.shape().columns();
  Tensor dx = in;
  if (is_gated(o)) {
    context.run("gated backward", 0, &kernels::Backend::gated_backward,
                {in.dtype(), o.activation, rows, cols, in.data(), dy.data(), dx.data()});
  } else {
    context.run("activation backward", 0, &kernels::Backend::activation_backward,
                {in.dtype(), o.activation, rows * cols, in.data(), dy.data(), dx.data()});
  }
  return dx;
}

// dlogits, and with them the router's gradients; gives what it adds to dx.
void route_backward(Context& context, const ExpertsAttributes& a, Routing& r, const Tensor& x, const Tensor& dweights,
                    Tensor& dx) {
  const ExpertsOptions& o = a.options;
  Tensor dlogits = context.temporary(x.dtype(), {r.rows(), o.experts});
  context.run("route backward", 0, &kernels::Backend::route_backward,
              {.forward = route_args(o, x.dtype(), r, a.balance),
               .dweights = dweights.data(),
               .dprobabilities = a.balance ? a.balance->gradient(context.statistics_type()) : nullptr,
               .dlogits = dlogits.data()});
  if (router(o).wants_gradient()) router(o).accumulate_gradient(context, dlogits, x);
  if (o.choice_bias) o.choice_bias->accumulated_grad();  // zero
  router(o).product_transposed(context, dlogits, dx, true);
}

// saved: x, what went into the activation, what came out of the experts, then the routing.
void experts_backward(Context& context, Tape& tape, Record& record) {
  const auto& a = record.get<ExpertsAttributes>();
  const ExpertsOptions& o = a.options;
  Tensor dy = tape.take_grad(record.outputs[0]);
  Tensor x = tape.load(context, record.saved[0]), in = std::move(record.saved[1].value);
  Tensor out = std::move(record.saved[2].value);
  Routing r(record.saved.subspan(3));

  Tensor dweights = context.temporary(context.statistics_type(), r.weights.shape());
  kernels::CombineRowsBackwardArgs combine{
      .forward = combine_args(o, r, out), .dy = dy.data(), .dx = out.data(), .dweights = dweights.data()};
  combine.forward.weights = r.weights.data();
  context.run("rows from experts backward", 0, &kernels::Backend::combine_rows_backward, combine);
  Tensor dout = std::move(out);  // took the place of what came out

  Tensor inner = activate(context, o, in);
  Tensor dinner = context.temporary(inner.dtype(), inner.shape());
  each_expert(context, o, r, [&](int64_t e, int64_t first, int64_t count) {
    Tensor part = dinner.rows(first, count), dout_part = dout.rows(first, count);
    down(o, e).product_transposed(context, dout_part, part, false);
    if (down(o, e).wants_gradient()) down(o, e).accumulate_gradient(context, dout_part, inner.rows(first, count));
  });
  inner = Tensor();
  Tensor din = activate_backward(context, o, in, dinner);
  dinner = Tensor();
  in = Tensor();

  Tensor slots = to_slots(context, r, x);
  each_expert(context, o, r, [&](int64_t e, int64_t first, int64_t count) {
    Tensor din_part = din.rows(first, count),
           part = dout.rows(first, count);  // dout is used up: dx of slots lies there
    if (up(o, e).wants_gradient()) up(o, e).accumulate_gradient(context, din_part, slots.rows(first, count));
    up(o, e).product_transposed(context, din_part, part, false);
  });
  slots = Tensor();
  din = Tensor();

  Tensor dx = context.temporary(x.dtype(), x.shape());
  kernels::CombineRowsArgs sum = combine_args(o, r, dout);
  sum.y = dx.data();
  context.run("rows to experts backward", 0, &kernels::Backend::combine_rows, sum);
  dout = Tensor();
  route_backward(context, a, r, x, dweights, dx);
  tape.give_grad(context, record.inputs[0], std::move(dx));
}

}  // namespace

extern const Op experts_op{"experts", experts_backward};

Var experts(Context& context, Var x, const ExpertsOptions& options) {
  ExpertsAttributes a{options, context.balance};
  int64_t width = x.value.shape().columns();
  Routing r = route(context, options, x.value, context.balance);
  Tensor in = context.temporary(context.dtype, {r.slots(), up(options, 0).out_features()});
  {
    Tensor slots = to_slots(context, r, x.value);
    each_expert(context, options, r, [&](int64_t e, int64_t first, int64_t count) {
      Tensor part = in.rows(first, count);
      up(options, e).product(context, slots.rows(first, count), part, nullptr);
    });
  }
  Tensor out = context.temporary(context.dtype, {r.slots(), width});
  {
    Tensor inner = activate(context, options, in);
    each_expert(context, options, r, [&](int64_t e, int64_t first, int64_t count) {
      Tensor part = out.rows(first, count);
      down(options, e).product(context, inner.rows(first, count), part, nullptr);
    });
  }
  Tensor y = context.temporary(context.dtype, x.value.shape());
  kernels::CombineRowsArgs combine = combine_args(options, r, out);
  combine.weights = r.weights.data();
  combine.y = y.data();
  context.run("rows from experts", 0, &kernels::Backend::combine_rows, combine);
  if (!context.tape) return {std::move(y), -1};
  Saved input = context.tape->save(context, x);
  Record& record = context.tape->push(experts_op,
                                      {.inputs = {x.id},
                                       .saved = {std::move(input),
                                                 {in},
                                                 {out},
                                                 {r.probabilities},
                                                 {r.weights},
                                                 {r.ids},
                                                 {r.slot_row},
                                                 {r.slot_of},
                                                 {r.offsets}},
                                       .parameters = {options.choice_bias},
                                       .weights = options.weights},
                                      a);
  return context.tape->output(record, 0, std::move(y));
}

}  // namespace malmoi::autograd
