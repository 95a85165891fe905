// The texts of a training configuration, each for training or for validation.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "train/config.h"

namespace malmoi::app {

/// Takes a text and whether it is held out for validation.
using TextSink = std::function<Status(std::string&& text, bool held_out)>;

/// Whether a text goes to validation: by its hash, so that a copy goes where its original goes.
bool is_held_out(const std::string& text, double fraction);
/// Of a text, a number from 0 to 1: below `fraction` it is held out.
double held_out_place(const std::string& text);

/// Every document of data.train and data.valid, in order. `valid_fraction` holds out the last part of a single text, or
/// whole documents of many by hash, so that a copy goes where its original goes. A built corpus holds out its own
/// validation part where nothing else is said. Errors: a path that is not there, no document, and those of `sink`.
Status for_each_text(const train::DataConfig& data, const TextSink& sink);

}  // namespace malmoi::app
