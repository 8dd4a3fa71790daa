#include "core/cluster/master_messages.h"

#include <boost/test/unit_test.hpp>

#include "core/testing/printers.h"

namespace faultline {
namespace {

// What arrives when the message travels in serialized form.
template <class T>
T SendAsBytes(const T& message) {
  auto decoded = T::Decode(message.Serialize());
  BOOST_TEST_REQUIRE(decoded.ok(), decoded.status().ToString());
  BOOST_TEST((*decoded)->kind() == T::kKind);
  BOOST_TEST((*decoded)->digest() == message.digest());
  BOOST_TEST((*decoded)->byte_size() == message.byte_size());
  auto* typed = dynamic_cast<T*>(decoded->get());
  BOOST_TEST_REQUIRE(typed != nullptr);
  return *typed;
}

StepContext SomeContext() {
  StepContext context;
  context.session_id = 0xfedcba9876543210U;
  context.cause = Cause::kSave;
  context.user_run_id = 12;
  context.attempt = 3;
  return context;
}

RunStepRequest SomeRequest() {
  RunStepRequest request;
  request.session_handle = "00ff";
  request.feeds = {{"x:0", Tensor::Of<float>({1, 2})}, {"names:0", Tensor::Of<std::string>({"a"})}};
  request.fetches = {"loss:0", "step:0"};
  request.targets = {"train"};
  request.options.trace_level = TraceLevel::kFullTrace;
  request.options.timeout_ms = 250;
  request.options.debug_watches = {{"n", 1, {"DebugIdentity"}, {"file:///d"}}};
  request.options.reset_disk_byte_usage = true;
  request.request_id = 77;
  request.context = SomeContext();
  return request;
}

BOOST_AUTO_TEST_SUITE(master_messages)

BOOST_AUTO_TEST_CASE(a_creation_survives_its_serialized_form) {
  CreateSessionRequest request;
  request.graph_def = std::string("\x0a\x00graph", 7);
  request.config.isolate_session_state = true;
  request.config.operation_timeout = Duration::Milliseconds(1500);
  request.config.device_filters = {"/job:ps"};
  request.target = "grpc://ps:1";
  request.context = SomeContext();
  const CreateSessionRequest back = SendAsBytes(request);
  BOOST_TEST(back.graph_def == request.graph_def);
  BOOST_TEST((back.config == request.config));
  BOOST_TEST(back.target == "grpc://ps:1");
  BOOST_TEST(back.context.session_id == request.context.session_id);

  CreateSessionResponse response;
  response.session_handle = "0123";
  response.graph_version = 4;
  BOOST_TEST(SendAsBytes(response).graph_version == 4);
}

BOOST_AUTO_TEST_CASE(an_extension_survives_its_serialized_form) {
  ExtendSessionRequest request;
  request.session_handle = "0123";
  request.graph_def = "nodes";
  request.current_graph_version = 9;
  const ExtendSessionRequest back = SendAsBytes(request);
  BOOST_TEST(back.session_handle == "0123");
  BOOST_TEST(back.graph_def == "nodes");
  BOOST_TEST(back.current_graph_version == 9);
  ExtendSessionResponse response;
  response.new_graph_version = 10;
  BOOST_TEST(SendAsBytes(response).new_graph_version == 10);
}

BOOST_AUTO_TEST_CASE(a_step_carries_feeds_fetches_options_and_its_cause) {
  const RunStepRequest request = SomeRequest();
  const RunStepRequest back = SendAsBytes(request);
  BOOST_TEST_REQUIRE(back.feeds.size() == 2U);
  BOOST_TEST(back.feeds[0].first == "x:0");
  BOOST_TEST(BitEqual(back.feeds[0].second, request.feeds[0].second));
  BOOST_TEST(BitEqual(back.feeds[1].second, request.feeds[1].second));
  BOOST_TEST(back.fetches == request.fetches, boost::test_tools::per_element());
  BOOST_TEST(back.targets == request.targets, boost::test_tools::per_element());
  BOOST_TEST((back.options == request.options));
  BOOST_TEST(back.request_id == 77);
  BOOST_TEST((back.context.cause == Cause::kSave));
  BOOST_TEST(back.context.user_run_id == 12U);
  BOOST_TEST(back.context.attempt == 3U);
}

BOOST_AUTO_TEST_CASE(rf_24_the_error_of_a_step_travels_in_the_body) {
  RunStepResponse response;
  response.tensors = {{"loss:0", Tensor::Scalar(0.5F)}};
  response.metadata.node_stats = {
      {"loss", "Mean", TimePoint::FromNanoseconds(1'000'000'001), Duration::Nanoseconds(17), 24}};
  response.metadata.partition_graphs = {"graph"};
  response.status = Status(Code::kUnavailable, "store is away").WithNode("save/write");
  const RunStepResponse back = SendAsBytes(response);
  BOOST_TEST(BitEqual(back.tensors[0].second, response.tensors[0].second));
  BOOST_TEST((back.metadata == response.metadata));
  BOOST_TEST((back.status == response.status));
  BOOST_TEST(back.status.node() == "save/write");
}

BOOST_AUTO_TEST_CASE(er_2_an_unknown_code_becomes_unknown) {
  RunStepResponse response;
  response.status = Status(Code::kValueError, "no canonical code");
  auto decoded = RunStepResponse::Decode(response.Serialize());
  BOOST_TEST_REQUIRE(decoded.ok());
  const auto& back = dynamic_cast<RunStepResponse&>(**decoded);
  BOOST_TEST(back.status.code() == Code::kUnknown);
  BOOST_TEST(back.status.message() == "no canonical code");
}

BOOST_AUTO_TEST_CASE(closing_and_resetting_survive_their_serialized_form) {
  CloseSessionRequest close;
  close.session_handle = "0123";
  BOOST_TEST(SendAsBytes(close).session_handle == "0123");
  (void)SendAsBytes(CloseSessionResponse());
  ResetRequest reset;
  reset.containers = {"a", ""};
  BOOST_TEST(SendAsBytes(reset).containers == reset.containers, boost::test_tools::per_element());
  (void)SendAsBytes(ResetResponse());
}

BOOST_AUTO_TEST_CASE(a_digest_changes_with_each_field_of_a_step) {
  const std::uint64_t digest = SomeRequest().digest();
  RunStepRequest other = SomeRequest();
  other.feeds[0].second = Tensor::Of<float>({1, 3});
  BOOST_TEST(other.digest() != digest);
  other = SomeRequest();
  other.request_id = 78;
  BOOST_TEST(other.digest() != digest);
  other = SomeRequest();
  other.context.attempt = 4;
  BOOST_TEST(other.digest() != digest);
  other = SomeRequest();
  other.targets.clear();
  BOOST_TEST(other.digest() != digest);
  BOOST_TEST(SomeRequest().digest() == digest);
}

BOOST_AUTO_TEST_CASE(bytes_of_another_kind_are_an_invalid_argument) {
  BOOST_TEST(RunStepRequest::Decode("\xff").status().code() == Code::kInvalidArgument);
  BOOST_TEST(CreateSessionRequest::Decode("\xff").status().code() == Code::kInvalidArgument);
}

BOOST_AUTO_TEST_CASE(size_follows_the_content) {
  RunStepRequest request;
  const std::uint64_t empty = request.byte_size();
  request.feeds = {{"x:0", Tensor(DataType::kFloat, TensorShape({1000}))}};
  BOOST_TEST(request.byte_size() >= empty + 4000);
  BOOST_TEST(request.byte_size() < empty + 4100);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace faultline
