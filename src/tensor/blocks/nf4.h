// The sixteen levels of NF4, the 4-bit NormalFloat of Dettmers et al. 2023 ("QLoRA", appendix E), as bitsandbytes has them.
#pragma once

namespace malmoi::blocks {

/// Quantiles of the standard normal distribution in units of the largest: those of 8 probabilities evenly spaced from
/// 1 - 0.9677083 to 1/2, and of 9 from there to 0.9677083. A code is the place of its level.
inline constexpr float kNf4Levels[16] = {-1.0f,
                                         -0.6961928009986877f,
                                         -0.5250730514526367f,
                                         -0.39491748809814453f,
                                         -0.28444138169288635f,
                                         -0.18477343022823334f,
                                         -0.09105003625154495f,
                                         0.0f,
                                         0.07958029955625534f,
                                         0.16093020141124725f,
                                         0.24611230194568634f,
                                         0.33791524171829224f,
                                         0.44070982933044434f,
                                         0.5626170039176941f,
                                         0.7229568362236023f,
                                         1.0f};

/// Weights of a block, and halves of it that hold their codes as ggml's types do.
inline constexpr int kNf4Elements = 64, kNf4Half = 32;

}  // namespace malmoi::blocks
