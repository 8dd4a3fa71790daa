#include "core/env/observer.h"

#include <array>

#include "core/base/assert.h"

namespace faultline {
namespace {

struct Row {
  std::string_view name;
  std::string_view text;
};

constexpr auto kRows = std::to_array<Row>({
#define FL_POINT(name, text) {#name, text},
#include "core/env/points.def"
#undef FL_POINT
});

const Row& RowOf(Point point) {
  const auto index = static_cast<std::size_t>(point);
  FL_ASSERT(index < kRows.size(), "no such point: {}", index);
  return kRows[index];
}

}  // namespace

std::string_view PointName(Point point) { return RowOf(point).name; }

std::string_view PointText(Point point) { return RowOf(point).text; }

int PointCount() { return static_cast<int>(kRows.size()); }

bool ParsePointName(std::string_view name, Point* point) {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].name == name) {
      *point = static_cast<Point>(i);
      return true;
    }
  }
  return false;
}

}  // namespace faultline
