#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace faultline {

// Encodings whose byte order is the order of the values (CK-707). Names of stored slices are made
// of them. Never suspend.
void AppendOrderedUnsigned(std::string* out, std::uint64_t value);
void AppendOrderedSigned(std::string* out, std::int64_t value);
// Ends itself, so that more may follow.
void AppendOrderedString(std::string* out, std::string_view value);

// Each reads from the front of `in` and removes what it read; false, with `in` unchanged, if it
// does not start with such an encoding.
bool ReadOrderedUnsigned(std::string_view* in, std::uint64_t* value);
bool ReadOrderedSigned(std::string_view* in, std::int64_t* value);
bool ReadOrderedString(std::string_view* in, std::string* value);

}  // namespace faultline
