#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <variant>

namespace faultline {

// A moment of the protocol that the core announces: one row of points.def each.
enum class Point : std::uint16_t {
#define FL_POINT(name, text) k##name,
#include "core/env/points.def"
#undef FL_POINT
};

// Name of a point as scenarios write it: "RunStart".
std::string_view PointName(Point point);
bool ParsePointName(std::string_view name, Point* point);
int PointCount();
std::string_view PointText(Point point);

// One fact of an announcement. The name has static storage; the text is copied if kept.
struct Field {
  std::string_view name;
  std::variant<std::int64_t, std::string_view> value;
};

// Hears what the core does. In the simulator it traces, feeds the checkers and may strike: an
// announcement may suspend or unwind the calling fiber, so never make one from a destructor. On the
// operating system it logs or does nothing.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void Announce(Point point, std::initializer_list<Field> fields) = 0;
  // Whether digests of values are wanted; computing them costs.
  virtual bool WantsDigests() const { return false; }
};

}  // namespace faultline
