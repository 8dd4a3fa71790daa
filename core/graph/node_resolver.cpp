#include "core/graph/node_resolver.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/result.h"
#include "core/graph/shape_functions.h"

namespace faultline {
namespace {

using Types = std::vector<DataType>;

Status Value(std::string message) { return Status(Code::kValueError, std::move(message)); }

Status WrongType(const ArgDef& arg, DataType got, DataType wanted) {
  return Status(Code::kTypeError,
                fmt::format("Input '{}' has type {} that does not match expected type of {}",
                            arg.name, DataTypeName(got), DataTypeName(wanted)));
}

class Resolver {
 public:
  Resolver(const OpDef& def, const std::vector<Output>& inputs, ResolvedNode& node)
      : def_(def), inputs_(inputs), node_(node) {}

  Status Run() {
    FL_RETURN_IF_ERROR(CheckGivenAttrs());
    FL_RETURN_IF_ERROR(MatchInputs());
    FL_RETURN_IF_ERROR(CompleteAttrs());
    FL_RETURN_IF_ERROR(CheckInputTypes());
    return MakeOutputs();
  }

 private:
  Status CheckGivenAttrs() const {
    for (const auto& [name, value] : node_.attrs) {
      if (name.starts_with('_')) continue;  // not the op's own: colocation and the like
      const AttrDef* attr = def_.FindAttr(name);
      if (attr == nullptr) return Value(fmt::format("no attribute '{}'", name));
      if (!HasKind(value, attr->kind)) {
        return Value(
            fmt::format("attribute '{}' must be of kind {}", name, AttrKindName(attr->kind)));
      }
    }
    return Status();
  }

  template <class T>
  const T* Given(std::string_view name) const {
    const auto found = node_.attrs.find(name);
    return found == node_.attrs.end() ? nullptr : std::get_if<T>(&found->second);
  }

  // How many inputs belong to a list; no op here has two lists of inputs.
  Status CountOf(const ArgDef& arg, std::size_t* count) {
    *count = inputs_.size() - std::min(inputs_.size(), def_.inputs.size() - 1);
    if (!arg.number_attr.empty()) {
      const auto* n = Given<std::int64_t>(arg.number_attr);
      if (n != nullptr && *n != static_cast<std::int64_t>(*count)) return WrongCount();
      node_.attrs[std::string(arg.number_attr)] = static_cast<std::int64_t>(*count);
    } else {
      const auto* types = Given<Types>(arg.type_list_attr);
      if (types != nullptr && types->size() != *count) return WrongCount();
    }
    return Status();
  }

  Status WrongCount() const {
    std::size_t fixed = 0;
    for (const ArgDef& arg : def_.inputs) fixed += arg.is_list() ? 0 : 1;
    return Value(fmt::format("{} inputs given, {}{} expected", inputs_.size(),
                             fixed < def_.inputs.size() ? "another number than " : "", fixed));
  }

  // Assigns the inputs to arguments and infers type attributes from them.
  Status MatchInputs() {
    std::size_t next = 0;
    for (const ArgDef& arg : def_.inputs) {
      std::size_t count = 1;
      if (arg.is_list()) FL_RETURN_IF_ERROR(CountOf(arg, &count));
      if (next + count > inputs_.size()) return WrongCount();
      Types types;
      for (std::size_t i = 0; i < count; ++i) {
        const DataType got = inputs_[next + i].dtype();
        if (arg.is_ref && !IsRef(got)) {
          return Status(Code::kTypeError, fmt::format("Input '{}' requires a variable's reference, "
                                                      "but is of type {}",
                                                      arg.name, DataTypeName(got)));
        }
        types.push_back(BaseType(got));
      }
      args_.push_back({&arg, next, count});
      next += count;
      if (!arg.type_list_attr.empty()) {
        node_.attrs.try_emplace(std::string(arg.type_list_attr), types);
      } else if (!arg.type_attr.empty() && !types.empty()) {
        node_.attrs.try_emplace(std::string(arg.type_attr), types[0]);
      }
    }
    return next == inputs_.size() ? Status() : WrongCount();
  }

  Status CompleteAttrs() {
    for (const AttrDef& attr : def_.attrs) {
      const auto found = node_.attrs.find(attr.name);
      if (found == node_.attrs.end()) {
        if (attr.later) continue;
        if (!attr.has_default) return Value(fmt::format("attribute '{}' is missing", attr.name));
        node_.attrs.emplace(attr.name, DefaultOf(attr));
      } else {
        FL_RETURN_IF_ERROR(CheckConstraints(attr, found->second));
      }
    }
    return Status();
  }

  static Status CheckConstraints(const AttrDef& attr, const AttrValue& value) {
    if (attr.kind == AttrKind::kType) {
      const DataType type = std::get<DataType>(value);
      if (type == DataType::kInvalid || IsRef(type) ||
          (!attr.allowed_types.empty() && !std::ranges::count(attr.allowed_types, type))) {
        return Status(Code::kTypeError, fmt::format("{} is no allowed type for attribute '{}'",
                                                    DataTypeName(type), attr.name));
      }
    }
    if (attr.kind == AttrKind::kString && !attr.allowed_text.empty() &&
        !std::ranges::count(attr.allowed_text, std::string_view(std::get<std::string>(value)))) {
      return Value(fmt::format("'{}' is no allowed value of attribute '{}'",
                               std::get<std::string>(value), attr.name));
    }
    if (!attr.has_minimum) return Status();
    std::int64_t size = 0;
    if (attr.kind == AttrKind::kInt) size = std::get<std::int64_t>(value);
    if (attr.kind == AttrKind::kTypeList) {
      const Types& types = std::get<Types>(value);
      size = static_cast<std::int64_t>(types.size());
      for (const DataType type : types) {
        if (type == DataType::kInvalid || IsRef(type)) {
          return Status(Code::kTypeError,
                        fmt::format("{} in attribute '{}'", DataTypeName(type), attr.name));
        }
      }
    }
    if (size >= attr.minimum) return Status();
    return Value(fmt::format("attribute '{}' must be at least {}", attr.name, attr.minimum));
  }

  DataType TypeOf(const ArgDef& arg, std::size_t i) const {
    if (!arg.type_list_attr.empty()) return (*Given<Types>(arg.type_list_attr))[i];
    return arg.type_attr.empty() ? arg.type : *Given<DataType>(arg.type_attr);
  }

  Status CheckInputTypes() const {
    for (const auto& [arg, first, count] : args_) {
      for (std::size_t i = 0; i < count; ++i) {
        const DataType got = BaseType(inputs_[first + i].dtype());
        const DataType wanted = TypeOf(*arg, i);
        if (got != wanted) return WrongType(*arg, got, wanted);
      }
    }
    return Status();
  }

  Status MakeOutputs() {
    for (const ArgDef& arg : def_.outputs) {
      const std::size_t count =
          arg.type_list_attr.empty() ? 1 : Given<Types>(arg.type_list_attr)->size();
      for (std::size_t i = 0; i < count; ++i) {
        const DataType type = TypeOf(arg, i);
        node_.output_types.push_back(arg.is_ref ? MakeRef(type) : type);
      }
    }
    node_.output_shapes.resize(node_.output_types.size());
    ShapeContext context(inputs_, node_.attrs, node_.output_shapes);
    FL_RETURN_IF_ERROR(def_.shape(context));
    for (const PartialShape& shape : node_.output_shapes) {
      std::int64_t count = 1;
      if (!shape.known_rank()) continue;
      for (const std::int64_t dim : shape.dims()) {
        if (__builtin_mul_overflow(count, std::max<std::int64_t>(dim, 1), &count)) {
          return Status(Code::kInvalidArgument, "too many elements in shape " + shape.ToString());
        }
      }
    }
    return Status();
  }

  struct MatchedArg {
    const ArgDef* arg;
    std::size_t first;
    std::size_t count;
  };

  const OpDef& def_;
  const std::vector<Output>& inputs_;
  ResolvedNode& node_;
  std::vector<MatchedArg> args_;
};

}  // namespace

Status ResolveNode(const OpDef& def, const std::vector<Output>& inputs, AttrMap attrs,
                   ResolvedNode* node) {
  *node = ResolvedNode{.attrs = std::move(attrs), .output_types = {}, .output_shapes = {}};
  return Resolver(def, inputs, *node).Run();
}

bool HasKind(const AttrValue& value, AttrKind kind) {
  switch (kind) {
    case AttrKind::kInt:
      return std::holds_alternative<std::int64_t>(value);
    case AttrKind::kFloat:
      return std::holds_alternative<float>(value);
    case AttrKind::kBool:
      return std::holds_alternative<bool>(value);
    case AttrKind::kString:
      return std::holds_alternative<std::string>(value);
    case AttrKind::kType:
      return std::holds_alternative<DataType>(value);
    case AttrKind::kShape:
      return std::holds_alternative<PartialShape>(value);
    case AttrKind::kTensor:
      return std::holds_alternative<Tensor>(value);
    case AttrKind::kIntList:
      return std::holds_alternative<std::vector<std::int64_t>>(value);
    case AttrKind::kStringList:
      return std::holds_alternative<std::vector<std::string>>(value);
    case AttrKind::kTypeList:
      return std::holds_alternative<Types>(value);
    case AttrKind::kShapeList:
      return std::holds_alternative<std::vector<PartialShape>>(value);
  }
  return false;
}

AttrValue DefaultOf(const AttrDef& attr) {
  FL_ASSERT(attr.has_default, "attribute {} has no default", attr.name);
  switch (attr.kind) {
    case AttrKind::kInt:
      return attr.number;
    case AttrKind::kBool:
      return attr.number != 0;
    case AttrKind::kString:
      return std::string(attr.text);
    case AttrKind::kType:
      return static_cast<DataType>(attr.number);
    case AttrKind::kShape:
      return PartialShape();
    case AttrKind::kIntList:
      return std::vector<std::int64_t>();
    case AttrKind::kStringList:
      return std::vector<std::string>();
    case AttrKind::kTypeList:
      return Types();
    case AttrKind::kShapeList:
      return std::vector<PartialShape>();
    case AttrKind::kFloat:
    case AttrKind::kTensor:
      break;
  }
  FL_ASSERT(false, "attribute {} has a default of unknown kind", attr.name);
  return attr.number;
}

}  // namespace faultline
