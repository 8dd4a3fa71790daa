#include "core/testing/golden_traces/errors.h"

#include <utility>

#include "core/session/hooks/nan_tensor_hook.h"

namespace faultline::testing {

namespace {

class Tagged {
 public:
  explicit Tagged(std::string tag) : tag_(std::move(tag)) {}
  virtual ~Tagged() = default;
  const std::string& tag() const { return tag_; }

 private:
  std::string tag_;
};

template <class Base>
class TaggedError final : public Base, public Tagged {
 public:
  TaggedError(const std::string& text, std::string tag) : Base(text), Tagged(std::move(tag)) {}
};

template <class Error>
Status WithTag(const Status& status, const std::string& tag) {
  return status.WithOriginal(std::make_exception_ptr(TaggedError<Error>(status.message(), tag)));
}

Status AttachTag(const Status& status, const std::string& tag, const std::string& where) {
  switch (status.code()) {
    case Code::kAborted:
      return WithTag<AbortedError>(status, tag);
    case Code::kUnavailable:
      return WithTag<UnavailableError>(status, tag);
    case Code::kInternal:
      return WithTag<InternalError>(status, tag);
    case Code::kUnknown:
      return WithTag<UnknownError>(status, tag);
    case Code::kDataLoss:
      return WithTag<DataLossError>(status, tag);
    case Code::kCancelled:
      return WithTag<CancelledError>(status, tag);
    case Code::kInvalidArgument:
      return WithTag<InvalidArgumentError>(status, tag);
    case Code::kFailedPrecondition:
      return WithTag<FailedPreconditionError>(status, tag);
    case Code::kRuntimeError:
      return WithTag<RuntimeError>(status, tag);
    case Code::kValueError:
      return WithTag<ValueError>(status, tag);
    case Code::kTypeError:
      return WithTag<TypeError>(status, tag);
    default:
      throw BadCase(where + ": errors of this kind cannot carry a tag");
  }
}

}  // namespace

Status MakeError(const Json& spec, const std::string& where) {
  if (spec.is_object()) {
    const Params params(spec, where);
    Code code = Code::kOk;
    if (!ParseCodeName(params.Text("error"), &code) || code == Code::kOk) {
      params.Fail("error", "the name of an error");
    }
    const Status status(code, params.Text("text", "injected"));
    return params.Has("tag") ? AttachTag(status, params.Text("tag"), where) : status;
  }
  Code code = Code::kOk;
  if (!spec.is_string() || !ParseCodeName(spec.get<std::string>(), &code) || code == Code::kOk) {
    throw BadCase(where + ": the name of an error is expected");
  }
  return Status(code, "injected");
}

Json DescribeError(const Status& status) {
  Json shown = {{"error", std::string(CodeName(status.code()))}};
  if (!status.original()) return shown;
  try {
    std::rethrow_exception(status.original());
  } catch (const Tagged& tagged) {
    shown["tag"] = tagged.tag();
  } catch (const NanLossDuringTrainingError&) {
    shown["error"] = "NanLossDuringTraining";
  } catch (const std::exception& other) {
    if (status.code() == Code::kUserException) shown["what"] = other.what();
  }
  return shown;
}

}  // namespace faultline::testing
