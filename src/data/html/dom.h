// Small questions to a parsed page (gumbo): what an element is, whether it is shown, and its text.
#pragma once

#include <gumbo.h>

#include <initializer_list>
#include <string>
#include <string_view>

namespace malmoi::data::html {

/// The value of an attribute; empty if it is not there.
std::string_view attribute(const GumboElement& element, const char* name);
bool has_attribute(const GumboElement& element, const char* name);

/// Whether `name` is one of the words of its class.
bool has_class(const GumboElement& element, std::string_view name);
/// The tag's name, lower-case, of elements that gumbo does not know too.
std::string element_name(const GumboElement& element);

bool is_one_of(GumboTag tag, std::initializer_list<GumboTag> list);
/// Scripts, forms' controls, media: elements whose content is no text of the page.
bool never_shown(GumboTag tag);
/// Elements that stand on lines of their own.
bool is_block(GumboTag tag);
/// 1 to 6; 0 of other elements.
int heading_level(GumboTag tag);
/// By its attributes: hidden, aria-hidden, display: none, visibility: hidden.
bool is_hidden(const GumboElement& element);
/// Whether a role is not that of content: navigation, banner, search ...
bool is_boilerplate_role(std::string_view role);
/// What the author calls the content: main, article, role=main, itemprop=articleBody.
bool is_semantic(const GumboElement& element);

/// What is shown of a node, on one line: formulas as TeX, readings in parentheses behind what they are of.
std::string shown_text(const GumboNode* node, bool show_hidden);
/// All text within a node, shown or not, as it is written.
std::string text_within(const GumboNode* node);
/// A link of a heading or paragraph to itself: "#", "¶" and the like.
bool is_permalink(const GumboNode* node);
/// The first 64 bytes or so of a node's text, as it is written.
std::string first_text(const GumboNode* node);

}  // namespace malmoi::data::html
