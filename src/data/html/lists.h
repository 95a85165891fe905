// The numbers of a list's items.
#pragma once

#include <gumbo.h>

namespace malmoi::data::html {

struct List {
  bool ordered = false;
  int number = 0, step = 1;  // of the next item
};

/// Of <ol> and <ul>, with start and reversed.
List begin_list(const GumboElement& element);
/// The number that an item sets by its value.
void begin_item(const GumboElement& element, List& list);

}  // namespace malmoi::data::html
