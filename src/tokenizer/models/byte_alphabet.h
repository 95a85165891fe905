// The byte alphabet of GPT-2: every byte as a printable character.
#pragma once

#include <string>
#include <string_view>

#include "tokenizer/pipeline/text.h"

namespace malmoi::tokenizer {

/// Bytes to the characters of the alphabet.
std::string spell_bytes(std::string_view bytes);
/// Back; false where a character outside the alphabet occurs.
bool unspell_bytes(std::string_view spelled, std::string& bytes);
/// Rewrites a text in the alphabet; each character has the source of its byte.
void spell_text(NormalizedText& text);

/// <0x00> ... <0xFF>: how vocabularies of characters spell a byte.
std::string byte_token(int byte);
/// The byte that a token <0xNN> stands for, as ByteFallback reads it; -1 where it is no such token.
int byte_of_token(std::string_view token);

}  // namespace malmoi::tokenizer
