#include "core/graph/op_def_builder.h"
#include "core/graph/op_defs.h"

namespace faultline::internal {
namespace {

constexpr std::string_view kDataFormats[] = {"NHWC", "NCHW"};
constexpr DataType kAddTypes[] = {kBfloat16, kHalf,  kFloat, kDouble,    kUint8,      kInt8,
                                  kInt16,    kInt32, kInt64, kComplex64, kComplex128, kString};
constexpr DataType kAddNTypes[] = {kFloat,      kDouble,    kInt32,  kUint8,   kInt16,
                                   kInt8,       kComplex64, kInt64,  kQint8,   kQuint8,
                                   kQint32,     kBfloat16,  kQint16, kQuint16, kUint16,
                                   kComplex128, kHalf,      kUint32, kUint64,  kVariant};
constexpr DataType kMatMulTypes[] = {kBfloat16, kHalf,   kFloat,  kDouble, kInt32,     kInt64,
                                     kUint8,    kUint16, kUint32, kUint64, kComplex64, kComplex128};
constexpr DataType kOrderedTypes[] = {kFloat, kDouble,   kInt32,  kUint8,  kInt16,  kInt8,
                                      kInt64, kBfloat16, kUint16, kHalf,   kUint32, kUint64,
                                      kQint8, kQuint8,   kQint32, kQint16, kQuint16};

constexpr OpDef Equality(std::string_view name) {
  OpDef def = Commutative(Compare(name, {}));
  def.attrs.Add(Bool("incompatible_shape_error", true));
  return def;
}

constexpr OpDef kMathOps[] = {
    Binary("Add", kAddTypes),
    Aggregate(Commutative(Binary("AddV2", kArithmeticTypes))),
    Binary("Sub", kArithmeticTypes),
    Commutative(Binary("Mul", kArithmeticTypes)),
    Binary("Div", kArithmeticTypes),
    Binary("RealDiv", kArithmeticTypes),
    Binary("FloorDiv", kArithmeticTypes),
    Binary("Maximum", kRealTypes),
    Binary("Minimum", kRealTypes),
    Unary("Neg", kSignedTypes),
    Unary("Square", kArithmeticTypes),
    Equality("Equal"),
    Equality("NotEqual"),
    Compare("Less", kRealTypes),
    Compare("LessEqual", kRealTypes),
    Compare("Greater", kRealTypes),
    Compare("GreaterEqual", kRealTypes),
    {.name = "LogicalNot",
     .inputs = {Arg("x", kBool)},
     .outputs = {Arg("y", kBool)},
     .shape = SameShape},
    Commutative({.name = "LogicalAnd",
                 .inputs = {Arg("x", kBool), Arg("y", kBool)},
                 .outputs = {Arg("z", kBool)},
                 .shape = BroadcastShape}),
    Commutative({.name = "LogicalOr",
                 .inputs = {Arg("x", kBool), Arg("y", kBool)},
                 .outputs = {Arg("z", kBool)},
                 .shape = BroadcastShape}),
    {.name = "Select",
     .inputs = {Arg("condition", kBool), Arg("t", "T"), Arg("e", "T")},
     .outputs = {Arg("output", "T")},
     .attrs = {Type("T")},
     .shape = SelectShape},
    {.name = "SelectV2",
     .inputs = {Arg("condition", kBool), Arg("t", "T"), Arg("e", "T")},
     .outputs = {Arg("output", "T")},
     .attrs = {Type("T")},
     .shape = SelectV2Shape},
    {.name = "Cast",
     .inputs = {Arg("x", "SrcT")},
     .outputs = {Arg("y", "DstT")},
     .attrs = {Type("SrcT"), Type("DstT"), Bool("Truncate", false)},
     .shape = SameShape},
    Reduction("Sum", kNumberTypes),
    Reduction("Mean", kNumberTypes),
    Reduction("Prod", kNumberTypes),
    Reduction("Max", kOrderedTypes),
    Reduction("Min", kOrderedTypes),
    Aggregate(Commutative({.name = "AddN",
                           .inputs = {Several("inputs", "T")},
                           .outputs = {Arg("sum", "T")},
                           .attrs = {Count(), Type("T", kAddNTypes)},
                           .shape = AllSameShape})),
    {.name = "MatMul",
     .inputs = {Arg("a", "T"), Arg("b", "T")},
     .outputs = {Arg("product", "T")},
     .attrs = {Bool("transpose_a", false), Bool("transpose_b", false), Type("T", kMatMulTypes),
               Bool("grad_a", false), Bool("grad_b", false)},
     .shape = MatMulShape},
    {.name = "BiasAdd",
     .inputs = {Arg("value", "T"), Arg("bias", "T")},
     .outputs = {Arg("output", "T")},
     .attrs = {Type("T", kNumberTypes), Text("data_format", "NHWC", kDataFormats)},
     .shape = BiasAddShape},
    {.name = "BiasAddGrad",
     .inputs = {Arg("out_backprop", "T")},
     .outputs = {Arg("output", "T")},
     .attrs = {Type("T", kNumberTypes), Text("data_format", "NHWC", kDataFormats)},
     .shape = BiasAddGradShape},
};

}  // namespace

std::span<const OpDef> MathOpDefs() { return kMathOps; }

}  // namespace faultline::internal
