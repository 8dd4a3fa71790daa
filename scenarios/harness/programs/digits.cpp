#include "scenarios/harness/programs/digits.h"

#include <charconv>
#include <string>

#include <fmt/format.h>

namespace faultline::scenarios {
namespace {

// Reads a whole number up to `limit` and what ends it; false if there is none.
bool TakeNumber(std::string_view* rest, int limit, char end, int* number) {
  const char* last = rest->data() + rest->size();
  const auto [stop, error] = std::from_chars(rest->data(), last, *number);
  if (error != std::errc() || *number < 0 || *number > limit) return false;
  rest->remove_prefix(static_cast<std::size_t>(stop - rest->data()));
  if (rest->empty() || rest->front() != end) return false;
  rest->remove_prefix(1);
  return true;
}

}  // namespace

Result<Digits> Digits::Read(ProgramContext& context, std::int64_t rows) {
  const std::string path = JoinPath(context.data_dir, "digits/digits.csv");
  FL_ASSIGN_OR_RETURN(const std::string csv, ReadFile(context.runtime.env.files, path));
  return Parse(csv, rows);
}

Result<Digits> Digits::Parse(std::string_view csv, std::int64_t rows) {
  Digits digits;
  while (digits.count() < rows && !csv.empty()) {
    bool good = true;
    int number = 0;
    for (std::int64_t i = 0; good && i < kPixels; ++i) {
      good = TakeNumber(&csv, 16, ',', &number);
      digits.pixels_.push_back(static_cast<float>(number));
    }
    good = good && TakeNumber(&csv, 9, '\n', &number);
    if (!good) {
      return Status(Code::kDataLoss,
                    fmt::format("digits.csv, line {}: expected 64 pixels from 0 to "
                                "16 and a label from 0 to 9",
                                digits.count() + 1));
    }
    digits.labels_.push_back(number);
  }
  if (digits.count() == 0)
    return Status(Code::kDataLoss, "digits.csv: expected at least one image");
  return digits;
}

}  // namespace faultline::scenarios
