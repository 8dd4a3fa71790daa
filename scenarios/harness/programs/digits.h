#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "scenarios/harness/program.h"

namespace faultline::scenarios {

// Grey images of handwritten digits, 8 x 8 pixels of 0 to 16 (scenarios/data/digits).
class Digits {
 public:
  static constexpr std::int64_t kSide = 8;
  static constexpr std::int64_t kPixels = kSide * kSide;

  // The first `rows` images of the project's file, or all if it has fewer. DATA_LOSS names the line
  // that is damaged. Suspends.
  static Result<Digits> Read(ProgramContext& context, std::int64_t rows);
  static Result<Digits> Parse(std::string_view csv, std::int64_t rows);

  std::int64_t count() const { return static_cast<std::int64_t>(labels_.size()); }
  // Row by row, 0 is white.
  float Pixel(std::int64_t image, std::int64_t pixel) const {
    return pixels_[static_cast<std::size_t>(image * kPixels + pixel)];
  }
  int Label(std::int64_t image) const { return labels_[static_cast<std::size_t>(image)]; }

 private:
  std::vector<float> pixels_;
  std::vector<int> labels_;
};

}  // namespace faultline::scenarios
