#include "faults/faulty_session.h"

#include <utility>

namespace faultline::faults {
namespace {

class FaultySession final : public Session {
 public:
  FaultySession(std::unique_ptr<Session> inner, SessionStriker& striker)
      : inner_(std::move(inner)), striker_(striker) {}

  Graph& graph() const override { return inner_->graph(); }
  const std::string& target() const override { return inner_->target(); }
  std::uint64_t id() const override { return inner_->id(); }
  bool closed() const override { return inner_->closed(); }

  Result<Fetched> TryRun(const RunRequest& request) override {
    // A closed session answers for itself (SE-8).
    if (inner_->closed()) return inner_->TryRun(request);
    SessionCall call{CallKindOf(request.context.cause)};
    FL_RETURN_IF_ERROR(striker_.BeforeCall(call));
    Result<Fetched> fetched = inner_->TryRun(request);
    Status outcome = striker_.AfterCall(call, fetched.status());
    if (outcome.ok()) return fetched;
    return outcome;
  }

  Status TryClose() override {
    if (inner_->closed()) return inner_->TryClose();
    SessionCall call{v1::CLOSE};
    FL_RETURN_IF_ERROR(striker_.BeforeCall(call));
    return striker_.AfterCall(call, inner_->TryClose());
  }

 private:
  std::unique_ptr<Session> inner_;
  SessionStriker& striker_;
};

}  // namespace

v1::CallKind CallKindOf(Cause cause) {
  switch (cause) {
    case Cause::kInit:
      return v1::INIT;
    case Cause::kRestore:
      return v1::RESTORE;
    case Cause::kUpdate:
      return v1::UPDATE;
    case Cause::kSave:
      return v1::SAVE;
    case Cause::kLocalInit:
      return v1::LOCAL_INIT;
    case Cause::kReadyCheck:
      return v1::READY_CHECK;
    case Cause::kUnknown:
      return v1::RUN;
  }
  return v1::RUN;
}

Result<std::unique_ptr<Session>> FaultySessionFactory::Open(const std::string& target, Graph& graph,
                                                            const SessionConfig& config) {
  SessionCall call{v1::OPEN};
  FL_RETURN_IF_ERROR(striker_.BeforeCall(call));
  Result<std::unique_ptr<Session>> opened = inner_.Open(target, graph, config);
  FL_RETURN_IF_ERROR(striker_.AfterCall(call, opened.status()));
  std::unique_ptr<Session> session = std::move(opened).value();
  return std::unique_ptr<Session>(std::make_unique<FaultySession>(std::move(session), striker_));
}

}  // namespace faultline::faults
