#include "core/exec/queue_state.h"

#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "core/testing/printers.h"

namespace faultline {
namespace {

struct OneQueue {
  QueueState queue{{.name = "q", .capacity = 2, .types = {DataType::kInt32}, .shapes = {}}};
  std::vector<std::string> log;

  void Put(std::int32_t value, CancelToken* cancel = nullptr) {
    queue.Enqueue({Tensor::Scalar(value)}, cancel, [this, value](Status status) {
      log.push_back("put " + std::to_string(value) + " " + std::string(CodeName(status.code())));
      last = status;
    });
  }
  void Take(CancelToken* cancel = nullptr) {
    queue.Dequeue(cancel, [this](Status status, QueueState::Tuple tuple) {
      log.push_back(status.ok() ? "took " + std::to_string(tuple[0].scalar<std::int32_t>())
                                : "took " + std::string(CodeName(status.code())));
      last = status;
    });
  }
  void Close(bool cancel_pending = false) {
    queue.Close(cancel_pending, nullptr, [this](Status status) {
      log.push_back("close " + std::string(CodeName(status.code())));
      last = status;
    });
  }
  void Check(const std::vector<std::string>& expected) {
    BOOST_TEST(log == expected, boost::test_tools::per_element());
  }
  Status last;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(queue_state, OneQueue)

BOOST_AUTO_TEST_CASE(elements_come_out_in_order) {
  Put(1);
  Put(2);
  Take();
  Take();
  Check({"put 1 OK", "put 2 OK", "took 1", "took 2"});
}

BOOST_AUTO_TEST_CASE(qr_1_a_full_queue_holds_enqueues_back_in_order) {
  Put(1);
  Put(2);
  Put(3);
  Put(4);
  Check({"put 1 OK", "put 2 OK"});
  Take();
  Check({"put 1 OK", "put 2 OK", "took 1", "put 3 OK"});
  BOOST_TEST(queue.size() == 2);
}

BOOST_AUTO_TEST_CASE(qr_1_dequeues_wait_in_order_while_empty_and_open) {
  Take();
  Take();
  Check({});
  Put(1);
  Put(2);
  Check({"put 1 OK", "took 1", "put 2 OK", "took 2"});
}

BOOST_AUTO_TEST_CASE(qr_1_a_closed_queue_drains_then_is_out_of_range) {
  Put(1);
  Close();
  Take();
  Take();
  Check({"put 1 OK", "close OK", "took 1", "took OUT_OF_RANGE"});
  BOOST_TEST(last.message() ==
             "FIFOQueue 'q' is closed and has insufficient elements (requested 1, current size 0)");
}

BOOST_AUTO_TEST_CASE(qr_1_closing_releases_waiting_dequeues) {
  Take();
  Close();
  Check({"close OK", "took OUT_OF_RANGE"});
}

BOOST_AUTO_TEST_CASE(qr_1_enqueue_on_a_closed_queue_is_cancelled) {
  Close();
  Put(1);
  Check({"close OK", "put 1 CANCELLED"});
  BOOST_TEST(last.message() == "FIFOQueue 'q' is closed.");
}

BOOST_AUTO_TEST_CASE(qr_2_close_waits_behind_pending_enqueues) {
  Put(1);
  Put(2);
  Put(3);
  Close();
  Put(4);
  BOOST_TEST(!queue.closed());
  Take();
  Check({"put 1 OK", "put 2 OK", "took 1", "put 3 OK", "close OK", "put 4 CANCELLED"});
  BOOST_TEST(queue.closed());
}

BOOST_AUTO_TEST_CASE(qr_2_a_second_close_is_cancelled) {
  Close();
  Close();
  Check({"close OK", "close CANCELLED"});
  BOOST_TEST(last.message() == "Queue 'q' is already closed.");
}

BOOST_AUTO_TEST_CASE(qr_2_close_with_cancellation_fails_pending_enqueues_at_once) {
  Put(1);
  Put(2);
  Put(3);
  Close(true);
  Check({"put 1 OK", "put 2 OK", "put 3 CANCELLED", "close OK"});
  Close(true);
  BOOST_TEST(last.ok());
  Take();
  BOOST_TEST(log.back() == "took 1");
}

BOOST_AUTO_TEST_CASE(a_cancelled_attempt_leaves_the_line) {
  CancelToken cancel;
  Take(&cancel);
  Take();
  cancel.Cancel(Status(Code::kDeadlineExceeded, "late"));
  Check({"took DEADLINE_EXCEEDED"});
  Put(5);
  Check({"took DEADLINE_EXCEEDED", "put 5 OK", "took 5"});
  Take(&cancel);
  BOOST_TEST(log.back() == "took DEADLINE_EXCEEDED");
}

BOOST_AUTO_TEST_CASE(cancelling_the_head_lets_the_next_one_pass) {
  CancelToken cancel;
  Put(1);
  Put(2);
  Put(3, &cancel);
  Close();
  cancel.Cancel(Status(Code::kCancelled, "stop"));
  Check({"put 1 OK", "put 2 OK", "put 3 CANCELLED", "close OK"});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace faultline
