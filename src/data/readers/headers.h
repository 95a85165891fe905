// Headers of mail and web archives are those of HTTP: net/headers.h, by its names here.
#pragma once

#include "net/headers.h"

namespace malmoi::data {

using net::Headers;
using net::media_parameter;
using net::media_type;

}  // namespace malmoi::data
