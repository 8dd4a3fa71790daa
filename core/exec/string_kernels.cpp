#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/exec/standard_kernels.h"

namespace faultline::internal {
namespace {

class StringJoinKernel final : public OpKernel {
 public:
  explicit StringJoinKernel(const Operation& op) : separator_(op.attr<std::string>("separator")) {}
  Status Compute(OpKernelContext& context) override {
    TensorShape shape;
    for (int i = 0; i < context.num_inputs(); ++i) {
      const TensorShape& one = context.input(i).shape();
      if (one.rank() == 0) continue;
      if (shape.rank() > 0 && shape != one) {
        return Status(Code::kInvalidArgument, fmt::format("Input shapes do not match: {} vs. {}",
                                                          shape.ToString(), one.ToString()));
      }
      shape = one;
    }
    Tensor out(DataType::kString, shape);
    const auto results = out.mutable_flat<std::string>();
    for (std::size_t i = 0; i < results.size(); ++i) {
      for (int k = 0; k < context.num_inputs(); ++k) {
        const auto part = context.input(k).flat<std::string>();
        if (k > 0) results[i] += separator_;
        results[i] += part[context.input(k).shape().rank() == 0 ? 0 : i];
      }
    }
    context.set_output(0, std::move(out));
    return Status();
  }

 private:
  std::string separator_;
};

// A pattern of literal characters and '.', each perhaps followed by '*': what Savers use
// ("^s3://.*"). Matches the whole text.
class Pattern {
 public:
  static std::optional<Pattern> Parse(std::string_view text) {
    constexpr std::string_view kUnsupported = "[](){}|+?*^$";
    if (text.starts_with('^')) text.remove_prefix(1);
    if (text.ends_with('$') && !text.ends_with("\\$")) text.remove_suffix(1);
    Pattern pattern;
    for (std::size_t i = 0; i < text.size(); ++i) {
      Piece piece{.character = text[i], .any = text[i] == '.'};
      if (text[i] == '\\') {
        if (++i == text.size() || kUnsupported.find(text[i]) == std::string_view::npos) {
          if (i == text.size() || (text[i] != '.' && text[i] != '\\')) return std::nullopt;
        }
        piece = {.character = text[i], .any = false};
      } else if (kUnsupported.find(text[i]) != std::string_view::npos) {
        return std::nullopt;
      }
      if (i + 1 < text.size() && text[i + 1] == '*') {
        piece.repeated = true;
        ++i;
      }
      pattern.pieces_.push_back(piece);
    }
    return pattern;
  }

  // Follows all ways at once: after each character, the set of pieces that may come next.
  bool Matches(std::string_view text) const {
    std::vector<bool> at(pieces_.size() + 1);
    at[0] = true;
    Skip(&at);
    for (const char c : text) {
      std::vector<bool> next(at.size());
      for (std::size_t i = 0; i < pieces_.size(); ++i) {
        const bool fits = pieces_[i].any ? c != '\n' : pieces_[i].character == c;
        if (at[i] && fits) next[pieces_[i].repeated ? i : i + 1] = true;
      }
      at = std::move(next);
      Skip(&at);
    }
    return at.back();
  }

 private:
  struct Piece {
    char character;
    bool any = false;
    bool repeated = false;
  };
  void Skip(std::vector<bool>* at) const {
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      if ((*at)[i] && pieces_[i].repeated) (*at)[i + 1] = true;
    }
  }
  std::vector<Piece> pieces_;
};

class StaticRegexFullMatchKernel final : public OpKernel {
 public:
  static Result<std::unique_ptr<OpKernel>> Make(const Operation& op) {
    const auto& text = op.attr<std::string>("pattern");
    std::optional<Pattern> pattern = Pattern::Parse(text);
    if (!pattern) {
      return Status(Code::kUnimplemented,
                    fmt::format("regular expression '{}' needs more than '.' and '*'", text));
    }
    return std::unique_ptr<OpKernel>(new StaticRegexFullMatchKernel(*std::move(pattern)));
  }
  Status Compute(OpKernelContext& context) override {
    const Tensor& in = context.input(0);
    Tensor out(DataType::kBool, in.shape());
    const auto results = out.mutable_flat<bool>();
    for (std::size_t i = 0; i < results.size(); ++i) {
      results[i] = pattern_.Matches(in.flat<std::string>()[i]);
    }
    context.set_output(0, std::move(out));
    return Status();
  }

 private:
  explicit StaticRegexFullMatchKernel(Pattern pattern) : pattern_(std::move(pattern)) {}
  Pattern pattern_;
};

}  // namespace

void RegisterStringKernels(KernelRegistry& registry) {
  registry.Register<StringJoinKernel>("StringJoin");
  registry.Register("StaticRegexFullMatch", &StaticRegexFullMatchKernel::Make);
}

}  // namespace faultline::internal
