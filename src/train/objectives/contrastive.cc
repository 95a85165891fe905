// Contrastive learning: texts that belong together get vectors that lie together. A vector is the mean of the last hidden states
// over the real tokens, of length 1 (Reimers & Gurevych 2019; van den Oord et al. 2018).
#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "autograd/tape.h"
#include "train/balanced_pass.h"
#include "train/objective.h"
#include "train/scores.h"

namespace malmoi::train::contrastive {
namespace {

enum File { kA, kAMask, kB, kBMask, kN, kNMask, kScores };
constexpr ArrayColumn kFiles[] = {
    {.name = "a_ids", .axis = ArrayAxis::kOther, .values = ArrayValues::kIds},
    {.name = "a_mask", .axis = ArrayAxis::kOther, .values = ArrayValues::kMask},
    {.name = "b_ids", .axis = ArrayAxis::kOther, .values = ArrayValues::kIds},
    {.name = "b_mask", .axis = ArrayAxis::kOther, .values = ArrayValues::kMask},
    {.name = "n_ids", .axis = ArrayAxis::kOther, .values = ArrayValues::kIds, .optional = true},
    {.name = "n_mask", .axis = ArrayAxis::kOther, .values = ArrayValues::kMask, .optional = true},
    {.name = "scores", .axis = ArrayAxis::kRow, .values = ArrayValues::kNumbers, .optional = true}};

std::string fault(const ArrayRow& row) {
  for (File ids : {kA, kB, kN}) {
    const auto mask = static_cast<size_t>(ids) + 1;
    if (row.integers[ids].size() != row.integers[mask].size()) return "ids and mask have different lengths";
  }
  return {};
}

void append_row(const ArrayRow& row, const RowRules&, Examples& out) {
  int32_t texts = 0;
  for (File ids : {kA, kB, kN}) {
    const std::span<const int32_t> mask = row.integers[static_cast<size_t>(ids) + 1];
    if (mask.empty()) continue;
    out.input.add(real_tokens(mask).input(row.integers[ids], mask, {}));
    ++texts;
  }
  out.targets.push_back(texts);  // of the row
  out.numbers.push_back(row.numbers[kScores].empty() ? NAN : row.numbers[kScores][0]);
}

enum Cell { kText, kPair, kNegative, kScore };
constexpr TableColumn kCells[] = {{.role = "text"},
                                  {.role = "text_pair"},
                                  {.role = "negative", .optional = true},
                                  {.role = "score", .optional = true}};

Result<EncodedRow> encode(const TableCells& row, const RowEncoding& rules) {
  EncodedRow encoded;
  encoded.integers.resize(std::size(kFiles));
  encoded.numbers.resize(std::size(kFiles));
  constexpr std::pair<Cell, File> kTexts[] = {{kText, kA}, {kPair, kB}, {kNegative, kN}};
  for (const auto& [cell, file] : kTexts) {
    if (cell == kNegative && !row.find(cell)) continue;
    MALMOI_ASSIGN(const std::string text, cell_text(row.find(cell), kCells[cell].role, row.where));
    EncodedText tokens = encode_text(text, nullptr, rules.tokenizer, rules.max_length);
    encoded.integers[static_cast<size_t>(file) + 1] = tokens.mask();
    encoded.integers[file] = std::move(tokens.ids);
    encoded.cut += tokens.cut;
  }
  if (row.find(kScore)) {
    MALMOI_ASSIGN(const double score, cell_number(row.find(kScore), "score", row.where));
    encoded.numbers[kScores] = {static_cast<float>(score)};
  }
  return encoded;
}

// Vectors of the first `width` elements of each row, of length 1, and what comes back through that.
struct Vectors {
  size_t rows, width, stride;
  std::vector<double> unit, length, slope;  // of the unit vectors

  Vectors(std::span<const double> means, size_t count, size_t stride_in, size_t width_in)
      : rows(count),
        width(width_in),
        stride(stride_in),
        unit(count * width_in),
        length(count),
        slope(count * width_in) {
    constexpr double kLeastLength = 1e-12;  // as published frameworks have it
    for (size_t r = 0; r < rows; ++r) {
      double squares = 0;
      for (size_t c = 0; c < width; ++c) squares += means[r * stride + c] * means[r * stride + c];
      length[r] = std::max(std::sqrt(squares), kLeastLength);
      for (size_t c = 0; c < width; ++c) unit[r * width + c] = means[r * stride + c] / length[r];
    }
  }
  double dot(size_t i, size_t j) const {
    double sum = 0;
    for (size_t c = 0; c < width; ++c) sum += unit[i * width + c] * unit[j * width + c];
    return sum;
  }
  void add_slope(size_t i, size_t j, double by) {
    for (size_t c = 0; c < width; ++c) {
      slope[i * width + c] += by * unit[j * width + c];
      slope[j * width + c] += by * unit[i * width + c];
    }
  }
  // gradient += the slope without its part along the vector, over its length.
  void give_back(std::span<double> gradient, double share) const {
    for (size_t r = 0; r < rows; ++r) {
      double along = 0;
      for (size_t c = 0; c < width; ++c) along += slope[r * width + c] * unit[r * width + c];
      for (size_t c = 0; c < width; ++c)
        gradient[r * stride + c] += share * (slope[r * width + c] - along * unit[r * width + c]) / length[r];
    }
  }
};

class Contrastive final : public Objective {
 public:
  explicit Contrastive(const ContrastConfig& options) : options_(options) {}

  Counts count(const Examples& examples) const override {
    const auto scored = std::ranges::count_if(examples.numbers, [](float score) { return std::isfinite(score); });
    const auto rows = static_cast<int64_t>(examples.targets.size());
    return {.terms = options_.cosine ? static_cast<int64_t>(scored) : rows, .tokens = examples.tokens()};
  }

  LossSums accumulate(autograd::Context& context, const model::Model& model, const Examples& examples,
                      const Counts& whole) const override {
    ModelInput input(examples);  // blocks that run again in the backward pass read it
    const nn::Batch& batch = input.batch();
    BalancedPass balance(context, model, batch);
    autograd::Var hidden = model.backbone->encode(context, batch);  // of an encoder-decoder what its encoder makes
    if (!hidden) hidden = model.backbone->forward(context, batch);
    autograd::Var means = autograd::mean_rows(context, std::move(hidden), batch.runs, batch.key_mask);
    const auto n = static_cast<size_t>(means.value.elements());
    std::vector<double> values(n), gradient(n);
    LossSums sums;
    if (!context.rehearsal()) {
      convert(means.value.data(), means.value.dtype(), values.data(), DType::kF64, n);
      sums = loss(examples, whole, values, static_cast<size_t>(means.value.shape().columns()), gradient);
    }
    balance.add_to(sums, examples, whole);
    if (!context.tape) return sums;
    Tensor dmeans = context.temporary(means.value.dtype(), means.value.shape());
    context.step("contrast", 0, [&] { convert(gradient.data(), DType::kF64, dmeans.data(), dmeans.dtype(), n); });
    context.tape->give_grad(context, means.id, std::move(dmeans));
    context.tape->backward(context);
    return sums;
  }

  std::vector<Figure> figures_of(const Predictions& predictions) const override {
    if (predictions.wanted.empty()) return {};
    return {{"spearman", spearman(predictions)}};
  }

  void append_rehearsal(int64_t batch, int64_t length, Examples& out) const override {
    const std::vector<int32_t> row(static_cast<size_t>(length), 0);
    const int32_t texts = options_.negatives ? 3 : 2;
    for (int64_t b = 0; b < batch; ++b) {
      for (int32_t text = 0; text < texts; ++text) out.input.add(row);
      out.targets.push_back(texts);
      out.numbers.push_back(0);
    }
  }

 private:
  // The number of each row's first text; the second follows it, and a third that is no match where there is one.
  static std::vector<size_t> first_texts(const Examples& examples) {
    std::vector<size_t> firsts;
    size_t next = 0;
    for (int32_t texts : examples.targets) {
      firsts.push_back(next);
      next += static_cast<size_t>(texts);
    }
    return firsts;
  }

  LossSums loss(const Examples& examples, const Counts& whole, std::span<const double> means, size_t stride,
                std::span<double> gradient) const {
    const std::vector<size_t> firsts = first_texts(examples);
    std::vector<size_t> widths{stride};  // the whole, and those that are narrower
    std::ranges::copy_if(options_.widths, std::back_inserter(widths),
                         [&](int64_t width) { return static_cast<size_t>(width) < stride; });
    LossSums sums;
    const double width_share = 1 / static_cast<double>(widths.size());
    for (size_t width : widths) {
      Vectors vectors(means, examples.input.runs().size(), stride, width);
      double right = 0;
      sums.loss += width_share * (options_.cosine ? cosine_loss(vectors, examples, firsts, whole)
                                                  : contrast(vectors, examples, firsts, whole, right));
      vectors.give_back(gradient, width_share);
      if (width < stride) continue;
      add_predictions(vectors, examples, firsts, sums.predictions);
      if (!options_.cosine) sums.figures = {{"accuracy", right}};
    }
    return sums;
  }

  static void add_predictions(const Vectors& vectors, const Examples& examples, const std::vector<size_t>& firsts,
                              Predictions& out) {
    for (size_t r = 0; r < examples.numbers.size(); ++r) {
      if (!std::isfinite(examples.numbers[r])) continue;
      out.wanted.push_back(static_cast<double>(examples.numbers[r]));
      out.given.push_back(vectors.dot(firsts[r], firsts[r] + 1));
    }
  }

  // (cos(a, b) - score)^2.
  double cosine_loss(Vectors& vectors, const Examples& examples, const std::vector<size_t>& firsts,
                     const Counts& whole) const {
    const double share = 1 / static_cast<double>(std::max<int64_t>(whole.terms, 1));
    double loss = 0;
    for (size_t r = 0; r < examples.numbers.size(); ++r) {
      if (!std::isfinite(examples.numbers[r])) continue;
      const double score = static_cast<double>(examples.numbers[r]) / options_.largest_score;
      const double off = vectors.dot(firsts[r], firsts[r] + 1) - score;
      loss += share * off * off;
      vectors.add_slope(firsts[r], firsts[r] + 1, share * 2 * off);
    }
    return loss;
  }

  // Cross-entropy of a_i over all b_j (and all n_j), whose target is b_i; symmetric: the mean of that and of b_j over all a_i.
  double contrast(Vectors& vectors, const Examples& examples, const std::vector<size_t>& firsts, const Counts& whole,
                  double& right) const {
    std::vector<size_t> seconds;
    for (size_t first : firsts) seconds.push_back(first + 1);
    std::vector<size_t> candidates = seconds;
    for (size_t r = 0; r < firsts.size(); ++r) {
      if (examples.targets[r] > 2) candidates.push_back(firsts[r] + 2);
    }
    const double share = 1 / static_cast<double>(whole.terms), half = options_.symmetric ? 0.5 : 1;
    double loss = half * cross_entropy(vectors, firsts, candidates, half * share, share, right);
    double unused = 0;
    if (options_.symmetric) loss += half * cross_entropy(vectors, seconds, firsts, half * share, share, unused);
    return loss;
  }

  // Gives the sum over `from` times `share`; slopes are of `slope_share`.
  double cross_entropy(Vectors& vectors, const std::vector<size_t>& from, const std::vector<size_t>& to,
                       double slope_share, double share, double& right) const {
    double loss = 0;
    for (size_t i = 0; i < from.size(); ++i) {
      std::vector<double> z;
      for (size_t j : to) z.push_back(vectors.dot(from[i], j) / options_.temperature);
      const double top = *std::max_element(z.begin(), z.end());
      double total = 0;
      for (double x : z) total += std::exp(x - top);
      const double sum = top + std::log(total);
      loss += share * (sum - z[i]);
      right += std::max_element(z.begin(), z.end()) - z.begin() == static_cast<std::ptrdiff_t>(i) ? share : 0;
      for (size_t j = 0; j < to.size(); ++j)
        vectors.add_slope(from[i], to[j],
                          slope_share * (std::exp(z[j] - sum) - (i == j ? 1 : 0)) / options_.temperature);
    }
    return loss;
  }

  ContrastConfig options_;
};

constexpr std::string_view kFigures[] = {"accuracy", "spearman"};

void read(ConfigReader& reader, ObjectiveConfig& config) {
  ContrastConfig& c = config.contrast;
  c.cosine = reader.choice("loss", {"infonce", "cosine_mse"}, 0) == 1;
  c.symmetric = reader.boolean("symmetric", false);
  c.temperature = reader.number("temperature", 0.05, 1e-6, 1e6);
  c.largest_score = reader.number("largest_score", 1, 1e-6, 1e6);
  constexpr double kWidest = 1 << 20;
  for (double width : reader.numbers("matryoshka")) {
    if (width < 1 || width > kWidest || width != std::floor(width))
      reader.fail("matryoshka", "is not a list of widths", "write [64, 128, 256]");
    else c.widths.push_back(static_cast<int64_t>(width));
  }
}

}  // namespace

extern const ObjectiveEntry objective{
    .name = "contrastive",
    .task = model::Task::kFeatures,
    .flat = false,
    .arrays = {.columns = kFiles, .append = append_row, .fault = fault},
    .table = {kCells, encode},
    .read = read,
    .make = [](const ObjectiveConfig& config, const FrozenModel&) -> std::unique_ptr<Objective> {
      return std::make_unique<Contrastive>(config.contrast);
    },
    .scores = kFigures,
    .rows_together = [](const ObjectiveConfig& config) -> int64_t { return config.contrast.cosine ? 1 : 0; }};

}  // namespace malmoi::train::contrastive
